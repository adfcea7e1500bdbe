"""Sizes, durations and numbers as people write them in flags."""

from __future__ import annotations

import re

from sampan.errors import InvalidArgument
from sampan.wire.timestamps import parse_duration

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_NANOS = 1_000_000_000


def parse_size(text: str, flag: str) -> int:
    """Bytes of ``512m``, ``1.5g``, ``1024``. Raises InvalidArgument, naming the flag."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidArgument(
            f'invalid argument "{text}" for "--{flag}" flag: invalid size: \'{text}\'', kind="flag", ref=flag
        )
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])


def parse_cpus(text: str) -> int:
    """Billionths of a CPU. Raises InvalidArgument."""
    try:
        return round(float(text) * _NANOS)
    except ValueError as error:
        raise InvalidArgument(
            f'invalid argument "{text}" for "--cpus" flag: failed to parse {text} as a rational number',
            kind="flag",
            ref="cpus",
        ) from error


def parse_nanoseconds(text: str, flag: str) -> int:
    """Nanoseconds of a duration such as ``1m30s``. Raises InvalidArgument."""
    duration = parse_duration(text)
    if duration is None:
        raise InvalidArgument(
            f'invalid argument "{text}" for "--{flag}" flag: time: invalid duration "{text}"',
            kind="flag",
            ref=flag,
        )
    return duration
