"""An image's own times, between RFC 3339 and nanoseconds."""

from __future__ import annotations

import datetime
import re

_NANOS = 1_000_000_000
_FRACTION = re.compile(r"[.,](\d+)")
NEVER = "0001-01-01T00:00:00Z"


def nanoseconds(created: str | None) -> int:
    """``created`` (RFC 3339, checked when the image came) since 1970; 0 if it is not set.

    Times before 1970, such as Go's zero time, are negative.
    """
    if not created:
        return 0
    fraction = _FRACTION.search(created)
    nanos = int(fraction[1][:9].ljust(9, "0")) if fraction is not None else 0
    whole = _FRACTION.sub("", created).upper().replace("Z", "+00:00")
    moment = datetime.datetime.fromisoformat(whole)
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * _NANOS + nanos


def seconds(created: str | None) -> int:
    """``created`` in whole seconds since 1970; 0 if it is not set."""
    return nanoseconds(created) // _NANOS


def rfc3339(at_ns: int) -> str:
    """``at_ns`` as Go prints it (RFC3339Nano, UTC); Go's zero time for 0."""
    if at_ns == 0:
        return NEVER
    whole, nanos = divmod(at_ns, _NANOS)
    moment = datetime.datetime.fromtimestamp(whole, datetime.UTC)
    fraction = f".{nanos:09d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
