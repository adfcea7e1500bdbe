"""The bridge driver: the bridge itself, and connecting a network namespace to it. Blocking."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from sampan.errors import InvalidArgument, NotFound
from sampan.linux import netlink
from sampan.linux.netlink import Interface, Netlink
from sampan.log import get_logger
from sampan.network.ipam import Address, Subnet, choose_subnet, first_host
from sampan.network.settings import NetworkSettings

log = get_logger(__name__)

INSIDE_NAME = "eth0"


@dataclasses.dataclass(frozen=True)
class Wire:
    """One endpoint's pair: its name on the host, its address, MAC, gateway and MTU inside."""

    link: str
    bridge: str
    interface: Interface
    gateway: Address | None
    mac: str
    mtu: int


def choose_bridge_interface(settings: NetworkSettings, link: Netlink) -> Interface:
    """The default bridge's own address: ``bip``, that of a bridge that is there, or from the pools.

    Raises InvalidArgument (bad ``bip``), NotFound (no such bridge), Unavailable (pools exhausted).
    """
    if settings.bip:
        try:
            return ipaddress.ip_interface(settings.bip)
        except ValueError as error:
            raise InvalidArgument(f"--bip: {error}", kind="setting", ref="bip") from error
    existing = next((found for found in link.links() if found.name == settings.bridge_name), None)
    if existing is not None:
        for address in link.addresses(existing.index):
            if address.version == 4:
                return address
    if not settings.owns_bridge:
        raise NotFound(
            f"bridge {settings.bridge} has no IPv4 address: give it one, or leave --bridge out",
            kind="bridge",
            ref=settings.bridge,
        )
    occupied: list[Subnet] = list(link.route_targets())
    for found in link.links():
        occupied += [address.network for address in link.addresses(found.index)]
    subnet = choose_subnet(settings.pools, occupied)
    return ipaddress.ip_interface((first_host(subnet), subnet.prefixlen))


def ensure_bridge(name: str, interface: Interface, *, mtu: int, ours: bool) -> None:
    """The bridge is there, up, and has that address; one that is not ``ours`` must exist already."""
    with Netlink() as link:
        found = next((known for known in link.links() if known.name == name), None)
        if found is None:
            if not ours:
                raise NotFound(f"bridge {name} does not exist", kind="bridge", ref=name)
            link.request([netlink.add_bridge(name, mac=random_mac(), mtu=mtu)])
            log.info("made a bridge", bridge=name, address=interface)
        index = socket.if_nametoindex(name)
        if interface not in link.addresses(index):
            link.request([netlink.add_address(index, interface)])
        link.request([netlink.set_up(index)])


def remove_bridge(name: str) -> None:
    """Delete the bridge; idempotent."""
    with Netlink() as link:
        for found in link.links():
            if found.name == name:
                link.request([netlink.delete_link(found.index)])


def remove_strange_links(bridge: str, known: set[str]) -> int:
    """Delete the interfaces in ``bridge`` that are not in ``known``; how many there were."""
    removed = 0
    with Netlink() as link:
        links = link.links()
        index = next((found.index for found in links if found.name == bridge), 0)
        for found in links:
            if index and found.master == index and found.name not in known:
                # Its namespace may be ending at this moment, and takes it along.
                with contextlib.suppress(NotFound):
                    link.request([netlink.delete_link(found.index)])
                removed += 1
    return removed


def configure_inside(wire: Wire) -> None:
    """In the sandbox's namespace: address, default route, everything up."""
    index = socket.if_nametoindex(INSIDE_NAME)
    if wire.interface.version == 4:
        # A network without IPv6 shall not have link-local addresses either.
        with contextlib.suppress(FileNotFoundError):
            Path(f"/proc/sys/net/ipv6/conf/{INSIDE_NAME}/disable_ipv6").write_text("1")
    messages = [
        netlink.add_address(index, wire.interface),
        netlink.set_up(index),
    ]
    if wire.gateway is not None:
        messages.append(netlink.add_default_route(index, wire.gateway))
    with Netlink() as link:
        link.request(messages)


def loopback_up() -> None:
    """In a fresh namespace: bring ``lo`` up."""
    with Netlink() as link:
        link.request([netlink.set_up(socket.if_nametoindex("lo"))])


def random_mac(rand: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A locally administered unicast MAC address."""
    raw = bytearray(rand(6))
    raw[0] = (raw[0] & 0xFC) | 0x02
    return raw.hex(":")


def parse_mac(text: str) -> str:
    """A MAC address in lower case with colons. Raises InvalidArgument, naming it."""
    parts = text.replace("-", ":").lower().split(":")
    if len(parts) != 6 or not all(len(part) == 2 and _is_hex(part) for part in parts):
        raise InvalidArgument(f"{text} is not a valid mac address", kind="endpoint", ref=text)
    return ":".join(parts)


def _is_hex(text: str) -> bool:
    return all(char in "0123456789abcdef" for char in text)
