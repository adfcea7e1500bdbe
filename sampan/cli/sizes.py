"""Sizes, durations and fractions as people write them in flags; all raise ValueError with the reason."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_NANOS = 1_000_000_000


def parse_size(text: str) -> int:
    """Bytes of ``512m``, ``1.5g``, ``1024``."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"invalid size: '{text}'")
    # A float is exact for every size below 8 PiB in whole bytes, and Docker rounds beyond as well.
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])


def parse_swap(text: str) -> int:
    """Bytes, or -1 for no limit."""
    return -1 if text == "-1" else parse_size(text)


def parse_cpus(text: str) -> int:
    """Billionths of a CPU, of a decimal number or a fraction such as ``1/2``."""
    from fractions import Fraction

    try:
        nanos = Fraction(text) * _NANOS
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"failed to parse {text} as a rational number") from None
    if nanos.denominator != 1:
        raise ValueError("value is too precise")
    return int(nanos)


def parse_nanoseconds(text: str) -> int:
    """Nanoseconds of a duration such as ``1m30s``."""
    from sampan.wire.timestamps import parse_duration

    duration = parse_duration(text)
    if duration is None:
        raise ValueError(f'time: invalid duration "{text}"')
    return duration
