"""``--publish`` and ``--expose``."""

from __future__ import annotations

from sampan.cli.creating.checks import is_ip
from sampan.errors import InvalidArgument

Bindings = dict[str, list[dict[str, str]]]
_PROTOCOLS = ("tcp", "udp", "sctp")
_LARGEST = 65535


def exposed_ports(texts: list[str]) -> dict[str, dict[str, str]]:
    """Ports as the API names them, ``80/tcp``. Raises InvalidArgument, quoting the text."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        if ":" in text:
            raise _bad(f"invalid port format for --expose: {text}")
        ports, _, protocol = text.partition("/")
        try:
            numbers = _range(ports)
        except ValueError as error:
            raise _bad(f"invalid range format for --expose: {text}, error: {error}") from error
        found |= {f"{number}/{protocol.lower() or 'tcp'}": {} for number in numbers}
    return found


def published_ports(texts: list[str]) -> Bindings:
    """Bindings by container port. Raises InvalidArgument, naming the part that is wrong."""
    found: Bindings = {}
    for text in texts:
        address, host, ports, protocol = _parts(text)
        inside = _numbers(ports, "containerPort")
        outside = _numbers(host, "hostPort") if host else []
        if len(outside) not in (0, len(inside)) and len(inside) != 1:
            raise _bad(f"invalid ranges specified for container and host Ports: {ports} and {host}")
        for position, port in enumerate(inside):
            # A range for one port lets the daemon choose of it.
            number = str(outside[position]) if len(outside) == len(inside) else host
            found.setdefault(f"{port}/{protocol}", []).append({"HostIp": address, "HostPort": number})
    return found


def _parts(text: str) -> tuple[str, str, str, str]:
    """Address, host port, container port and protocol of ``[[address:]host:]container[/protocol]``."""
    body, _, protocol = text.partition("/")
    head, _, ports = body.rpartition(":")
    address, _, host = head.rpartition(":")
    address = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not ports:
        raise _bad(f"no port specified: {text}<empty>")
    if address and not is_ip(address):
        raise _bad(f"invalid IP address: {address}")
    if protocol and protocol.lower() not in _PROTOCOLS:
        raise _bad(f"invalid proto: {protocol}")
    return address, host, ports, protocol.lower() or "tcp"


def _numbers(text: str, which: str) -> list[int]:
    try:
        return _range(text)
    except ValueError as error:
        raise _bad(f"invalid {which}: {text}") from error


def _range(text: str) -> list[int]:
    first, found, last = text.partition("-")
    last = last if found else first
    for part in (first, last):
        if not (part.isascii() and part.isdigit()):
            raise ValueError(f'strconv.ParseUint: parsing "{part}": invalid syntax')
        if int(part) > _LARGEST:
            raise ValueError(f'strconv.ParseUint: parsing "{part}": value out of range')
    if int(last) < int(first):
        raise ValueError(f"invalid range specified for port: {text}")
    return list(range(int(first), int(last) + 1))


def _bad(reason: str) -> InvalidArgument:
    return InvalidArgument(reason, kind="flag", ref="publish")
