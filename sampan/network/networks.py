"""Networks as the engine uses them: the default ones, and containers' connections to them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sampan.errors import InvalidArgument, Unavailable
from sampan.linux import fault
from sampan.linux.files import write_atomic
from sampan.linux.nftables import Nftables
from sampan.linux.offload import offload
from sampan.log import get_logger
from sampan.metadata.database import Database
from sampan.models.network import EndpointSettings, NetworkResource
from sampan.network.defaults import BRIDGE, NONE, ensure_default_networks
from sampan.network.drivers.bridge import BridgeDriver
from sampan.network.drivers.driver import Driver, EndpointPlan, EndpointRequest, random_mac
from sampan.network.drivers.plain import PlainDriver
from sampan.network.firewall import forward_droppers, plan_removal, plan_table
from sampan.network.ipam import Address
from sampan.network.record import EndpointRecord, NetworkRecord, Sandbox
from sampan.network.sandboxes import Sandboxes
from sampan.network.settings import NetworkSettings
from sampan.network.show import show_network
from sampan.network.store import NetworkStore
from sampan.network.wiring import plan_sandbox

log = get_logger(__name__)

_IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_JOIN = "container:"


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
        self._bridges = BridgeDriver(settings)
        self._drivers: dict[str, Driver] = {
            "bridge": self._bridges,
            "host": PlainDriver(has_namespace=False),
            "null": PlainDriver(has_namespace=True),
        }
        self._last: dict[str, dict[int, Address]] = {}
        # There while forwarding is on because we switched it on; gone after a reboot, as the switch is.
        self._forwarding = exec_root / "forwarding"

    async def start(self) -> None:
        """Make what the networks need: records, bridges, rules; what is there stays.

        Raises Unavailable or InvalidArgument, saying what to change, when that is impossible.
        """
        await offload(self._start)

    def _start(self) -> None:
        ensure_default_networks(self._store, self._settings, self._clock)
        for record in self._active():
            self._drivers[record.driver].ensure(record)
        switch_on = self._settings.ip_forward and _IP_FORWARD.read_text().strip() == "0"
        if switch_on:
            write_atomic(self._forwarding, b"switched on for containers\n")
        self._apply_rules()
        if switch_on:
            # Only now: at no moment is the host a router for others.
            _IP_FORWARD.write_text("1")
            log.info("switched IPv4 forwarding on, for containers alone")
        droppers = forward_droppers(self._nftables.run("list chains"))
        if droppers:
            log.warning(
                "another firewall on this host drops forwarded packets, ours among them: containers reach "
                "the host only, until that firewall lets this bridge through",
                chains=", ".join(droppers),
                bridge=self._settings.bridge_name,
            )

    def _active(self) -> list[NetworkRecord]:
        """The networks that exist on the host; the default one does not with ``--bridge none``."""
        return [
            record for record in self._store.networks() if record.name != BRIDGE or self._settings.has_bridge
        ]

    def _apply_rules(self) -> None:
        rules = (self._drivers[record.driver].rules(record) for record in self._active())
        bridges = [found for found in rules if found is not None]
        self._nftables.run(plan_table(self._settings.table, bridges, guard=self._forwarding.exists()))

    async def aclose(self) -> None:
        """Nothing is held between calls: networks and sandboxes stay as they are."""

    async def teardown(self) -> None:
        """Remove everything from the host: sandboxes, bridges, rules. For tests and uninstalling."""
        await self.reconcile(())
        await offload(self._teardown)

    def _teardown(self) -> None:
        for record in self._store.networks():
            self._drivers[record.driver].remove(record)
        self._nftables.run(plan_removal(self._settings.table))

    async def create_sandbox(
        self, container_id: str, *, mode: str, endpoints: Mapping[str, EndpointSettings], hostname: str
    ) -> Sandbox:
        """A container's sandbox, connected as ``mode`` says: a network, ``none``, ``host`` or ``container:ID``.

        ``endpoints`` holds wishes by network; those of other networks than ``mode``'s connect
        the container to these as well. A leftover of the same container is replaced. Raises
        NotFound for an unknown network or a container that does not run, InvalidArgument for
        an address that is not possible, Conflict for one that is taken, Unavailable when none
        is left.
        """
        return await offload(self._create, container_id, mode, endpoints, hostname)

    def _create(
        self, container_id: str, mode: str, endpoints: Mapping[str, EndpointSettings], hostname: str
    ) -> Sandbox:
        if mode.startswith(_JOIN):
            return self._join(container_id, mode.removeprefix(_JOIN))
        wishes = self._wishes(mode, endpoints)
        self._remove(container_id)
        plans = self._reserve(container_id, wishes, hostname)
        fault.point("network.stored")
        shown = {record.name: plan.settings for (record, _), plan in zip(wishes, plans, strict=True)}
        if not self._drivers[wishes[0][0].driver].has_namespace:
            return Sandbox(id=container_id, key_path=None, endpoints=shown)
        try:
            wires = [plan.wire for plan in plans if plan.wire is not None]
            path = self._sandboxes.create(container_id, plan_sandbox(wires))
        except BaseException:
            self._store.remove_endpoints(container_id)
            raise
        return Sandbox(id=container_id, key_path=str(path), endpoints=shown)

    def _join(self, container_id: str, owner: str) -> Sandbox:
        for endpoint in self._store.endpoints_of(owner):
            if not self._drivers[self._store.resolve(endpoint.network_id).driver].has_namespace:
                return Sandbox(id=owner, key_path=None, endpoints={})
        self._remove(container_id)
        return Sandbox(id=owner, key_path=str(self._sandboxes.join(container_id, owner)), endpoints={})

    def _wishes(
        self, mode: str, endpoints: Mapping[str, EndpointSettings]
    ) -> list[tuple[NetworkRecord, EndpointSettings]]:
        """The networks to connect to, ``mode``'s first, with what is asked of each."""
        default = BRIDGE if self._settings.has_bridge else NONE
        first = self._store.resolve(default if mode in ("", "default") else mode)
        found = {first.id: (first, EndpointSettings())}
        for ref in sorted(endpoints):
            record = self._store.resolve(default if ref in ("", "default") else ref)
            found[record.id] = (record, endpoints[ref])
        wishes = list(found.values())
        for record, _ in wishes:
            if record.driver not in self._drivers:
                message = f"network driver {record.driver} is not offered"
                raise Unavailable(message, kind="network", ref=record.name)
            if len(wishes) > 1 and record.driver in ("host", "null"):
                message = f"container cannot be connected to network {record.name} and to others"
                raise InvalidArgument(message, kind="network", ref=record.name)
        return wishes

    def _reserve(
        self, container_id: str, wishes: list[tuple[NetworkRecord, EndpointSettings]], hostname: str
    ) -> list[EndpointPlan]:
        """Plan the endpoints and store them before they are made: after a crash it is known what to remove."""
        plans: list[EndpointPlan] = []
        records: list[EndpointRecord] = []
        with self._store.lock:
            for number, (record, asked) in enumerate(wishes):
                request = EndpointRequest(
                    endpoint_id=secrets.token_hex(32),
                    asked=asked,
                    used=self._store.used(record.id),
                    last=self._last.get(record.id, {}),
                    inside=f"eth{number}",
                    random_mac=random_mac(secrets.token_bytes(6)),
                )
                plan = self._drivers[record.driver].plan_endpoint(record, request)
                plans.append(plan)
                records.append(
                    EndpointRecord(
                        id=request.endpoint_id,
                        network_id=record.id,
                        container_id=container_id,
                        settings=plan.settings,
                        hostname=hostname,
                        link=plan.wire.link if plan.wire is not None else "",
                    )
                )
            self._store.add_endpoints(records)
            for (record, _), plan in zip(wishes, plans, strict=True):
                last = self._last.setdefault(record.id, {})
                for address in plan.addresses:
                    last[address.version] = address
        return plans

    async def remove_sandbox(self, container_id: str) -> None:
        """Take a container's sandbox away and free its addresses; idempotent."""
        await offload(self._remove, container_id)

    def _remove(self, container_id: str) -> None:
        shared = self._sandboxes.remove(container_id)
        gone = self._store.endpoints_of(container_id)
        if gone:
            fault.point("network.removed")
        if shared and gone:
            # Others live on in the namespace, but not with an address that somebody else may get.
            self._bridges.unplug(record.link for record in gone if record.link)
        self._store.remove_endpoints(container_id)

    async def reconcile(self, live: Collection[str]) -> None:
        """Take away what belongs to containers that are not in ``live``: files, endpoints, interfaces.

        For a start of the daemon: nobody may create a sandbox meanwhile for a container that
        is not in ``live``.
        """
        await offload(self._reconcile, frozenset(live))

    def _reconcile(self, live: frozenset[str]) -> None:
        owners = self._sandboxes.known() | {record.container_id for record in self._store.endpoints()}
        for container_id in owners - live:
            self._remove(container_id)
        removed = self._bridges.sweep(lambda: {record.link for record in self._store.endpoints()})
        if removed:
            log.info("removed interfaces without a container", count=removed)

    async def inspect(self, ref: str) -> NetworkResource:
        """One network by name, id or the beginning of one. Raises NotFound, InvalidArgument."""
        record = self._store.resolve(ref)
        return show_network(record, self._store.endpoints_in(record.id))

    async def list(self) -> list[NetworkResource]:
        """Every network, without its containers."""
        return [show_network(record) for record in self._store.networks()]
