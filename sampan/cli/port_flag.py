"""``--publish`` and ``--expose``."""

from __future__ import annotations

import ipaddress

from sampan.errors import InvalidArgument
from sampan.models.network import PortBinding

_PROTOCOLS = ("tcp", "udp", "sctp")
_LARGEST = 65535


def exposed_ports(texts: list[str]) -> dict[str, dict[str, str]]:
    """Ports as the API names them, ``80/tcp``. Raises InvalidArgument."""
    return {f"{port}/{protocol}": {} for text in texts for port, protocol in _inside(text)}


def published_ports(texts: list[str]) -> dict[str, list[PortBinding]]:
    """Bindings by container port. Raises InvalidArgument, quoting the text."""
    found: dict[str, list[PortBinding]] = {}
    for text in texts:
        address, host, container = _parts(text)
        ports = _inside(container)
        hosts = _range(host, text) if host else []
        if hosts and len(hosts) not in (1, len(ports)) and len(ports) != 1:
            raise _bad(text, "the ranges differ in length")
        for position, (port, protocol) in enumerate(ports):
            number = ""
            if len(hosts) == len(ports):
                number = str(hosts[position])
            elif hosts:
                number = host
            found.setdefault(f"{port}/{protocol}", []).append(PortBinding(host_ip=address, host_port=number))
    return found


def _parts(text: str) -> tuple[str, str, str]:
    """Address, host port and container port of ``[[address:]host:]container``."""
    body, address = text, ""
    if body.startswith("["):
        address, _, body = body[1:].partition("]")
        body = body.removeprefix(":")
    pieces = body.split(":")
    if len(pieces) == 3 and not address:
        address, *pieces = pieces
    if len(pieces) > 2 or not pieces[-1]:
        raise _bad(text, "expected [[address:]host:]container")
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise _bad(text, f"{address} is no IP address") from error
    return address, pieces[0] if len(pieces) == 2 else "", pieces[-1]


def _inside(text: str) -> list[tuple[int, str]]:
    ports, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in _PROTOCOLS:
        raise _bad(text, f"invalid proto: {protocol}")
    return [(port, protocol) for port in _range(ports, text)]


def _range(text: str, whole: str) -> list[int]:
    first, _, last = text.partition("-")
    last = last or first
    if not (first.isdigit() and last.isdigit()) or not 0 < int(first) <= int(last) <= _LARGEST:
        raise _bad(whole, f"invalid port {text!r}")
    return list(range(int(first), int(last) + 1))


def _bad(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f'invalid argument "{text}" for a port: {reason}', kind="flag", ref=text)
