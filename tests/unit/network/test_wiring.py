"""What a sandbox's interfaces need, in order."""

from __future__ import annotations

import ipaddress

from sampan.network.wiring import (
    AddAddress,
    AddDefaultRoute,
    AddPair,
    BringUp,
    Wire,
    WriteSysctl,
    plan_sandbox,
)


def _wire(number: int, *addresses: str, gateways: tuple[str, ...] = (), priority: int = 0) -> Wire:
    return Wire(
        link=f"v{number}",
        master=f"br{number}",
        inside=f"eth{number}",
        mac="02:42:0a:00:00:02",
        mtu=1500,
        addresses=tuple(ipaddress.ip_interface(text) for text in addresses),
        gateways=tuple(ipaddress.ip_address(text) for text in gateways),
        priority=priority,
    )


def _routes(*wires: Wire) -> list[AddDefaultRoute]:
    return [step for step in plan_sandbox(wires) if isinstance(step, AddDefaultRoute)]


def test_a_sandbox_without_a_network_has_loopback() -> None:
    assert plan_sandbox([]) == (BringUp("lo"),)


def test_addresses_come_before_the_interface_is_up_and_routes_last() -> None:
    wire = _wire(0, "10.0.0.2/24", gateways=("10.0.0.1",))
    assert plan_sandbox([wire]) == (
        AddPair("v0", "br0", "eth0", "02:42:0a:00:00:02", 1500),
        WriteSysctl("net/ipv6/conf/eth0/disable_ipv6", "1"),
        BringUp("lo"),
        AddAddress("eth0", ipaddress.ip_interface("10.0.0.2/24")),
        BringUp("eth0"),
        AddDefaultRoute("eth0", ipaddress.ip_address("10.0.0.1")),
    )


def test_ipv6_stays_on_where_the_network_has_it() -> None:
    steps = plan_sandbox([_wire(0, "fd00::2/64", gateways=("fd00::1",))])
    assert [step for step in steps if isinstance(step, WriteSysctl)] == [
        WriteSysctl("net/ipv6/conf/eth0/accept_dad", "0")
    ]
    assert steps[-1] == AddDefaultRoute("eth0", ipaddress.ip_address("fd00::1"))


def test_the_way_out_is_the_highest_priority_and_of_equals_the_first() -> None:
    first = _wire(0, "10.0.0.2/24", gateways=("10.0.0.1",))
    equal = _wire(1, "10.1.0.2/24", gateways=("10.1.0.1",))
    higher = _wire(2, "10.2.0.2/24", gateways=("10.2.0.1",), priority=1)
    assert [route.inside for route in _routes(first, equal)] == ["eth0"]
    assert [route.inside for route in _routes(first, equal, higher)] == ["eth2"]


def test_each_ip_version_has_its_own_way_out() -> None:
    four = _wire(0, "10.0.0.2/24", gateways=("10.0.0.1",))
    six = _wire(1, "fd00::2/64", gateways=("fd00::1",))
    internal = _wire(2, "10.2.0.2/24", priority=9)
    assert [route.inside for route in _routes(internal, four, six)] == ["eth0", "eth1"]
