"""The HTTP server: connections in, routes called, errors turned to answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse
from aiohttp.web_server import Server

from sampan.api import answer
from sampan.api.call import Call
from sampan.api.hijack import Taken
from sampan.api.router import Match, Route, Router
from sampan.errors import InternalError, SampanError
from sampan.log import get_logger

log = get_logger(__name__)
_HEAD_LIMIT = 1 << 20


class ApiServer:
    """Serves ``routes`` on sockets that are listening already."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._router = Router(routes)
        # A client that leaves cancels its request: waits, logs and events end with it. Routes
        # that change something are marked durable and run to their end all the same.
        # Filters and names stand in the request's line, which Go's servers let grow to a megabyte.
        self._http = Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT,
        )
        self._servers: list[asyncio.Server] = []
        self._durable: set[asyncio.Task[StreamResponse]] = set()

    async def listen(self, listeners: Iterable[socket.socket]) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()
        for listener in listeners:
            listener.setblocking(False)
            if listener.family == socket.AF_UNIX:
                server = await loop.create_unix_server(self._http, sock=listener)
            else:
                server = await loop.create_server(self._http, sock=listener)
            self._servers.append(server)

    async def aclose(self, timeout_s: float) -> None:
        """Accept no more, let changes under way finish within ``timeout_s``, close connections."""
        for server in self._servers:
            server.close()
        if self._durable:
            await asyncio.wait(set(self._durable), timeout=timeout_s)
        await self._http.shutdown(timeout=1.0)

    async def _handle(self, request: BaseRequest) -> StreamResponse:
        try:
            match = self._router.match(request.method, request.rel_url.raw_path)
            response = await self._call(request, match)
        except SampanError as error:
            if isinstance(error, InternalError):
                log.error("a request failed", method=request.method, path=request.path, error=error)
            return answer.error(error)
        except asyncio.CancelledError:
            raise
        except ConnectionResetError as error:
            # Nobody is there to answer: a client that ends while it follows does just this.
            log.debug("a client left before its answer", path=request.path, reason=str(error))
            return Taken()
        except Exception:
            log.exception("a request failed unexpectedly", method=request.method, path=request.path)
            return answer.error(InternalError("the engine met an unexpected error; its log tells more"))
        return response

    async def _call(self, request: BaseRequest, match: Match) -> StreamResponse:
        call = Call(request, match.path, match.version)
        if not match.route.durable:
            return await match.route.handler(call)
        task = asyncio.ensure_future(match.route.handler(call))  # noqa: TID251 - owned right here
        self._durable.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[StreamResponse]) -> None:
        """Look at the outcome, which nobody does if the client has left."""
        self._durable.discard(task)
        if not task.cancelled():
            task.exception()
