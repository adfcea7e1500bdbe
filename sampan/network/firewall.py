"""The rules of one nftables table, planned. Pure.

The rules never change while the daemon runs: a network is a few elements of sets. So the
cost of a packet, and of adding a network, does not grow with their number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from sampan.network.ipam import Subnet


@dataclasses.dataclass(frozen=True)
class BridgeNetwork:
    """A bridge and the subnets behind it; ``masquerade`` gives them a way out under the host's address."""

    bridge: str
    subnets: tuple[Subnet, ...]
    masquerade: bool = True


def plan_table(table: str, networks: Iterable[BridgeNetwork]) -> str:
    """One transaction that replaces the whole table by the one for ``networks``."""
    listed = tuple(networks)
    return f"add table inet {table}\ndelete table inet {table}\n" + _TABLE.format(
        table=table,
        bridges=_elements(f'"{network.bridge}"' for network in listed),
        within=_elements(f'"{network.bridge}" . "{network.bridge}"' for network in listed),
        inside4=_elements(_masqueraded(listed, 4)),
        inside6=_elements(_masqueraded(listed, 6)),
    )


def plan_removal(table: str) -> str:
    """One transaction after which the table is not there, whether it was or not."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def _masqueraded(networks: tuple[BridgeNetwork, ...], version: int) -> Iterable[str]:
    return (
        str(subnet)
        for network in networks
        if network.masquerade
        for subnet in network.subnets
        if subnet.version == version
    )


def _elements(values: Iterable[str]) -> str:
    joined = ", ".join(values)
    return f"elements = {{ {joined} }}" if joined else ""


# What comes back is let in first. Between bridges nothing passes, nor does anything from
# outside that no container asked for; out of a bridge everything does.
_TABLE = """table inet {table} {{
    set bridges {{
        type ifname
        {bridges}
    }}
    set within {{
        type ifname . ifname
        {within}
    }}
    set inside4 {{
        type ipv4_addr
        flags interval
        {inside4}
    }}
    set inside6 {{
        type ipv6_addr
        flags interval
        {inside6}
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname != @bridges oifname != @bridges accept
        ct state established,related accept
        iifname . oifname @within accept
        oifname @bridges drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr @inside4 oifname != @bridges masquerade
        ip6 saddr @inside6 oifname != @bridges masquerade
    }}
}}
"""
