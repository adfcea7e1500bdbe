"""Routes of the engine as a whole, and of networks."""

from __future__ import annotations

import dataclasses

import msgspec
from aiohttp.web_response import StreamResponse

from sampan.api import answer
from sampan.api.call import Call
from sampan.api.router import Route
from sampan.engine.system.disk import DiskUsage
from sampan.engine.system.events import SubscribeEvents
from sampan.engine.system.info import DescribeEngine
from sampan.engine.system.networks import InspectNetwork, ListNetworks
from sampan.engine.system.version import DescribeVersion

_encode = msgspec.json.Encoder().encode
# What a client needs before it says which version it speaks. Builder-Version 1: this build
# has no BuildKit, so that the docker CLI does not look for it.
_PING = {
    "Builder-Version": "1",
    "Swarm": "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SystemRoutes:
    """The use cases that these routes call."""

    version: DescribeVersion
    info: DescribeEngine
    events: SubscribeEvents
    disk: DiskUsage
    networks: ListNetworks
    network: InspectNetwork

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("GET", "/_ping", self._ping),
            Route("HEAD", "/_ping", self._ping),
            Route("GET", "/version", self._version),
            Route("GET", "/info", self._info),
            Route("GET", "/events", self._events),
            Route("GET", "/system/df", self._disk),
            Route("GET", "/networks", self._networks),
            Route("GET", "/networks/{id}", self._network),
        ]

    async def _ping(self, call: Call) -> StreamResponse:
        return answer.text("" if call.request.method == "HEAD" else "OK", extra=_PING)

    async def _version(self, call: Call) -> StreamResponse:
        return answer.json(await self.version())

    async def _info(self, call: Call) -> StreamResponse:
        return answer.json(await self.info())

    async def _disk(self, call: Call) -> StreamResponse:
        return answer.json(await self.disk())

    async def _networks(self, call: Call) -> StreamResponse:
        return answer.json(await self.networks(filters=call.filters()))

    async def _network(self, call: Call) -> StreamResponse:
        return answer.json(await self.network(call.path["id"]))

    async def _events(self, call: Call) -> StreamResponse:
        stream = await self.events(
            since_ns=call.time_ns("since"), until_ns=call.time_ns("until"), filters=call.filters()
        )
        response = await answer.begin_stream(call, "application/json")
        async for event in stream:
            await response.write(_encode(event) + b"\n")
        await response.write_eof()
        return response
