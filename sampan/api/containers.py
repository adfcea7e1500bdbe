"""Routes of containers."""

from __future__ import annotations

import dataclasses

from aiohttp.web_response import StreamResponse

from sampan.api import answer
from sampan.api.call import Call
from sampan.api.hijack import MULTIPLEXED, RAW, Taken, take_over
from sampan.api.pump import pump
from sampan.api.router import Route
from sampan.engine.containers.attach import AttachContainer, AttachOptions
from sampan.engine.containers.create import CreateContainer
from sampan.engine.containers.inspect import InspectContainer
from sampan.engine.containers.kill import KillContainer
from sampan.engine.containers.list import ListContainers
from sampan.engine.containers.logs import ContainerLogs
from sampan.engine.containers.pause import PauseContainer, UnpauseContainer
from sampan.engine.containers.prune import PruneContainers
from sampan.engine.containers.remove import RemoveContainer
from sampan.engine.containers.rename import RenameContainer
from sampan.engine.containers.resize import ResizeContainer
from sampan.engine.containers.restart import RestartContainer
from sampan.engine.containers.start import StartContainer
from sampan.engine.containers.stop import StopContainer
from sampan.engine.containers.top import TopContainer
from sampan.engine.containers.wait import WaitContainer
from sampan.errors import InvalidArgument
from sampan.logdrivers.file_log import LogQuery
from sampan.models.container import CreateRequest
from sampan.wire import stdcopy

_MULTIPLEXED_SINCE = (1, 42)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContainerRoutes:
    """The use cases that these routes call."""

    create: CreateContainer
    start: StartContainer
    stop: StopContainer
    restart: RestartContainer
    kill: KillContainer
    pause: PauseContainer
    unpause: UnpauseContainer
    rename: RenameContainer
    remove: RemoveContainer
    wait: WaitContainer
    attach: AttachContainer
    logs: ContainerLogs
    inspect: InspectContainer
    list_: ListContainers
    top: TopContainer
    resize: ResizeContainer
    prune: PruneContainers

    def routes(self) -> list[Route]:
        """The routes, the more particular before the more general."""
        one = "/containers/{id}"
        return [
            Route("GET", "/containers/json", self._list),
            Route("POST", "/containers/create", self._create, durable=True),
            Route("POST", "/containers/prune", self._prune, durable=True),
            Route("GET", f"{one}/json", self._inspect),
            Route("GET", f"{one}/logs", self._logs),
            Route("GET", f"{one}/top", self._top),
            Route("POST", f"{one}/start", self._start, durable=True),
            Route("POST", f"{one}/stop", self._stop, durable=True),
            Route("POST", f"{one}/restart", self._restart, durable=True),
            Route("POST", f"{one}/kill", self._kill, durable=True),
            Route("POST", f"{one}/pause", self._pause, durable=True),
            Route("POST", f"{one}/unpause", self._unpause, durable=True),
            Route("POST", f"{one}/rename", self._rename, durable=True),
            Route("POST", f"{one}/resize", self._resize),
            Route("POST", f"{one}/wait", self._wait),
            Route("POST", f"{one}/attach", self._attach),
            Route("DELETE", one, self._remove, durable=True),
        ]

    async def _list(self, call: Call) -> StreamResponse:
        rows = await self.list_(
            all=call.flag("all"),
            limit=call.number("limit", 0) or 0,
            size=call.flag("size"),
            filters=call.filters(),
        )
        return answer.json(rows)

    async def _create(self, call: Call) -> StreamResponse:
        request = await call.json(CreateRequest)
        made = await self.create(
            name=call.text("name") or None, request=request, platform=call.text("platform") or None
        )
        return answer.json(made, 201)

    async def _prune(self, call: Call) -> StreamResponse:
        return answer.json(await self.prune(filters=call.filters()))

    async def _inspect(self, call: Call) -> StreamResponse:
        return answer.json(await self.inspect(call.path["id"], size=call.flag("size")))

    async def _top(self, call: Call) -> StreamResponse:
        return answer.json(await self.top(call.path["id"], ps_args=call.text("ps_args")))

    async def _start(self, call: Call) -> StreamResponse:
        if (await call.body()).strip() not in (b"", b"{}", b"null"):
            raise InvalidArgument(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
                kind="body",
            )
        await self.start(call.path["id"], detach_keys=call.text("detachKeys") or None)
        return answer.nothing()

    async def _stop(self, call: Call) -> StreamResponse:
        await self.stop(call.path["id"], signal=call.text("signal") or None, timeout_s=call.number("t"))
        return answer.nothing()

    async def _restart(self, call: Call) -> StreamResponse:
        await self.restart(call.path["id"], signal=call.text("signal") or None, timeout_s=call.number("t"))
        return answer.nothing()

    async def _kill(self, call: Call) -> StreamResponse:
        await self.kill(call.path["id"], signal=call.text("signal"))
        return answer.nothing()

    async def _pause(self, call: Call) -> StreamResponse:
        await self.pause(call.path["id"])
        return answer.nothing()

    async def _unpause(self, call: Call) -> StreamResponse:
        await self.unpause(call.path["id"])
        return answer.nothing()

    async def _rename(self, call: Call) -> StreamResponse:
        await self.rename(call.path["id"], new_name=call.text("name"))
        return answer.nothing()

    async def _resize(self, call: Call) -> StreamResponse:
        height, width = terminal_size(call)
        await self.resize(call.path["id"], height=height, width=width)
        return answer.nothing(200)

    async def _remove(self, call: Call) -> StreamResponse:
        await self.remove(
            call.path["id"], force=call.flag("force"), volumes=call.flag("v"), link=call.flag("link")
        )
        return answer.nothing()

    async def _wait(self, call: Call) -> StreamResponse:
        waiting = await self.wait(call.path["id"], condition=call.text("condition"))
        # The head goes out now: clients take it as the sign that the wait is in place.
        response = await answer.begin_stream(call, "application/json")
        await response.write(answer.json(await waiting).body)  # type: ignore[arg-type]
        await response.write_eof()
        return response

    async def _attach(self, call: Call) -> StreamResponse:
        options = AttachOptions(
            stdin=call.flag("stdin"),
            stdout=call.flag("stdout"),
            stderr=call.flag("stderr"),
            stream=call.flag("stream"),
            logs=call.flag("logs"),
            detach_keys=call.text("detachKeys") or None,
        )
        session = await self.attach(call.path["id"], options=options)
        try:
            connection = take_over(call.request, content_type=stream_type(call, tty=session.tty))
        except BaseException:
            await session.aclose()
            raise
        await pump(connection, session)
        return Taken()

    async def _logs(self, call: Call) -> StreamResponse:
        tail_text = call.text("tail")
        tail = int(tail_text) if tail_text.isascii() and tail_text.isdigit() else None
        query = LogQuery(
            stdout=call.flag("stdout"),
            stderr=call.flag("stderr"),
            since_ns=call.time_ns("since"),
            until_ns=call.time_ns("until"),
            tail=tail,
            timestamps=call.flag("timestamps"),
            follow=call.flag("follow"),
        )
        log = await self.logs(call.path["id"], query=query)
        response = await answer.begin_stream(call, stream_type(call, tty=log.tty))
        async for stream, data in log.frames:
            await response.write(data if log.tty else stdcopy.encode(stream, data))
        await response.write_eof()
        return response


def terminal_size(call: Call) -> tuple[int, int]:
    """Height and width from the query. Raises InvalidArgument if one is missing or no number."""
    height, width = call.number("h"), call.number("w")
    if height is None or width is None:
        raise InvalidArgument("a terminal's size needs both h and w", kind="parameter")
    return height, width


def stream_type(call: Call, *, tty: bool) -> str:
    """The content type of a stream; clients before 1.42 know only one."""
    return MULTIPLEXED if not tty and call.version >= _MULTIPLEXED_SINCE else RAW
