"""Endpoints of bridge networks, planned."""

from __future__ import annotations

import ipaddress

import pytest

from sampan.errors import Conflict, InvalidArgument, Unavailable
from sampan.models.network import IPAM, EndpointIPAMConfig, EndpointSettings, IPAMPool
from sampan.network.drivers.bridge import OPTION_MTU, BridgeDriver
from sampan.network.drivers.driver import EndpointPlan, EndpointRequest, parse_mac, random_mac
from sampan.network.ipam import Address
from sampan.network.record import NetworkRecord
from sampan.network.settings import NetworkSettings

_DRIVER = BridgeDriver(NetworkSettings(prefix="test"))
_ID = "0123456789abcdef"


def _record(*pools: IPAMPool, internal: bool = False, mtu: str = "1500") -> NetworkRecord:
    return NetworkRecord(
        id="n1",
        name="net",
        created_ns=0,
        driver="bridge",
        bridge="br0",
        ipam=IPAM(config=list(pools)),
        internal=internal,
        options={OPTION_MTU: mtu},
    )


_FOUR = IPAMPool(subnet="10.0.0.0/24", gateway="10.0.0.1")
_SIX = IPAMPool(subnet="fd00::/64", gateway="fd00::1")


def _plan(
    record: NetworkRecord, asked: EndpointSettings | None = None, used: tuple[str, ...] = ()
) -> EndpointPlan:
    taken: frozenset[Address] = frozenset(ipaddress.ip_address(text) for text in used)
    request = EndpointRequest(
        endpoint_id=_ID,
        asked=asked or EndpointSettings(),
        used=taken,
        random_mac="02:00:00:00:00:09",
    )
    return _DRIVER.plan_endpoint(record, request)


def _asking(ipv4: str = "", ipv6: str = "") -> EndpointSettings:
    return EndpointSettings(ipam_config=EndpointIPAMConfig(ipv4_address=ipv4, ipv6_address=ipv6))


def test_an_endpoint_has_address_gateway_and_the_addresss_own_mac() -> None:
    plan = _plan(_record(_FOUR, mtu="1400"))
    settings, wire = plan.settings, plan.wire
    assert (settings.ip_address, settings.ip_prefix_len, settings.gateway) == ("10.0.0.2", 24, "10.0.0.1")
    assert settings.mac_address == "02:42:0a:00:00:02"
    assert wire is not None
    assert (wire.link, wire.master, wire.mtu, wire.mac) == (
        "testv01234567",
        "br0",
        1400,
        settings.mac_address,
    )


def test_both_ip_versions() -> None:
    settings = _plan(_record(_FOUR, _SIX)).settings
    assert settings.ip_address == "10.0.0.2"
    assert (settings.global_ipv6_address, settings.global_ipv6_prefix_len) == ("fd00::2", 64)
    assert settings.ipv6_gateway == "fd00::1"


def test_without_ipv4_the_mac_is_random() -> None:
    assert _plan(_record(_SIX)).settings.mac_address == "02:00:00:00:00:09"


def test_an_internal_network_shows_its_gateway_but_is_no_way_out() -> None:
    plan = _plan(_record(_FOUR, internal=True))
    assert plan.settings.gateway == "10.0.0.1"
    assert plan.wire is not None
    assert plan.wire.gateways == ()


def test_ranges_and_auxiliary_addresses_of_the_record_are_kept_to() -> None:
    pool = IPAMPool(
        subnet="10.0.0.0/24",
        ip_range="10.0.0.8/30",
        gateway="10.0.0.8",
        auxiliary_addresses={"printer": "10.0.0.9"},
    )
    assert _plan(_record(pool)).settings.ip_address == "10.0.0.10"
    with pytest.raises(Unavailable, match=r"10\.0\.0\.8/30"):
        _plan(_record(pool), used=("10.0.0.10", "10.0.0.11"))


def test_a_second_subnet_serves_when_the_first_is_full() -> None:
    small = IPAMPool(subnet="10.9.0.0/30", gateway="10.9.0.1")
    assert _plan(_record(small, _FOUR), used=("10.9.0.2",)).settings.ip_address == "10.0.0.2"


def test_an_address_that_was_asked_for() -> None:
    assert _plan(_record(_FOUR, _SIX), _asking("10.0.0.7", "fd00::7")).addresses == (
        ipaddress.ip_address("10.0.0.7"),
        ipaddress.ip_address("fd00::7"),
    )
    with pytest.raises(Conflict):
        _plan(_record(_FOUR), _asking("10.0.0.7"), used=("10.0.0.7",))


@pytest.mark.parametrize(
    "asked",
    [_asking("10.0.1.7"), _asking("x"), _asking("fd00::7"), _asking(ipv6="fd00::7"), _asking("10.0.0.255")],
    ids=["elsewhere", "nonsense", "other version", "no such subnet", "broadcast"],
)
def test_an_address_that_is_not_possible(asked: EndpointSettings) -> None:
    with pytest.raises(InvalidArgument):
        _plan(_record(_FOUR), asked)


def test_only_wishes_are_taken_over() -> None:
    """A client sends back what an inspect showed it: none of that may be believed."""
    stale = EndpointSettings(
        aliases=["web"],
        ip_address="192.0.2.1",
        global_ipv6_address="2001:db8::1",
        endpoint_id="other",
        network_id="other",
        gateway="192.0.2.9",
    )
    settings = _plan(_record(_FOUR), stale).settings
    assert settings.aliases == ["web"]
    assert (settings.ip_address, settings.gateway) == ("10.0.0.2", "10.0.0.1")
    assert (settings.global_ipv6_address, settings.endpoint_id, settings.network_id) == ("", _ID, "n1")


def test_a_mac_address_is_normalised_or_refused() -> None:
    assert parse_mac("02-42-AC-11-00-02") == "02:42:ac:11:00:02"
    for bad in ("", "02:42:ac:11:00", "02:42:ac:11:00:0g", "01:00:5e:00:00:01", "00:00:00:00:00:00"):
        with pytest.raises(InvalidArgument):
            parse_mac(bad)


def test_a_random_mac_is_local_and_unicast() -> None:
    for first in range(256):
        assert int(random_mac(bytes([first, 1, 2, 3, 4, 5]))[:2], 16) & 3 == 2


def test_no_two_prefixes_share_the_names_of_links() -> None:
    prefixes = ["a", "ab", "sampan", "sampana", "sampanb", "sampanxy"]
    names = {NetworkSettings(prefix=prefix).link_prefix for prefix in prefixes}
    assert len(names) == len(prefixes)
    assert max(len(name) for name in names) == 7
