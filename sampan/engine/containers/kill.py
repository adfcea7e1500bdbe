"""Signals to a container's first process."""

from __future__ import annotations

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.settle import settled
from sampan.errors import Conflict
from sampan.events.bus import EventBus
from sampan.linux import pidfd
from sampan.runtime.tasks import Tasks
from sampan.wire.signals import parse_signal

_SIGKILL = 9


class KillContainer:
    """``POST /containers/{id}/kill``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, events: EventBus
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._events = events

    async def __call__(self, ref: str, *, signal: str = "") -> None:
        """Send ``signal`` (a name or number, KILL by default); KILL is waited for.

        Raises:
            InvalidArgument: an unknown signal.
            NotFound: an unknown container.
            Conflict: it does not run.
        """
        number = parse_signal(signal or "KILL")
        record = await settled(self._store, self._live, ref)
        if not record.phase.is_running:
            raise Conflict(
                f"cannot kill container: {ref}: container {record.id} is not running",
                kind="container",
                ref=ref,
            )
        if number == _SIGKILL:
            self._live.of(record.id).stop_asked = True
        await deliver(self._tasks, record, number)
        announce(self._events, record, "kill", signal=str(number))
        if number == _SIGKILL:
            await self._live.of(record.id).ended.wait()


async def deliver(tasks: Tasks, record: ContainerRecord, number: int) -> None:
    """Send a signal to the container's first process; nothing happens if it has just ended.

    A frozen container is thawed for SIGKILL, which it would otherwise not notice.
    """
    if record.task is None:
        return
    pidfd.send_signal(record.task.init, number)
    if number == _SIGKILL and record.phase.value == "paused":
        await tasks.oci.resume(record.id)
