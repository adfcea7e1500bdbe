"""The networks that are always there: ``bridge``, ``host`` and ``none``. Blocking."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable

from sampan.errors import InvalidArgument, NotFound
from sampan.linux.netlink import Interface, Netlink
from sampan.models.network import IPAM, IPAMPool
from sampan.network.drivers.bridge import OPTION_ICC, OPTION_MASQUERADE, OPTION_MTU, pools_of
from sampan.network.ipam import Subnet, choose_subnet, first_host
from sampan.network.record import NetworkRecord
from sampan.network.settings import NetworkSettings
from sampan.network.store import NetworkStore

BRIDGE, HOST, NONE = "bridge", "host", "none"


def ensure_default_networks(store: NetworkStore, settings: NetworkSettings, clock: Callable[[], int]) -> None:
    """Records of the default networks, as the settings want them; what was chosen once is kept.

    Raises InvalidArgument (bad ``bip``), NotFound (no such bridge), Unavailable (no subnet free).
    """
    for name, driver in ((HOST, "host"), (NONE, "null")):
        if store.named(name) is None:
            store.add_network(
                NetworkRecord(id=secrets.token_hex(32), name=name, created_ns=clock(), driver=driver)
            )
    known = store.named(BRIDGE)
    if not settings.has_bridge:
        # With ``--bridge none`` there is no such network, once nobody is connected to it.
        if known is not None and not store.endpoints_in(known.id):
            store.remove_network(known.id)
        return
    chosen = known is not None and known.bridge == settings.bridge_name and settings.owns_bridge
    if chosen and not settings.bip and known is not None:
        return
    record = _default_bridge(store, settings, known, clock)
    if known is None:
        store.add_network(record)
    elif record != known:
        store.update_network(record)


def _default_bridge(
    store: NetworkStore, settings: NetworkSettings, known: NetworkRecord | None, clock: Callable[[], int]
) -> NetworkRecord:
    taken = [pool.subnet for record in store.networks() if record != known for pool in pools_of(record)]
    with Netlink() as link:
        interface = choose_interface(settings, link, taken)
    return NetworkRecord(
        id=known.id if known is not None else secrets.token_hex(32),
        name=BRIDGE,
        created_ns=known.created_ns if known is not None else clock(),
        driver="bridge",
        bridge=settings.bridge_name,
        owns_bridge=settings.owns_bridge,
        ipam=IPAM(config=[IPAMPool(subnet=str(interface.network), gateway=str(interface.ip))]),
        options={
            "com.docker.network.bridge.default_bridge": "true",
            OPTION_ICC: "true",
            OPTION_MASQUERADE: "true",
            "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
            "com.docker.network.bridge.name": settings.bridge_name,
            OPTION_MTU: str(settings.mtu),
        },
    )


def choose_interface(settings: NetworkSettings, link: Netlink, taken: list[Subnet]) -> Interface:
    """The default bridge's own address: ``bip``, that of a bridge that is there, or from the pools."""
    if settings.bip:
        try:
            return ipaddress.ip_interface(settings.bip)
        except ValueError as error:
            raise InvalidArgument(f"--bip: {error}", kind="setting", ref="bip") from error
    links = link.links()
    for found in links:
        if found.name == settings.bridge_name:
            for address in link.addresses(found.index):
                if address.version == 4:
                    return address
    if not settings.owns_bridge:
        raise NotFound(
            f"bridge {settings.bridge} has no IPv4 address: give it one, or leave --bridge out",
            kind="bridge",
            ref=settings.bridge,
        )
    occupied = [*taken, *link.route_targets()]
    for found in links:
        occupied += [address.network for address in link.addresses(found.index)]
    subnet = choose_subnet(settings.pools, occupied)
    return ipaddress.ip_interface((first_host(subnet), subnet.prefixlen))
