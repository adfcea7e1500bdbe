"""How listings show a container's ports."""

from __future__ import annotations

from collections.abc import Iterable

from sampan.cli.values import Object, number, text


def shown_ports(ports: Iterable[Object]) -> str:
    """``443/tcp, 0.0.0.0:5000-5002->5000-5002/udp, 0.0.0.0:8080->80/tcp``.

    Neighbouring ports are one range, if outside they have the numbers they have inside.
    """
    ranges: list[str] = []
    mapped: list[str] = []
    # By type and address: the first and the last port of the range that is being gathered.
    open_ranges: dict[tuple[str, str], tuple[int, int]] = {}
    for port in sorted(ports, key=_order):
        address, kind = text(port, "IP"), text(port, "Type")
        inside, outside = number(port, "PrivatePort"), number(port, "PublicPort")
        if address and outside != inside:
            mapped.append(f"{_bracketed(address)}:{outside}->{inside}/{kind}")
            continue
        key = (address, kind)
        first, last = open_ranges.get(key, (inside, inside - 1))
        if inside != last + 1:
            ranges.append(_range(key, first, last))
            first = inside
        open_ranges[key] = (first, inside)
    ranges += [_range(key, first, last) for key, (first, last) in open_ranges.items()]
    return ", ".join([*ranges, *mapped])


def _order(port: Object) -> tuple[int, str, int, str]:
    return number(port, "PrivatePort"), text(port, "IP"), number(port, "PublicPort"), text(port, "Type")


def _range(key: tuple[str, str], first: int, last: int) -> str:
    address, kind = key
    group = str(first) if first == last else f"{first}-{last}"
    return f"{_bracketed(address)}:{group}->{group}/{kind}" if address else f"{group}/{kind}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
