"""Stopping: a polite signal, time, and then KILL."""

from __future__ import annotations

import asyncio

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.kill import deliver
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.settle import settled
from sampan.errors import NotModified
from sampan.events.bus import EventBus
from sampan.runtime.tasks import Tasks
from sampan.wire.signals import parse_signal

_DEFAULT_TIMEOUT_S = 10
_SIGKILL = 9


class StopContainer:
    """``POST /containers/{id}/stop``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, events: EventBus
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._events = events

    async def __call__(self, ref: str, *, signal: str | None = None, timeout_s: int | None = None) -> None:
        """Stop a container: its stop signal, ``timeout_s`` seconds (-1: for ever), then KILL.

        Without ``timeout_s``, the container's own stop timeout counts, or 10 seconds.

        Raises:
            NotModified: it does not run.
            NotFound: an unknown container.
            InvalidArgument: an unknown signal.
        """
        record = await settled(self._store, self._live, ref)
        number = stop_signal(record, signal)
        if not record.phase.is_running:
            raise NotModified(f"container {ref} is not running", kind="container", ref=ref)
        live = self._live.of(record.id)
        live.stop_asked = True
        await deliver(self._tasks, record, number)
        announce(self._events, record, "kill", signal=str(number))
        if not await _ended_within(live.ended, stop_timeout(record, timeout_s)):
            await deliver(self._tasks, self._store.get(record.id), _SIGKILL)
            announce(self._events, record, "kill", signal=str(_SIGKILL))
            await live.ended.wait()
        announce(self._events, record, "stop")


def stop_signal(record: ContainerRecord, asked: str | None) -> int:
    """The number of the signal that asks this container to stop. Raises InvalidArgument."""
    configured = record.config.stop_signal
    return parse_signal(asked or (configured if isinstance(configured, str) else "") or "SIGTERM")


def stop_timeout(record: ContainerRecord, asked_s: int | None) -> float | None:
    """How long to wait before KILL, in seconds; None is for ever."""
    configured = record.config.stop_timeout
    seconds = asked_s
    if seconds is None:
        seconds = configured if isinstance(configured, int) else _DEFAULT_TIMEOUT_S
    return None if seconds < 0 else seconds


async def _ended_within(ended: asyncio.Event, timeout_s: float | None) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await ended.wait()
    except TimeoutError:
        return False
    return True
