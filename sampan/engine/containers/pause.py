"""Freezing and thawing a container."""

from __future__ import annotations

from sampan.containers.record import Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.live import LiveContainers
from sampan.errors import Conflict
from sampan.events.bus import EventBus
from sampan.runtime.tasks import Tasks


class PauseContainer:
    """``POST /containers/{id}/pause``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, events: EventBus
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._events = events

    async def __call__(self, ref: str) -> None:
        """Freeze every process of a running container. Raises NotFound, Conflict."""
        record = self._store.resolve(ref)
        async with self._live.of(record.id).lock:
            record = self._store.get(record.id)
            if record.phase is Phase.PAUSED:
                raise Conflict(f"Container {ref} is already paused", kind="container", ref=ref)
            if record.phase is not Phase.RUNNING:
                raise Conflict(f"Container {record.id} is not running", kind="container", ref=ref)
            await self._tasks.oci.pause(record.id)
            record = self._store.update(record.change(phase=Phase.PAUSED))
        announce(self._events, record, "pause")


class UnpauseContainer:
    """``POST /containers/{id}/unpause``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, events: EventBus
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._events = events

    async def __call__(self, ref: str) -> None:
        """Let a frozen container go on. Raises NotFound, Conflict."""
        record = self._store.resolve(ref)
        async with self._live.of(record.id).lock:
            record = self._store.get(record.id)
            if record.phase is not Phase.PAUSED:
                raise Conflict(f"Container {ref} is not paused", kind="container", ref=ref)
            await self._tasks.oci.resume(record.id)
            record = self._store.update(record.change(phase=Phase.RUNNING))
        announce(self._events, record, "unpause")
