"""The bridge driver: an Ethernet bridge on the host, a pair of interfaces for each endpoint."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import secrets
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from sampan.errors import InvalidArgument, NotFound, Unavailable
from sampan.linux import netlink
from sampan.linux.netlink import Interface, Netlink
from sampan.log import get_logger
from sampan.models.network import EndpointSettings, IPAMPool
from sampan.network.drivers.driver import EndpointPlan, EndpointRequest, derived_mac, parse_mac, random_mac
from sampan.network.firewall import BridgeNetwork
from sampan.network.ipam import Address, Pool, claim, give, parse_pool
from sampan.network.record import NetworkRecord
from sampan.network.settings import NetworkSettings
from sampan.network.wiring import Wire

log = get_logger(__name__)

OPTION_MTU = "com.docker.network.driver.mtu"
OPTION_ICC = "com.docker.network.bridge.enable_icc"
OPTION_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
_IPV6_CONF = Path("/proc/sys/net/ipv6/conf")


class BridgeDriver:
    """Networks whose endpoints hang on a bridge of this host."""

    has_namespace = True

    def __init__(self, settings: NetworkSettings) -> None:
        self._link_prefix = settings.link_prefix
        self._our_link = re.compile(rf"{re.escape(settings.link_prefix)}[0-9a-f]{{8}}")

    def ensure(self, record: NetworkRecord) -> None:
        """The bridge is there, up, and has the network's gateways for addresses.

        Raises NotFound if a bridge that is not ours to make is missing.
        """
        with Netlink() as link:
            try:
                index = link.index_of(record.bridge)
            except NotFound:
                index = self._make(link, record)
            if record.owns_bridge:
                _refuse_advertisements(record)
            present = link.addresses(index)
            messages = [
                netlink.add_address(index, address)
                for address in gateway_interfaces(record)
                if address not in present
            ]
            link.request([*messages, netlink.set_up(index)])

    def _make(self, link: Netlink, record: NetworkRecord) -> int:
        if not record.owns_bridge:
            raise NotFound(f"bridge {record.bridge} does not exist", kind="bridge", ref=record.bridge)
        mac = random_mac(secrets.token_bytes(6))
        link.request([netlink.add_bridge(record.bridge, mac=mac, mtu=_mtu(record))])
        log.info("made a bridge", bridge=record.bridge, network=record.name)
        return link.index_of(record.bridge)

    def remove(self, record: NetworkRecord) -> None:
        """Delete the bridge if it is ours; idempotent."""
        if record.owns_bridge:
            with Netlink() as link, contextlib.suppress(NotFound):
                link.request([netlink.delete_link(link.index_of(record.bridge))])

    def rules(self, record: NetworkRecord) -> BridgeNetwork:
        """The bridge with its subnets, and whether they are masqueraded and talk to each other."""
        return BridgeNetwork(
            bridge=record.bridge,
            subnets=tuple(pool.subnet for pool in pools_of(record)),
            masquerade=not record.internal and record.options.get(OPTION_MASQUERADE) != "false",
            icc=record.options.get(OPTION_ICC) != "false",
            internal=record.internal,
        )

    def plan_endpoint(self, record: NetworkRecord, request: EndpointRequest) -> EndpointPlan:
        """A free address of each IP version the network has, or exactly the one asked for."""
        asked = request.asked
        addresses: list[Interface] = []
        gateways: list[Address] = []
        for version in (4, 6):
            pools = [pool for pool in pools_of(record) if pool.subnet.version == version]
            wanted = _wanted(asked, version)
            if not pools:
                if wanted is not None:
                    raise InvalidArgument(
                        f"invalid address {wanted}: network {record.name} has no IPv{version} subnet",
                        kind="endpoint",
                    )
                continue
            address, pool = _choose(pools, wanted, request)
            addresses.append(ipaddress.ip_interface((address, pool.subnet.prefixlen)))
            if pool.gateway is not None:
                gateways.append(pool.gateway)
        wire = Wire(
            link=f"{self._link_prefix}{request.endpoint_id[:8]}",
            master=record.bridge,
            inside=request.inside,
            mac=_mac(asked, addresses, request),
            mtu=_mtu(record),
            addresses=tuple(addresses),
            gateways=() if record.internal else tuple(gateways),
            priority=asked.gw_priority,
        )
        settings = _filled(record, request, wire, gateways)
        return EndpointPlan(
            settings=settings, addresses=tuple(address.ip for address in addresses), wire=wire
        )

    def sweep(self, known: Callable[[], Collection[str]]) -> int:
        """Delete this daemon's links that are not in ``known()``; how many there were.

        What is known is asked for after looking: a link is stored before it is made, so one
        that is made meanwhile is either not seen or known.
        """
        with Netlink() as link:
            ours = [found for found in link.links() if self._our_link.fullmatch(found.name)]
            kept = known()
            strange = [found.index for found in ours if found.name not in kept]
            for index in strange:
                # Its namespace may be ending at this moment, and takes it along.
                with contextlib.suppress(NotFound):
                    link.request([netlink.delete_link(index)])
        return len(strange)

    def unplug(self, names: Iterable[str]) -> None:
        """Delete links by name, both ends; what is gone is fine."""
        with Netlink() as link:
            for name in names:
                with contextlib.suppress(NotFound):
                    link.request([netlink.delete_link(link.index_of(name))])


def pools_of(record: NetworkRecord) -> tuple[Pool, ...]:
    """The network's subnets to give addresses from. Raises InvalidArgument for a malformed record."""
    return tuple(_pool(config) for config in record.ipam.config or ())


def _pool(config: IPAMPool) -> Pool:
    auxiliary = config.auxiliary_addresses
    reserved = tuple(auxiliary.values()) if isinstance(auxiliary, dict) else ()
    return _parsed_pool(_text(config.subnet), _text(config.ip_range), _text(config.gateway), reserved)


# A network's definition is parsed once, not at every start of a container.
_parsed_pool = functools.lru_cache(maxsize=256)(parse_pool)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def gateway_interfaces(record: NetworkRecord) -> list[Interface]:
    """The bridge's own addresses with their prefix lengths."""
    return [
        ipaddress.ip_interface((pool.gateway, pool.subnet.prefixlen))
        for pool in pools_of(record)
        if pool.gateway is not None
    ]


def _choose(pools: list[Pool], wanted: Address | None, request: EndpointRequest) -> tuple[Address, Pool]:
    if wanted is not None:
        pool = next((pool for pool in pools if wanted in pool.subnet), pools[0])
        return claim(pool, request.used, wanted), pool
    last = request.last.get(pools[0].subnet.version)
    for pool in pools[:-1]:
        with contextlib.suppress(Unavailable):
            return give(pool, request.used, after=last), pool
    return give(pools[-1], request.used, after=last), pools[-1]


def _wanted(asked: EndpointSettings, version: int) -> Address | None:
    config = asked.ipam_config
    if config is None:
        return None
    text = config.ipv4_address if version == 4 else config.ipv6_address
    if text is UNSET or not text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise InvalidArgument(f"invalid IPv{version} address: {text}", kind="endpoint", ref=text)
    return address


def _mac(asked: EndpointSettings, addresses: list[Interface], request: EndpointRequest) -> str:
    if asked.mac_address:
        return parse_mac(asked.mac_address)
    for address in addresses:
        if isinstance(address.ip, ipaddress.IPv4Address):
            return derived_mac(address.ip)
    return request.random_mac


def _mtu(record: NetworkRecord) -> int:
    text = record.options.get(OPTION_MTU, "1500")
    if not text.isascii() or not text.isdigit():
        raise InvalidArgument(
            f"invalid MTU {text!r} of network {record.name}", kind="network", ref=record.name
        )
    return int(text)


def _filled(
    record: NetworkRecord, request: EndpointRequest, wire: Wire, gateways: list[Address]
) -> EndpointSettings:
    asked = request.asked
    # Only wishes are taken over: a client may send back what an endpoint once had.
    settings = EndpointSettings(
        ipam_config=asked.ipam_config,
        links=asked.links,
        aliases=asked.aliases,
        driver_opts=asked.driver_opts,
        gw_priority=asked.gw_priority,
        mac_address=wire.mac,
        network_id=record.id,
        endpoint_id=request.endpoint_id,
    )
    for address in wire.addresses:
        gateway = next((str(found) for found in gateways if found.version == address.version), "")
        if address.version == 4:
            settings = replace(
                settings,
                gateway=gateway,
                ip_address=str(address.ip),
                ip_prefix_len=address.network.prefixlen,
            )
        else:
            settings = replace(
                settings,
                ipv6_gateway=gateway,
                global_ipv6_address=str(address.ip),
                global_ipv6_prefix_len=address.network.prefixlen,
            )
    return settings


def _refuse_advertisements(record: NetworkRecord) -> None:
    """Keep the host from believing routes that a container advertises on the bridge.

    A container may send IPv6 router advertisements (NET_RAW); the host would take itself
    for a client of that router. On a bridge without IPv6, IPv6 is off.
    """
    conf = _IPV6_CONF / record.bridge
    values = {"accept_ra": "0", "autoconf": "0"}
    if not any(pool.subnet.version == 6 for pool in pools_of(record)):
        values["disable_ipv6"] = "1"
    for name, value in values.items():
        with contextlib.suppress(FileNotFoundError):
            (conf / name).write_text(value)
