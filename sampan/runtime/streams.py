"""The standard streams of a task or exec, through conmon's attach socket.

The socket keeps message boundaries. Each message from conmon is one byte that names the
pipe and up to 8 KiB of data; what we send is the process's input, and shutting down our
sending side is its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

from sampan.errors import Interrupted, Unavailable
from sampan.linux.pidfd import wait_readable
from sampan.wire.stdcopy import Stream

# conmon reads input into a buffer of this size; a longer packet would lose its end.
_PACKET = 8192
# Several packets are handed on as one frame, so that fast output costs fewer writes.
_FRAME = 65536
_STREAMS = {2: Stream.STDOUT, 3: Stream.STDERR}


class StreamConnection:
    """One connection to a process's standard streams. Not for concurrent readers."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._held: tuple[Stream, bytes] | None = None
        self._ended = False

    @classmethod
    def open(cls, path: Path) -> StreamConnection:
        """Connect to the attach socket at ``path``. Raises Unavailable if nobody listens."""
        # Socket addresses hold 107 bytes; a descriptor of the directory makes any path fit.
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                connection.connect(f"/proc/self/fd/{directory}/{path.name}")
            finally:
                os.close(directory)
        except OSError as error:
            connection.close()
            raise Unavailable(
                f"cannot attach to the container's streams: {error}", kind="container"
            ) from error
        return cls(connection)

    async def read(self) -> tuple[Stream, bytes] | None:
        """The next output and its stream; None at the end. Waits as long as it takes."""
        while not self._ended:
            frame = self._take()
            if frame is not None:
                # Let others run: a container that writes without pause must not own the loop.
                await asyncio.sleep(0)
                return frame
            if not self._ended:
                await wait_readable(self._socket.fileno())
        held, self._held = self._held, None
        return held

    def _take(self) -> tuple[Stream, bytes] | None:
        """What has arrived, joined while it is of one stream; None if nothing has."""
        held, self._held = self._held, None
        stream, parts, size = (held[0], [held[1]], len(held[1])) if held else (None, [], 0)
        while size < _FRAME:
            try:
                packet = self._socket.recv(_PACKET + 1)
            except BlockingIOError:
                break
            except ConnectionResetError:
                # conmon ended with input of ours unread. Linux says so once, before what is still queued.
                continue
            if not packet:
                self._ended = True
                break
            kind = _STREAMS.get(packet[0], Stream.STDOUT)
            if stream is not None and kind is not stream:
                self._held = (kind, packet[1:])
                break
            stream = kind
            parts.append(packet[1:])
            size += len(packet) - 1
        if stream is None:
            return None
        if self._ended:
            self._held = None
        return stream, b"".join(parts)

    async def write(self, data: bytes) -> None:
        """Give ``data`` to the process's input. Raises Interrupted if nobody reads it any more."""
        loop = asyncio.get_running_loop()
        try:
            for start in range(0, len(data), _PACKET):
                await loop.sock_sendall(self._socket, data[start : start + _PACKET])
        except OSError as error:
            raise Interrupted(
                f"the container no longer reads its input: {error}", kind="container"
            ) from error

    def end_input(self) -> None:
        """No more input will come; idempotent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Leave; the process is not affected. Idempotent."""
        self._ended = True
        self._socket.close()
