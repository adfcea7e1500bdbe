"""The packet filter's table, as text for nftables."""

from __future__ import annotations

import ipaddress

from sampan.network.firewall import (
    BridgeNetwork,
    forward_droppers,
    plan_added_network,
    plan_removal,
    plan_removed_network,
    plan_table,
)

_NET4 = ipaddress.ip_network("10.0.0.0/24")
_NET6 = ipaddress.ip_network("fd00:1::/64")


def _element(name: str, value: str, verb: str = "add") -> str:
    return f"{verb} element inet t {name} {{ {value} }}\n"


def test_a_network_is_elements_and_goes_as_it_came() -> None:
    network = BridgeNetwork("br0", (_NET4, _NET6))
    expected = [
        ("bridges", '"br0"'),
        ("within", '"br0" . "br0"'),
        ("inside4", "10.0.0.0/24"),
        ("inside6", "fd00:1::/64"),
    ]
    assert plan_added_network("t", network) == "".join(_element(*pair) for pair in expected)
    assert plan_removed_network("t", network) == "".join(_element(*pair, "delete") for pair in expected)


def test_an_internal_network_is_closed_and_has_no_masquerade() -> None:
    network = BridgeNetwork("br0", (_NET4,), internal=True)
    expected = [("bridges", '"br0"'), ("within", '"br0" . "br0"'), ("closed", '"br0"')]
    assert plan_added_network("t", network) == "".join(_element(*pair) for pair in expected)


def test_endpoints_can_be_kept_from_each_other_and_addresses_shown() -> None:
    network = BridgeNetwork("br0", (_NET4,), masquerade=False, icc=False)
    assert plan_added_network("t", network) == _element("bridges", '"br0"')


def test_the_whole_table_is_replaced_in_one_transaction() -> None:
    planned = plan_table("t", [BridgeNetwork("br0", (_NET4,)), BridgeNetwork("br1", (_NET6,))])
    assert planned.startswith(plan_removal("t") + "table inet t {")
    assert 'elements = { "br0", "br1" }' in planned
    assert planned.count("{") == planned.count("}")


def test_the_rules_do_not_grow_with_the_networks() -> None:
    def rules(count: int) -> int:
        planned = plan_table("t", [BridgeNetwork(f"br{n}", (_NET4,)) for n in range(count)])
        return sum(planned.count(word) for word in (" accept\n", " drop\n", " masquerade\n", " goto "))

    assert rules(1) == rules(50) > 5


def test_only_a_guarded_table_drops_what_is_not_ours() -> None:
    assert "oifkind" not in plan_table("t", [])
    guarded = plan_table("t", [], guard=True)
    others = guarded[guarded.index("chain others") : guarded.index("chain forward")]
    assert [line.strip() for line in others.splitlines()[1:4]] == [
        'meta iifkind "bridge" accept',
        'meta oifkind "bridge" accept',
        "drop",
    ]


def test_chains_that_drop_forwarded_packets_are_found() -> None:
    listed = """table ip filter {
	chain DOCKER-USER {
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
	}
}
table inet fw {
	chain passing {
		type filter hook forward priority filter + 10; policy accept;
	}
	chain closing {
		type filter hook forward priority filter + 10; policy drop;
	}
}
"""
    assert forward_droppers(listed) == ["ip filter FORWARD", "inet fw closing"]
    assert forward_droppers("") == []
