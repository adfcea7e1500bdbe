"""/etc/resolv.conf of a container. Pure.

A resolver on the host's loopback cannot be reached from another network namespace. Where
the host has only such ones, the caller passes the file with the real upstream servers
(systemd-resolved keeps one); where there is none, Docker's public fallback is used.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Sequence

UPSTREAM_FILE = "/run/systemd/resolve/resolv.conf"
FALLBACK = ("8.8.8.8", "8.8.4.4")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResolvConf:
    """What a resolv.conf says."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def parse_resolv_conf(text: str) -> ResolvConf:
    """Read a resolv.conf; the last ``search`` counts, as resolv.conf(5) has it."""
    nameservers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0][0] in "#;":
            continue
        match words[0]:
            case "nameserver":
                nameservers.append(words[1])
            case "search" | "domain":
                search = words[1:]
            case "options":
                options += words[1:]
    return ResolvConf(nameservers=tuple(nameservers), search=tuple(search), options=tuple(options))


def only_local(conf: ResolvConf) -> bool:
    """Whether no nameserver can be reached from another network namespace."""
    return not any(_reachable(server) for server in conf.nameservers)


def _reachable(server: str) -> bool:
    try:
        return not ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def render_resolv_conf(
    host: ResolvConf,
    *,
    dns: Sequence[str] = (),
    search: Sequence[str] = (),
    options: Sequence[str] = (),
    own_namespace: bool = True,
) -> str:
    """The container's file: what was asked for, else the host's.

    With ``own_namespace`` the host's loopback resolvers are left out. A search domain of
    ``.`` alone means none.
    """
    servers: Sequence[str] = dns or host.nameservers
    if not dns and own_namespace:
        servers = [server for server in host.nameservers if _reachable(server)] or FALLBACK
    domains = [] if list(search) == ["."] else list(search or host.search)
    lines = [f"nameserver {server}" for server in servers]
    if domains:
        lines.append(f"search {' '.join(domains)}")
    chosen = list(options or host.options)
    if chosen:
        lines.append(f"options {' '.join(chosen)}")
    return "".join(f"{line}\n" for line in lines)
