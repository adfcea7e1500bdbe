"""Points in time as flags give them, and as listings show them."""

from __future__ import annotations

import re
import time

_UNIX = re.compile(r"\d+(\.\d+)?", re.ASCII)
_PARTIAL = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_NANOS = 1_000_000_000


def moment(text: str, *, now: float) -> str:
    """What the API takes for a time or a duration before ``now``: Unix seconds, perhaps with a fraction.

    A time without a zone is in the local one. Raises ValueError for anything else.
    """
    from sampan.wire.timestamps import parse_duration

    duration_ns = parse_duration(text)
    if duration_ns is not None and text[-1:].isalpha():
        return str(int(now - duration_ns / _NANOS))
    if _UNIX.fullmatch(text):
        return text
    found = _PARTIAL.fullmatch(text)
    if found is None:
        raise ValueError(f'failed to parse value as time or duration: "{text}"')
    from datetime import datetime

    day, hour, minute, second, fraction, zone = found.groups()
    zone = (zone or "").replace("Z", "+00:00")
    when = datetime.fromisoformat(f"{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{zone}")
    return f"{int(when.astimezone().timestamp())}.{(fraction or '').ljust(9, '0')}"


def go_time(seconds: int) -> str:
    """``2026-01-02 03:04:05 +0000 UTC``, in the local zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(seconds))


def go_time_of(text: str) -> str:
    """The same of an RFC 3339 text, with its fraction and its own zone; the text itself if it is none."""
    found = _PARTIAL.fullmatch(text)
    if found is None or found[4] is None:
        return text
    day, hour, minute, second, fraction, zone = found.groups()
    shown_zone = (
        "+0000 UTC" if zone in ("Z", "+00:00", None) else f"{zone.replace(':', '')} {zone.replace(':', '')}"
    )
    part = f".{fraction}".rstrip("0").rstrip(".") if fraction else ""
    return f"{day} {hour}:{minute}:{second}{part} {shown_zone}"


def rfc3339(seconds: float, *, nanos: int | None = None) -> str:
    """RFC 3339 in the local zone, with nine digits of ``nanos`` if given."""
    local = time.localtime(seconds)
    zone = time.strftime("%z", local)
    shown_zone = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    part = "" if nanos is None else f".{nanos:09d}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}{part}{shown_zone}"
