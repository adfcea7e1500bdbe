"""Stop and start in one call."""

from __future__ import annotations

import contextlib

from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.start import StartContainer
from sampan.engine.containers.stop import StopContainer
from sampan.errors import NotModified
from sampan.events.bus import EventBus


class RestartContainer:
    """``POST /containers/{id}/restart``."""

    def __init__(
        self, *, store: ContainerStore, stop: StopContainer, start: StartContainer, events: EventBus
    ) -> None:
        self._store = store
        self._stop = stop
        self._start = start
        self._events = events

    async def __call__(self, ref: str, *, signal: str | None = None, timeout_s: int | None = None) -> None:
        """Stop a container if it runs, and start it. Raises what stop and start raise."""
        record = self._store.resolve(ref)
        with contextlib.suppress(NotModified):
            await self._stop(record.id, signal=signal, timeout_s=timeout_s)
        await self._start(record.id)
        announce(self._events, self._store.get(record.id), "restart")
