"""A client's connection to a process: output as frames, input as bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeAlias

from sampan.errors import SampanError
from sampan.wire.detach import DetachScanner
from sampan.wire.stdcopy import Stream

Frame: TypeAlias = tuple[Stream, bytes]


class StreamConnection(Protocol):
    """What a session reads from and writes to; runtime.streams has the real one."""

    async def read(self) -> Frame | None:
        """The next output, None at the end."""

    async def write(self, data: bytes) -> None:
        """Input for the process."""

    def end_input(self) -> None:
        """No more input."""

    def close(self) -> None:
        """Leave."""


class AttachSession(Protocol):
    """What the API serves to a client that attached; ``aclose`` it in any case."""

    @property
    def tty(self) -> bool:
        """Whether output is one raw stream rather than two."""

    def __aiter__(self) -> AsyncIterator[Frame]:
        """Output until the process ends or the client detaches."""

    async def write(self, data: bytes) -> None:
        """Input for the process."""

    async def close_stdin(self) -> None:
        """The client sends no more input."""

    async def aclose(self) -> None:
        """Leave; idempotent."""


class Session:
    """An attached client, perhaps of a process that has not started yet.

    It begins unconnected; ``connect`` gives it the process's streams, ``abandon`` ends it
    because there will be none. Input that arrives earlier waits. With ``finished`` the end
    of the output is held back until that event.
    """

    def __init__(
        self,
        *,
        tty: bool,
        stdin: bool,
        stdout: bool,
        stderr: bool,
        detach_keys: bytes = b"",
        on_detach: Callable[[], None] | None = None,
        past: AsyncIterator[Frame] | None = None,
        finished: asyncio.Event | None = None,
    ) -> None:
        self.tty = tty
        self._stdin = stdin
        self._wanted = {Stream.STDOUT} if stdout or tty else set()
        self._wanted |= {Stream.STDERR} if stderr else set()
        self._scanner = DetachScanner(detach_keys) if detach_keys and tty else None
        self._on_detach = on_detach
        self._past = past
        self._finished = finished
        self._connection: StreamConnection | None = None
        self._settled = asyncio.Event()
        self._closed = False

    def connect(self, connection: StreamConnection) -> None:
        """Give the session its streams; it closes them."""
        if self._closed:
            connection.close()
        else:
            self._connection = connection
        self._settled.set()

    def abandon(self) -> None:
        """There is nothing to attach to: the output is at its end."""
        self._settled.set()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        if self._past is not None:
            async for frame in self._past:
                if frame[0] in self._wanted:
                    yield frame
        await self._settled.wait()
        connection = self._connection
        while connection is not None and not self._closed:
            output = await connection.read()
            if output is None:
                # The end of the stream tells clients that the exit code can be asked for.
                if self._finished is not None:
                    await self._finished.wait()
                return
            if output[0] in self._wanted:
                yield output

    async def write(self, data: bytes) -> None:
        """Input for the process; the detach keys in it end the session instead.

        Raises Interrupted when the process does not read any more.
        """
        if not self._stdin or self._closed:
            return
        detached = False
        if self._scanner is not None:
            data, detached = self._scanner.feed(data)
        await self._settled.wait()
        if self._connection is not None and data:
            await self._connection.write(data)
        if detached:
            if self._on_detach is not None:
                self._on_detach()
            await self.aclose()

    async def close_stdin(self) -> None:
        """The client sends no more; the process sees the end of its input."""
        if not self._stdin:
            return
        await self._settled.wait()
        if self._connection is not None:
            self._connection.end_input()

    async def aclose(self) -> None:
        """Leave; the process runs on. Idempotent."""
        self._closed = True
        self._settled.set()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SampanError):
                connection.close()
