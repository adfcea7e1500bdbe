"""The address allocator: never the same twice, never one that is not for hosts."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import Conflict, InvalidArgument, Unavailable
from sampan.network.ipam import Address, Pool, choose_subnet, claim, first_host, give, parse_subnet
from sampan.network.settings import DEFAULT_POOLS


def _subnets() -> st.SearchStrategy[ipaddress.IPv4Network]:
    return st.builds(
        lambda number, size: ipaddress.IPv4Network((number, size), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(22, 31),
    )


@given(_subnets(), st.integers(0, 40))
def test_addresses_are_unique_and_for_hosts(subnet: ipaddress.IPv4Network, count: int) -> None:
    gateway = first_host(subnet)
    pool = Pool(subnet=subnet, gateway=gateway)
    used: set[Address] = set()
    last: Address | None = None
    hosts = subnet.num_addresses - (2 if subnet.prefixlen < 31 else 0) - 1
    for _ in range(min(count, hosts)):
        last = give(pool, used, after=last)
        assert last in subnet
        assert last not in used
        assert last != gateway
        if subnet.prefixlen < 31:
            assert last not in (subnet.network_address, subnet.broadcast_address)
        used.add(last)
    if count >= hosts:
        with pytest.raises(Unavailable, match=str(subnet)):
            give(pool, used, after=last)


@given(st.sets(st.integers(2, 13)), st.integers(1, 14))
def test_the_next_one_comes_after_the_last_going_round(taken: set[int], after: int) -> None:
    subnet = ipaddress.ip_network("10.0.0.0/28")
    pool = Pool(subnet=subnet, gateway=subnet[1])
    used = {subnet[number] for number in taken}
    free = [number for number in range(2, 15) if number not in taken]
    expected = next((number for number in free if number > after), free[0])
    assert give(pool, used, after=subnet[after]) == subnet[expected]


def test_a_range_and_reserved_addresses_are_kept_to() -> None:
    subnet = parse_subnet("10.0.0.0/24")
    pool = Pool(subnet=subnet, range_=parse_subnet("10.0.0.8/30"), reserved=frozenset({subnet[9]}))
    assert [give(pool, set()), give(pool, {subnet[8]})] == [subnet[8], subnet[10]]
    with pytest.raises(Unavailable, match=r"10\.0\.0\.8/30"):
        give(pool, {subnet[8], subnet[10], subnet[11]})


def test_a_claim_is_checked() -> None:
    subnet = parse_subnet("10.0.0.0/24")
    pool = Pool(subnet=subnet, gateway=subnet[1])
    assert claim(pool, set(), subnet[5]) == subnet[5]
    for bad in (subnet[0], subnet[255], ipaddress.ip_address("10.0.1.1")):
        with pytest.raises(InvalidArgument):
            claim(pool, set(), bad)
    for taken in (subnet[1], subnet[6]):
        with pytest.raises(Conflict):
            claim(pool, {subnet[6]}, taken)


def test_pools_skip_what_is_occupied() -> None:
    assert str(choose_subnet(DEFAULT_POOLS, [])) == "172.17.0.0/16"
    occupied = [parse_subnet("172.17.0.0/24"), parse_subnet("172.18.0.0/15"), parse_subnet("fd00::/8")]
    assert str(choose_subnet(DEFAULT_POOLS, occupied)) == "172.20.0.0/16"
    with pytest.raises(Unavailable, match="fully subnetted"):
        choose_subnet([("10.0.0.0/30", 30)], [parse_subnet("10.0.0.0/8")])
    with pytest.raises(InvalidArgument, match="cannot be cut"):
        choose_subnet([("10.0.0.0/24", 16)], [])


@pytest.mark.parametrize("text", ["", "10.0.0.1/24", "x", "10.0.0.0/33"], ids=repr)
def test_a_bad_subnet_is_named(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid subnet"):
        parse_subnet(text)
