"""Times as the Engine API writes them."""

from __future__ import annotations

import datetime

_NANOS = 1_000_000_000
NEVER = "0001-01-01T00:00:00Z"


def rfc3339(at_ns: int) -> str:
    """``2026-01-02T03:04:05.123456789Z`` for nanoseconds since 1970; Go's zero time for 0."""
    if at_ns == 0:
        return NEVER
    seconds, nanos = divmod(at_ns, _NANOS)
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z"
