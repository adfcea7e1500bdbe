"""Points in time as clients give them, in nanoseconds since 1970."""

from __future__ import annotations

import datetime
import re

from sampan.errors import InvalidArgument

_NANOS = 1_000_000_000
NEVER = "0001-01-01T00:00:00Z"
_UNIX = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": _NANOS, "m": 60 * _NANOS, "h": 3600 * _NANOS}
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?([Zz]|[+-]\d{2}:\d{2})?"
)


def parse_timestamp(text: str | None, *, now_ns: int) -> int:
    """Nanoseconds since 1970 for Unix seconds (``1.5``), RFC 3339, or a Go duration before now (``10m``).

    Nothing, or ``0``, is 0. Raises InvalidArgument, naming the text, for anything else.
    """
    if not text:
        return 0
    if found := _UNIX.fullmatch(text):
        return int(found[1]) * _NANOS + int((found[2] or "").ljust(9, "0"))
    if found := _RFC3339.fullmatch(text):
        return _calendar(text, found)
    duration_ns = parse_duration(text)
    if duration_ns is None:
        raise InvalidArgument(
            f"invalid time {text!r}: give Unix seconds, RFC 3339, or a duration such as 10m",
            kind="time",
            ref=text,
        )
    return now_ns - duration_ns


def parse_duration(text: str) -> int | None:
    """Nanoseconds of a Go duration such as ``1h30m`` or ``-5s``; None if it is none."""
    body, sign = text.lstrip("+-"), -1 if text.startswith("-") else 1
    if body == "0":
        return 0
    total, position = 0, 0
    while position < len(body):
        found = _DURATION.match(body, position)
        if found is None:
            return None
        total += int(float(found[1]) * _UNITS[found[2]])
        position = found.end()
    return sign * total if position else None


def _calendar(text: str, found: re.Match[str]) -> int:
    zone = (found[6] or "Z").upper().replace("Z", "+00:00")
    clock = f"{found[2] or '00'}:{found[3] or '00'}:{found[4] or '00'}"
    try:
        when = datetime.datetime.fromisoformat(f"{found[1]}T{clock}{zone}")
    except ValueError as error:
        raise InvalidArgument(f"invalid time {text!r}: {error}", kind="time", ref=text) from error
    return int(when.timestamp()) * _NANOS + int((found[5] or "").ljust(9, "0"))


def rfc3339(at_ns: int) -> str:
    """``2026-01-02T03:04:05.123456789Z`` for nanoseconds since 1970; Go's zero time for 0."""
    if at_ns == 0:
        return NEVER
    seconds, nanos = divmod(at_ns, _NANOS)
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z"
