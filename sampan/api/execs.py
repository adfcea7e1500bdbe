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
from sampan.errors import InternalError, SampanError
from sampan.log import get_logger
from sampan.models.exec import ExecConfig, ExecStart

log = get_logger(__name__)


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
        exec_id = call.path["id"]
        start = await call.optional_json(ExecStart, ExecStart())
        if start.detach:
            await self.start(exec_id, start=start)
            return answer.nothing(200)
        self.start.startable(exec_id, start=start)
        # The head goes out before the process starts: docker-py loses output that arrives with it.
        connection = take_over(call.request, content_type=stream_type(call, tty=start.tty))
        try:
            session = await self.start(exec_id, start=start)
        except SampanError as error:
            # Clients learn of it from the stream and the exec's exit code, as with Docker.
            if isinstance(error, InternalError):
                log.error("an exec could not be started", exec=exec_id, error=error)
            await tell(connection, error.message, tty=start.tty)
            return Taken()
        except BaseException:
            connection.close()
            raise
        assert session is not None, "only a detached exec has no session"
        await pump(connection, session)
        return Taken()

    async def _inspect(self, call: Call) -> StreamResponse:
        return answer.json(await self.inspect(call.path["id"]))

    async def _resize(self, call: Call) -> StreamResponse:
        height, width = terminal_size(call)
        await self.resize(call.path["id"], height=height, width=width)
        return answer.nothing(200)
