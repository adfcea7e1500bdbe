"""Waiting for a container's exit or removal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from sampan.containers.store import ContainerStore
from sampan.engine.containers.live import LiveContainers
from sampan.errors import InvalidArgument
from sampan.models.container import WaitResult

_CONDITIONS = ("not-running", "next-exit", "removed")


class WaitContainer:
    """``POST /containers/{id}/wait``."""

    def __init__(self, *, store: ContainerStore, live: LiveContainers) -> None:
        self._store = store
        self._live = live

    async def __call__(self, ref: str, *, condition: str = "") -> Awaitable[WaitResult]:
        """Register for ``condition``; await the result for the exit code.

        ``not-running`` (the default) is answered at once by a container that does not run.

        Raises:
            InvalidArgument: an unknown condition.
            NotFound: an unknown container.
        """
        condition = condition or "not-running"
        if condition not in _CONDITIONS:
            raise InvalidArgument(
                f'invalid condition: "{condition}"; use one of {", ".join(_CONDITIONS)}', kind="condition"
            )
        record = self._store.resolve(ref)
        answer: asyncio.Future[WaitResult] = asyncio.get_running_loop().create_future()
        live = self._live.of(record.id)
        if condition == "removed":
            live.removals.add(answer)
        elif condition == "not-running" and not record.phase.has_task:
            answer.set_result(WaitResult(status_code=record.exit_code))
        else:
            live.exits.add(answer)
        return answer
