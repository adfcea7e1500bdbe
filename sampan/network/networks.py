"""Networks as the engine uses them: the default ones, and containers' connections to them."""

from __future__ import annotations

import ipaddress
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec import UNSET

from sampan.errors import InvalidArgument, NotFound, Unavailable
from sampan.linux.netlink import Interface, Netlink
from sampan.linux.nftables import Nftables
from sampan.linux.offload import offload
from sampan.log import get_logger
from sampan.metadata.database import Database
from sampan.models.network import IPAM, EndpointSettings, IPAMPool, NetworkContainer, NetworkResource
from sampan.network import bridge
from sampan.network.bridge import Wire
from sampan.network.firewall import BridgeNetwork, plan_removal, plan_table
from sampan.network.ipam import Address, Pool, claim, give, parse_subnet
from sampan.network.record import EndpointRecord, NetworkRecord, Sandbox
from sampan.network.sandboxes import Sandboxes
from sampan.network.settings import NetworkSettings
from sampan.network.store import NetworkStore
from sampan.wire.timestamps import rfc3339

log = get_logger(__name__)

_IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_DEFAULT_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
}


class Networks:
    """The networks of one daemon; everything on the host that they made carries its prefix."""

    def __init__(
        self,
        *,
        db: Database,
        exec_root: Path,
        settings: NetworkSettings,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._settings = settings
        self._store = NetworkStore(db)
        self._sandboxes = Sandboxes(exec_root / "netns")
        self._nftables = Nftables()
        self._clock = clock
        self._last: dict[str, Address] = {}

    async def start(self) -> None:
        """Make what the default networks need: records, the bridge, the rules; what is there stays.

        Raises Unavailable or InvalidArgument, saying what to change, when that is impossible.
        """
        await offload(self._start)

    def _start(self) -> None:
        self._ensure_record("host", "host")
        self._ensure_record("none", "null")
        if self._settings.has_bridge:
            with Netlink() as link:
                record, interface = self._default_bridge(link)
            bridge.ensure_bridge(
                record.bridge, interface, mtu=self._settings.mtu, ours=self._settings.owns_bridge
            )
        self._apply_rules()
        if self._settings.ip_forward and _IP_FORWARD.read_text().strip() == "0":
            _IP_FORWARD.write_text("1")
            log.info("switched IPv4 forwarding on, so that containers reach other hosts")
        if self._nftables.drops_forwarding():
            log.warning(
                "another firewall on this host drops forwarded packets, ours among them: containers reach "
                "the host only, until that firewall lets this bridge through",
                chain="ip filter FORWARD",
                bridge=self._settings.bridge_name,
            )

    def _ensure_record(self, name: str, driver: str) -> NetworkRecord:
        known = self._store.named(name)
        if known is not None:
            return known
        record = NetworkRecord(
            id=secrets.token_hex(32), name=name, created_ns=self._clock(), driver=driver, ipam=IPAM(config=[])
        )
        self._store.add_network(record)
        return record

    def _default_bridge(self, link: Netlink) -> tuple[NetworkRecord, Interface]:
        """The default network's record and its bridge's address; the choice is kept over restarts."""
        settings = self._settings
        known = self._store.named("bridge")
        if known is not None and not settings.bip and settings.owns_bridge:
            return known, _gateway_of(known)
        interface = bridge.choose_bridge_interface(settings, link)
        pool = IPAMPool(subnet=str(interface.network), gateway=str(interface.ip))
        record = NetworkRecord(
            id=known.id if known is not None else secrets.token_hex(32),
            name="bridge",
            created_ns=known.created_ns if known is not None else self._clock(),
            driver="bridge",
            bridge=settings.bridge_name,
            ipam=IPAM(config=[pool]),
            options={
                **_DEFAULT_OPTIONS,
                "com.docker.network.bridge.name": settings.bridge_name,
                "com.docker.network.driver.mtu": str(settings.mtu),
            },
        )
        if known is None:
            self._store.add_network(record)
        else:
            self._store.update_network(record)
        return record, interface

    def _apply_rules(self) -> None:
        bridges = [
            BridgeNetwork(record.bridge, (_gateway_of(record).network,))
            for record in self._store.networks()
            if record.driver == "bridge" and self._settings.has_bridge
        ]
        self._nftables.run(plan_table(self._settings.table, bridges))

    async def teardown(self) -> None:
        """Remove everything from the host: sandboxes, bridge, rules. For tests and uninstalling."""
        await self.reconcile(())
        await offload(self._teardown)

    def _teardown(self) -> None:
        if self._settings.owns_bridge:
            bridge.remove_bridge(self._settings.bridge_name)
        self._nftables.run(plan_removal(self._settings.table))

    async def create_sandbox(
        self, container_id: str, *, mode: str, endpoints: Mapping[str, EndpointSettings], hostname: str
    ) -> Sandbox:
        """A container's sandbox, connected as ``mode`` says: a network, ``none``, ``host`` or ``container:ID``.

        A leftover of the same container is replaced. Raises NotFound for an unknown network
        or a container that does not run, InvalidArgument for an address that is not possible,
        Conflict for one that is taken, Unavailable when none is left.
        """
        return await offload(self._create, container_id, mode, endpoints, hostname)

    def _create(
        self, container_id: str, mode: str, endpoints: Mapping[str, EndpointSettings], hostname: str
    ) -> Sandbox:
        if mode.startswith("container:"):
            path = self._sandboxes.require(mode.removeprefix("container:"))
            return Sandbox(id=path.name, key_path=str(path), endpoints={})
        record = self._store.resolve("bridge" if mode in ("", "default") else mode)
        self._store.remove_endpoints(container_id)
        asked = endpoints.get(record.name) or endpoints.get(mode) or EndpointSettings()
        match record.driver:
            case "host":
                endpoint = self._plain_endpoint(record, container_id, asked, hostname)
                return Sandbox(id=container_id, key_path=None, endpoints={record.name: endpoint})
            case "null":
                endpoint = self._plain_endpoint(record, container_id, asked, hostname)
                path = self._sandboxes.create(container_id, None)
            case "bridge":
                endpoint, wire = self._bridge_endpoint(record, container_id, asked, hostname)
                try:
                    path = self._sandboxes.create(container_id, wire)
                except BaseException:
                    self._store.remove_endpoints(container_id)
                    raise
            case other:
                raise Unavailable(f"network driver {other} is not offered", kind="network", ref=record.name)
        return Sandbox(id=container_id, key_path=str(path), endpoints={record.name: endpoint})

    def _plain_endpoint(
        self, record: NetworkRecord, container_id: str, asked: EndpointSettings, hostname: str
    ) -> EndpointSettings:
        """An endpoint of a network without addresses."""
        settings = EndpointSettings(
            aliases=asked.aliases, network_id=record.id, endpoint_id=secrets.token_hex(32), dns_names=None
        )
        self._remember(record, container_id, settings, hostname, "")
        return settings

    def _bridge_endpoint(
        self, record: NetworkRecord, container_id: str, asked: EndpointSettings, hostname: str
    ) -> tuple[EndpointSettings, Wire]:
        gateway = _gateway_of(record)
        pool = Pool(subnet=gateway.network, gateway=gateway.ip)
        mac = bridge.parse_mac(asked.mac_address) if asked.mac_address else bridge.random_mac()
        endpoint_id = secrets.token_hex(32)
        # The name on the host tells whose it is; the rest of an endpoint's id makes it unique.
        link = f"{self._settings.prefix[:6]}v{endpoint_id[:8]}"
        with self._store.lock:
            used = {
                ipaddress.ip_address(known.settings.ip_address)
                for known in self._store.endpoints_in(record.id)
                if known.settings.ip_address
            }
            wanted = _wanted_address(asked)
            if wanted is not None:
                address = claim(pool, used, wanted)
            else:
                address = give(pool, used, after=self._last.get(record.id))
                self._last[record.id] = address
            settings = EndpointSettings(
                ipam_config=asked.ipam_config,
                links=asked.links,
                aliases=asked.aliases,
                driver_opts=asked.driver_opts,
                gw_priority=asked.gw_priority,
                mac_address=mac,
                network_id=record.id,
                endpoint_id=endpoint_id,
                gateway=str(gateway.ip),
                ip_address=str(address),
                ip_prefix_len=gateway.network.prefixlen,
            )
            self._remember(record, container_id, settings, hostname, link)
        interface = ipaddress.ip_interface((address, gateway.network.prefixlen))
        return settings, Wire(link, record.bridge, interface, gateway.ip, mac, self._settings.mtu)

    def _remember(
        self, record: NetworkRecord, container_id: str, settings: EndpointSettings, hostname: str, link: str
    ) -> None:
        """Store an endpoint before it is made: whoever comes after a crash finds what to remove."""
        self._store.add_endpoint(
            EndpointRecord(
                id=settings.endpoint_id,
                network_id=record.id,
                container_id=container_id,
                settings=settings,
                hostname=hostname,
                link=link,
            )
        )

    async def remove_sandbox(self, container_id: str) -> None:
        """Take a container's sandbox away and free its addresses; idempotent."""
        await offload(self._remove, container_id)

    def _remove(self, container_id: str) -> None:
        self._sandboxes.remove(container_id)
        self._store.remove_endpoints(container_id)

    async def reconcile(self, live: Collection[str]) -> None:
        """Take away what belongs to containers that are not in ``live``: files, endpoints, interfaces."""
        await offload(self._reconcile, frozenset(live))

    def _reconcile(self, live: frozenset[str]) -> None:
        owners = self._sandboxes.known() | {record.container_id for record in self._store.endpoints()}
        for container_id in owners - live:
            self._remove(container_id)
        known = {record.link for record in self._store.endpoints()}
        for record in self._store.networks():
            if record.driver == "bridge" and self._settings.owns_bridge:
                removed = bridge.remove_strange_links(record.bridge, known)
                if removed:
                    log.info("removed interfaces without a container", bridge=record.bridge, count=removed)

    async def inspect(self, ref: str) -> NetworkResource:
        """One network by name, id or the beginning of one. Raises NotFound, InvalidArgument."""
        return self._show(self._store.resolve(ref))

    async def list(self) -> list[NetworkResource]:
        """Every network, without its containers."""
        return [self._show(record, containers=False) for record in self._store.networks()]

    def _show(self, record: NetworkRecord, *, containers: bool = True) -> NetworkResource:
        endpoints = self._store.endpoints_in(record.id) if containers else []
        return NetworkResource(
            name=record.name,
            id=record.id,
            created=rfc3339(record.created_ns),
            driver=record.driver,
            enable_ipv6=record.enable_ipv6,
            ipam=record.ipam,
            internal=record.internal,
            attachable=record.attachable,
            containers={endpoint.container_id: _shown(endpoint) for endpoint in endpoints},
            options=record.options,
            labels=record.labels,
        )


def _gateway_of(record: NetworkRecord) -> Interface:
    """The bridge's own address with its prefix length."""
    pool = (record.ipam.config or [IPAMPool()])[0]
    if not isinstance(pool.subnet, str) or not isinstance(pool.gateway, str):
        raise NotFound(f"network {record.name} has no subnet", kind="network", ref=record.name)
    return ipaddress.ip_interface((pool.gateway, parse_subnet(pool.subnet).prefixlen))


def _wanted_address(asked: EndpointSettings) -> Address | None:
    config = asked.ipam_config
    if config is None or config.ipv4_address is UNSET or not config.ipv4_address:
        return None
    try:
        return ipaddress.ip_address(config.ipv4_address)
    except ValueError as error:
        raise InvalidArgument(f"invalid IPv4 address: {config.ipv4_address}", kind="endpoint") from error


def _shown(endpoint: EndpointRecord) -> NetworkContainer:
    settings = endpoint.settings
    address = f"{settings.ip_address}/{settings.ip_prefix_len}" if settings.ip_address else ""
    return NetworkContainer(
        name=endpoint.hostname,
        endpoint_id=settings.endpoint_id,
        mac_address=settings.mac_address,
        ipv4_address=address,
    )
