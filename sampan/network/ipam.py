"""Addresses: which subnet a network gets, and which address an endpoint. Pure."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from sampan.errors import Conflict, InvalidArgument, Unavailable

Subnet: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pool:
    """A subnet to give addresses from: all of it, or ``range_`` only; ``reserved`` are never given."""

    subnet: Subnet
    gateway: Address | None = None
    range_: Subnet | None = None
    reserved: frozenset[Address] = frozenset()

    def __post_init__(self) -> None:
        """Raise InvalidArgument for a range or gateway outside the subnet."""
        if self.range_ is not None and not _within(self.range_, self.subnet):
            raise InvalidArgument(f"range {self.range_} is not inside subnet {self.subnet}", kind="network")
        if self.gateway is not None and self.gateway not in self.subnet:
            raise InvalidArgument(
                f"gateway {self.gateway} is not inside subnet {self.subnet}", kind="network"
            )


def parse_pool(subnet: str, range_: str, gateway: str, reserved: tuple[str, ...]) -> Pool:
    """A pool from its text; an empty range or gateway is none. Raises InvalidArgument, naming what is wrong."""
    return Pool(
        subnet=parse_subnet(subnet),
        gateway=parse_address(gateway) if gateway else None,
        range_=parse_subnet(range_) if range_ else None,
        reserved=frozenset(parse_address(text) for text in reserved),
    )


def parse_address(text: str) -> Address:
    """An address without a prefix length. Raises InvalidArgument, naming it."""
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid address {text!r}", kind="network", ref=text) from error


def _within(inner: Subnet, outer: Subnet) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


def _usable(pool: Pool) -> tuple[int, int]:
    """First and last address to give, as numbers; a subnet's first and IPv4's last are not for hosts."""
    block = pool.range_ or pool.subnet
    first, last = int(block.network_address), int(block.broadcast_address)
    if pool.subnet.prefixlen < pool.subnet.max_prefixlen - 1:
        first = max(first, int(pool.subnet.network_address) + 1)
        if pool.subnet.version == 4:
            last = min(last, int(pool.subnet.broadcast_address) - 1)
    return first, last


def give(pool: Pool, used: Collection[Address], *, after: Address | None = None) -> Address:
    """A free address: the next one after ``after``, going round once.

    An address just given back is thus the last to be given again, when nobody's neighbour
    cache remembers it any more. Raises Unavailable, naming the subnet, when none is free.
    """
    first, last = _usable(pool)
    make = type(pool.subnet.network_address)
    start = int(after) + 1 if after is not None and first <= int(after) < last else first
    for number in _round(first, last, start):
        address: Address = make(number)
        if address != pool.gateway and address not in pool.reserved and address not in used:
            return address
    raise Unavailable(
        f"no address is free in {pool.range_ or pool.subnet}: remove containers, or use a larger subnet",
        kind="network",
        ref=str(pool.subnet),
    )


def _round(first: int, last: int, start: int) -> Iterator[int]:
    yield from range(start, last + 1)
    yield from range(first, start)


def claim(pool: Pool, used: Collection[Address], wanted: Address) -> Address:
    """Exactly ``wanted``. Raises InvalidArgument if it cannot be given here, Conflict if it is taken."""
    first, last = _usable(Pool(subnet=pool.subnet))
    if wanted not in pool.subnet or not first <= int(wanted) <= last:
        raise InvalidArgument(f"invalid address {wanted}: it is not in subnet {pool.subnet}", kind="network")
    if wanted in used or wanted == pool.gateway or wanted in pool.reserved:
        raise Conflict("Address already in use", kind="network", ref=str(wanted))
    return wanted


def choose_subnet(pools: Sequence[tuple[str, int]], occupied: Collection[Subnet]) -> Subnet:
    """The first subnet of the pools that overlaps nothing occupied.

    Raises Unavailable when there is none, InvalidArgument for a malformed pool.
    """
    for base_text, size in pools:
        base = parse_subnet(base_text)
        if not base.prefixlen <= size <= base.max_prefixlen:
            raise InvalidArgument(
                f"pool {base_text} cannot be cut into /{size} subnets", kind="network", ref=base_text
            )
        for subnet in base.subnets(new_prefix=size):
            if not any(subnet.version == other.version and subnet.overlaps(other) for other in occupied):
                return subnet
    raise Unavailable(
        "all predefined address pools have been fully subnetted: give --default-address-pool or --bip",
        kind="network",
    )


def parse_subnet(text: str) -> Subnet:
    """A subnet in CIDR form. Raises InvalidArgument, naming it."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid subnet {text!r}: {error}", kind="network", ref=text) from error


def first_host(subnet: Subnet) -> Address:
    """The address that the bridge itself takes by default."""
    return subnet.network_address + 1
