"""The multiplexed stream of attach, exec and logs: an 8-byte header, then data.

Header: the stream's number, three zero bytes, and the length of the data as a big-endian
32-bit number (Engine API, "Stream format" of ContainerAttach).
"""

from __future__ import annotations

import enum
import struct

from sampan.errors import InvalidArgument

_HEADER = struct.Struct(">BxxxL")


class Stream(enum.IntEnum):
    """Which stream a frame is of; SYSTEM carries an error of the engine."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    SYSTEM = 3


_STREAMS = {int(stream): stream for stream in Stream}


def encode(stream: Stream, data: bytes) -> bytes:
    """One frame."""
    return _HEADER.pack(stream, len(data)) + data


class Decoder:
    """Frames from a byte stream cut anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Stream, bytes]]:
        """The frames that ``data`` completes. Raises InvalidArgument for an unknown stream number."""
        self._buffer += data
        frames: list[tuple[Stream, bytes]] = []
        position = 0
        while len(self._buffer) - position >= _HEADER.size:
            number, length = _HEADER.unpack_from(self._buffer, position)
            stream = _STREAMS.get(number)
            if stream is None:
                raise InvalidArgument(f"unrecognized stream: {number}", kind="stream")
            end = position + _HEADER.size + length
            if end > len(self._buffer):
                break
            frames.append((stream, bytes(self._buffer[position + _HEADER.size : end])))
            position = end
        del self._buffer[:position]
        return frames

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._buffer)
