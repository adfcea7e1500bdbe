"""The rules of one nftables table, planned. Pure.

The rules never change while the daemon runs: a network is a few elements of sets. So the
cost of a packet, and of adding a network, does not grow with their number.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from sampan.network.ipam import Subnet


@dataclasses.dataclass(frozen=True)
class BridgeNetwork:
    """A bridge and the subnets behind it.

    ``masquerade`` gives them a way out under the host's address, ``icc`` lets endpoints talk
    to each other, ``internal`` closes every way out.
    """

    bridge: str
    subnets: tuple[Subnet, ...]
    masquerade: bool = True
    icc: bool = True
    internal: bool = False


def plan_table(table: str, networks: Iterable[BridgeNetwork], *, guard: bool = False) -> str:
    """One transaction that replaces the whole table by the one for ``networks``.

    With ``guard`` the host does not become a router between other interfaces: it was none
    before forwarding was switched on for containers. Bridges are left to whoever made them.
    """
    listed = tuple(networks)
    gathered = {name: tuple(e for network in listed for e in _elements(network)[name]) for name in _SETS}
    return plan_removal(table) + _TABLE.format(
        table=table,
        sets="".join(_set(name, kind, gathered[name]) for name, kind in _SETS.items()),
        others=_GUARD if guard else "accept",
    )


def plan_removal(table: str) -> str:
    """One transaction after which the table is not there, whether it was or not."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def plan_added_network(table: str, network: BridgeNetwork) -> str:
    """One transaction that lets ``network`` in."""
    return _change("add", table, network)


def plan_removed_network(table: str, network: BridgeNetwork) -> str:
    """One transaction that takes ``network``, which is there, out."""
    return _change("delete", table, network)


def _change(verb: str, table: str, network: BridgeNetwork) -> str:
    return "".join(
        f"{verb} element inet {table} {name} {{ {', '.join(values)} }}\n"
        for name, values in _elements(network).items()
        if values
    )


def _elements(network: BridgeNetwork) -> dict[str, tuple[str, ...]]:
    name = f'"{network.bridge}"'
    hidden = network.subnets if network.masquerade and not network.internal else ()
    return {
        "bridges": (name,),
        "within": (f"{name} . {name}",) if network.icc else (),
        "closed": (name,) if network.internal else (),
        "inside4": tuple(str(subnet) for subnet in hidden if subnet.version == 4),
        "inside6": tuple(str(subnet) for subnet in hidden if subnet.version == 6),
    }


def _set(name: str, kind: str, values: tuple[str, ...]) -> str:
    elements = f"\n        elements = {{ {', '.join(values)} }}" if values else ""
    return f"    set {name} {{\n        type {kind}{elements}\n    }}\n"


_SETS = {
    "bridges": "ifname",
    "within": "ifname . ifname",
    "closed": "ifname",
    "inside4": "ipv4_addr; flags interval;",
    "inside6": "ipv6_addr; flags interval;",
}

_GUARD = 'meta iifkind "bridge" accept\n        meta oifkind "bridge" accept\n        drop'

# What comes back is let in first. Between bridges nothing passes, nor does anything from
# outside that no container asked for; out of a bridge everything does, unless it is closed.
_TABLE = """table inet {table} {{
{sets}    chain others {{
        {others}
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        iifname != @bridges oifname != @bridges goto others
        ct state established,related accept
        iifname . oifname @within accept
        oifname @bridges drop
        iifname @closed drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr @inside4 oifname != @bridges masquerade
        ip6 saddr @inside6 oifname != @bridges masquerade
    }}
}}
"""

_LISTED_TABLE = re.compile(r"table (\S+ \S+) \{")
_LISTED_CHAIN = re.compile(r"\s+chain (\S+) \{")
_DROPS_FORWARDED = re.compile(r"\s+type filter hook forward .*policy drop;")


def forward_droppers(chains: str) -> list[str]:
    """The chains, as ``family table chain``, that drop forwarded packets they do not know.

    ``chains`` is what ``nft list chains`` prints.
    """
    found: list[str] = []
    table = chain = ""
    for line in chains.splitlines():
        if (match := _LISTED_TABLE.match(line)) is not None:
            table = match[1]
        elif (match := _LISTED_CHAIN.match(line)) is not None:
            chain = match[1]
        elif _DROPS_FORWARDED.match(line) is not None:
            found.append(f"{table} {chain}")
    return found
