"""A sandbox's interfaces, planned as a list of operations. Pure.

The operations are values: ``sandboxes`` carries them out, tests read them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

from sampan.linux.netlink import Interface
from sampan.network.ipam import Address


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wire:
    """One endpoint's pair of interfaces: ``link`` on the host in bridge ``master``, ``inside`` in the sandbox.

    ``gateways`` are the ways out that this network offers, one for each IP version at most;
    of several networks the one with the highest ``priority`` is taken, of equals the first.
    """

    link: str
    master: str
    inside: str
    mac: str
    mtu: int
    addresses: tuple[Interface, ...]
    gateways: tuple[Address, ...] = ()
    priority: int = 0


@dataclasses.dataclass(frozen=True)
class AddPair:
    """On the host: make the pair, its far end in the sandbox. The near end is up at once."""

    link: str
    master: str
    inside: str
    mac: str
    mtu: int


@dataclasses.dataclass(frozen=True)
class WriteSysctl:
    """In the sandbox: set ``/proc/sys/<path>``; a kernel that lacks it needs no setting."""

    path: str
    value: str


@dataclasses.dataclass(frozen=True)
class AddAddress:
    """In the sandbox: give an interface an address."""

    inside: str
    address: Interface


@dataclasses.dataclass(frozen=True)
class BringUp:
    """In the sandbox: bring an interface up."""

    inside: str


@dataclasses.dataclass(frozen=True)
class AddDefaultRoute:
    """In the sandbox: send what has no better way to ``gateway``."""

    inside: str
    gateway: Address


Operation: TypeAlias = AddPair | WriteSysctl | AddAddress | BringUp | AddDefaultRoute


def plan_sandbox(wires: Sequence[Wire]) -> tuple[Operation, ...]:
    """All that a fresh namespace needs, in order: pairs first, then sysctls, then addresses and routes."""
    steps: list[Operation] = [
        AddPair(wire.link, wire.master, wire.inside, wire.mac, wire.mtu) for wire in wires
    ]
    for wire in wires:
        # A network without IPv6 shall have no link-local addresses either. One with it has its
        # addresses from us: there is nobody to wait for who might have the same.
        has_ipv6 = any(address.version == 6 for address in wire.addresses)
        name = "accept_dad" if has_ipv6 else "disable_ipv6"
        steps.append(WriteSysctl(f"net/ipv6/conf/{wire.inside}/{name}", "0" if has_ipv6 else "1"))
    steps.append(BringUp("lo"))
    for wire in wires:
        steps += [AddAddress(wire.inside, address) for address in wire.addresses]
        steps.append(BringUp(wire.inside))
    return (*steps, *_default_routes(wires))


def _default_routes(wires: Sequence[Wire]) -> list[Operation]:
    best: dict[int, tuple[int, AddDefaultRoute]] = {}
    for wire in wires:
        for gateway in wire.gateways:
            known = best.get(gateway.version)
            if known is None or wire.priority > known[0]:
                best[gateway.version] = (wire.priority, AddDefaultRoute(wire.inside, gateway))
    return [best[version][1] for version in sorted(best)]
