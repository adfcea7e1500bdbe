"""The end of a task: noticed, stored, told, cleaned up."""

from __future__ import annotations

from sampan.containers.record import ContainerRecord, Phase
from sampan.containers.store import ContainerStore
from sampan.engine.background import Background
from sampan.engine.containers.announce import announce
from sampan.engine.containers.discard import DiscardContainer
from sampan.engine.containers.live import LiveContainer, LiveContainers
from sampan.engine.containers.resources import Resources
from sampan.events.bus import EventBus
from sampan.linux import fault
from sampan.linux.pidfd import TaskProcesses
from sampan.log import bound
from sampan.runtime.tasks import Exit, Tasks

_EXECS_S = 2.0


class SuperviseTask:
    """Watches a running task until its end, and does what follows from it."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        tasks: Tasks,
        resources: Resources,
        discard: DiscardContainer,
        events: EventBus,
        background: Background,
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._resources = resources
        self._discard = discard
        self._events = events
        self._background = background

    def begin(self, container_id: str, task: TaskProcesses) -> None:
        """Watch a task in the background from now on."""
        self._background.watch(self._watch(container_id, task), name=f"watch {container_id[:12]}")

    async def _watch(self, container_id: str, task: TaskProcesses) -> None:
        how = await self._tasks.exited(container_id, task)
        fault.point("exit.noticed")
        # From here on the daemon's stop waits: the end is stored and cleaned up as one piece.
        self._background.work(self.finish(container_id, task, how), name=f"finish {container_id[:12]}")

    async def finish(self, container_id: str, task: TaskProcesses, how: Exit) -> None:
        """Store and announce how a task ended, then release what it used."""
        live = self._live.of(container_id)
        with bound(container=container_id):
            async with live.lock:
                record = self._store.find(container_id)
                if record is None or record.task != task:
                    return
                record = self._store.update(ended(record, how))
                fault.point("exit.stored")
                self._tell(live, record)
                # Their exit codes lie in the directory that is about to go.
                await live.execs_finished(_EXECS_S)
                if record.host_config.auto_remove:
                    await self._discard(record, task=task)
                else:
                    live.tell_exit(record.exit_code)
                    await self._resources.release(record.id, task)

    def _tell(self, live: LiveContainer, record: ContainerRecord) -> None:
        if record.oom_killed:
            announce(self._events, record, "oom")
        duration_s = max(0, record.finished_ns - record.started_ns) // 1_000_000_000
        announce(
            self._events,
            record,
            "die",
            exitCode=str(record.exit_code),
            execDuration=str(duration_s),
        )


def ended(record: ContainerRecord, how: Exit) -> ContainerRecord:
    """The record of a container whose task ended so."""
    return record.change(
        phase=Phase.EXITED,
        resolved_phase=Phase.EXITED,
        task=None,
        exit_code=how.code,
        finished_ns=how.at_ns,
        oom_killed=how.oom_killed,
        error="",
        network=record.network.without_endpoints(),
    )
