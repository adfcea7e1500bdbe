"""Taking over a connection: after the head, both sides send raw bytes.

The transport gets a protocol of its own in place of aiohttp's, because the client may close
its sending side while it still reads: aiohttp would close the whole connection then.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import fcntl
import termios
from typing import Protocol, cast

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from sampan.api.answer import HEADERS
from sampan.errors import Interrupted

_HIGH = 1 << 18
_HEAD_CHECKS = 50
_HEAD_CHECK_S = 0.001
RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


class _Http(Protocol):
    """The parts of aiohttp's connection that a take-over touches."""

    _message_tail: bytes

    def connection_lost(self, exc: BaseException | None) -> None: ...


class Hijacked(asyncio.Protocol):
    """A connection that was taken over: read until ``b""``, write with back-pressure."""

    def __init__(self, http: _Http, transport: asyncio.Transport, tail: bytes) -> None:
        self._http = http
        self._transport = transport
        self._received: collections.deque[bytes] = collections.deque([tail] if tail else [])
        self._size = len(tail)
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False
        self.lost = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Keep what came, and stop reading from the socket while much of it waits."""
        self._received.append(data)
        self._size += len(data)
        if self._size > _HIGH:
            self._transport.pause_reading()
        self._readable.set()

    def eof_received(self) -> bool:
        """The client sends no more; the connection stays open for our side."""
        self._ended = True
        self._readable.set()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone; aiohttp's own bookkeeping is told as well."""
        self._ended = True
        self.lost.set()
        self._readable.set()
        self._writable.set()
        self._http.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read fast enough."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    async def read(self) -> bytes:
        """What the client sent next; ``b""`` when it sends no more."""
        while not self._received:
            if self._ended:
                return b""
            self._readable.clear()
            await self._readable.wait()
        data = self._received.popleft()
        before, self._size = self._size, self._size - len(data)
        if before > _HIGH >= self._size and not self.lost.is_set():
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send ``data``; waits while the client does not read. Raises Interrupted if it is gone."""
        await self._writable.wait()
        if self.lost.is_set():
            raise Interrupted("the client closed the connection", kind="connection")
        self._transport.write(data)

    async def head_read(self) -> None:
        """Return when the client has read what was sent, or after a twentieth of a second.

        docker-py loses what it receives in one piece with the head. The kernel tells how much
        is unread, and has no event for it.
        """
        fd = self._transport.get_extra_info("socket").fileno()
        for _ in range(_HEAD_CHECKS):
            if self.lost.is_set() or not int.from_bytes(
                fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), "little"
            ):
                return
            await asyncio.sleep(_HEAD_CHECK_S)

    def close(self) -> None:
        """Send what is left, then close; idempotent."""
        self._transport.close()


class Taken(StreamResponse):
    """What a route returns whose connection was taken over: there is nothing more to send."""

    async def prepare(self, request: BaseRequest) -> None:
        """Nothing: the head was sent by the take-over."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing."""


def take_over(request: BaseRequest, *, content_type: str) -> Hijacked:
    """Send the head and take the connection; ``Upgrade`` is answered with 101, plain with 200.

    Raises Interrupted if the client is gone already.
    """
    transport = request.transport
    if transport is None:
        raise Interrupted("the client closed the connection", kind="connection")
    http = cast("_Http", request.protocol)
    # What the client sent behind the request's head already belongs to the stream.
    tail, http._message_tail = http._message_tail, b""  # noqa: SLF001 - aiohttp has no public way
    upgrade = "Upgrade" in request.headers
    lines = ["HTTP/1.1 101 UPGRADED" if upgrade else "HTTP/1.1 200 OK"]
    lines.append(f"Content-Type: {content_type if upgrade else RAW}")
    if upgrade:
        lines += ["Connection: Upgrade", "Upgrade: tcp"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    connection = Hijacked(http, transport, tail)
    transport.set_protocol(connection)
    with contextlib.suppress(RuntimeError):
        # aiohttp pauses reading while a request's body waits unread.
        transport.resume_reading()
    transport.write("\r\n".join((*lines, "", "")).encode("latin-1"))
    return connection
