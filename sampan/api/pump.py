"""Carrying a session's output and input over a connection that was taken over."""

from __future__ import annotations

import asyncio

from sampan.api.hijack import Hijacked
from sampan.engine.streams import AttachSession
from sampan.errors import Interrupted
from sampan.log import get_logger
from sampan.wire import stdcopy
from sampan.wire.stdcopy import Stream

log = get_logger(__name__)


async def pump(connection: Hijacked, session: AttachSession) -> None:
    """Serve ``session`` until its output ends, it is detached, or the client goes away."""
    try:
        await connection.head_read()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_input(connection, session))
            watching = group.create_task(_leave_with(connection, session))
            await _output(connection, session)
            reading.cancel()
            watching.cancel()
    finally:
        await session.aclose()
        connection.close()


async def _output(connection: Hijacked, session: AttachSession) -> None:
    try:
        async for stream, data in session:
            await connection.write(data if session.tty else stdcopy.encode(stream, data))
    except Interrupted as error:
        log.debug("an attached client left", reason=error)


async def _input(connection: Hijacked, session: AttachSession) -> None:
    try:
        while data := await connection.read():
            await session.write(data)
        await session.close_stdin()
    except Interrupted as error:
        # The process ended or closed its input; its output may still be coming.
        log.debug("input is not read any more", reason=error)


async def _leave_with(connection: Hijacked, session: AttachSession) -> None:
    """End the session when the connection is lost, even if the process says nothing."""
    await connection.lost.wait()
    await session.aclose()


async def tell(connection: Hijacked, message: str, *, tty: bool) -> None:
    """Send one line of text on the output stream, and close."""
    data = f"{message}\r\n".encode()
    await connection.write(data if tty else stdcopy.encode(Stream.STDOUT, data))
    connection.close()
