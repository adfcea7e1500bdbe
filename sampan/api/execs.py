"""Routes of execs."""

from __future__ import annotations

import dataclasses

from aiohttp.web_response import StreamResponse

from sampan.api import answer
from sampan.api.call import Call
from sampan.api.containers import stream_type, terminal_size
from sampan.api.hijack import Taken, take_over
from sampan.api.pump import pump, tell
from sampan.api.router import Route
from sampan.engine.containers.exec_create import CreateExec
from sampan.engine.containers.exec_inspect import InspectExec, ResizeExec
from sampan.engine.containers.exec_start import StartExec
from sampan.models.exec import ExecConfig, ExecStart
from sampan.runtime.refusal import StartRefused


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExecRoutes:
    """The use cases that these routes call."""

    create: CreateExec
    start: StartExec
    inspect: InspectExec
    resize: ResizeExec

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("POST", "/containers/{id}/exec", self._create, durable=True),
            Route("POST", "/exec/{id}/start", self._start),
            Route("GET", "/exec/{id}/json", self._inspect),
            Route("POST", "/exec/{id}/resize", self._resize),
        ]

    async def _create(self, call: Call) -> StreamResponse:
        config = await call.json(ExecConfig)
        return answer.json(await self.create(call.path["id"], config=config), 201)

    async def _start(self, call: Call) -> StreamResponse:
        start = await call.optional_json(ExecStart, ExecStart())
        try:
            session = await self.start(call.path["id"], start=start)
        except StartRefused as refusal:
            if start.detach:
                raise
            # Clients learn of it from the stream and the exec's exit code, as with Docker.
            connection = take_over(call.request, content_type=stream_type(call, tty=start.tty))
            await tell(connection, refusal.message, tty=start.tty)
            return Taken()
        if session is None:
            return answer.nothing(200)
        try:
            connection = take_over(call.request, content_type=stream_type(call, tty=start.tty))
        except BaseException:
            await session.aclose()
            raise
        await pump(connection, session)
        return Taken()

    async def _inspect(self, call: Call) -> StreamResponse:
        return answer.json(await self.inspect(call.path["id"]))

    async def _resize(self, call: Call) -> StreamResponse:
        height, width = terminal_size(call)
        await self.resize(call.path["id"], height=height, width=width)
        return answer.nothing(200)
