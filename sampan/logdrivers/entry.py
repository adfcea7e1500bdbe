"""One line of a container's log file, as conmon writes it.

``2026-01-02T03:04:05.123456789+00:00 stdout F text``: the time, the stream, ``F`` for a
complete line or ``P`` for a part whose line end is still to come, and the bytes.
"""

from __future__ import annotations

import dataclasses
import datetime

from sampan.wire.stdcopy import Stream

_STREAMS = {b"stdout": Stream.STDOUT, b"stderr": Stream.STDERR}
_NANOS = 1_000_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A piece of output; ``at`` is its time as written, ``data`` ends in a newline if the line did."""

    at: bytes
    stream: Stream
    data: bytes

    @property
    def at_ns(self) -> int:
        """Its time in nanoseconds since 1970."""
        return parse_time(self.at)


def parse_entry(line: bytes) -> Entry | None:
    """An entry from one line without its newline; None if it is not of this form."""
    parts = line.split(b" ", 3)
    if len(parts) < 3 or parts[1] not in _STREAMS:
        return None
    data = parts[3] if len(parts) == 4 else b""
    return Entry(parts[0], _STREAMS[parts[1]], data + b"\n" if parts[2] == b"F" else data)


def parse_time(text: bytes) -> int:
    """Nanoseconds since 1970 of a time such as ``2026-01-02T03:04:05.123456789+00:00``."""
    base = text[:19].decode("ascii")
    rest = text[19:].decode("ascii")
    fraction, sign = rest, ""
    for mark in ("+", "-", "Z"):
        head, found, tail = rest.partition(mark)
        if found:
            fraction, sign = head, found + tail
            break
    offset = "+00:00" if sign in ("", "Z") else sign
    seconds = int(datetime.datetime.fromisoformat(base + offset).timestamp())
    nanos = int(fraction[1:].ljust(9, "0")[:9]) if len(fraction) > 1 else 0
    return seconds * _NANOS + nanos


def docker_time(text: bytes) -> bytes:
    """The time as ``docker logs --timestamps`` prints it: UTC, nine digits, ``Z``."""
    if text.endswith(b"+00:00"):
        return text[:-6] + b"Z"
    nanos = parse_time(text)
    when = datetime.datetime.fromtimestamp(nanos // _NANOS, datetime.UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{nanos % _NANOS:09d}Z".encode()
