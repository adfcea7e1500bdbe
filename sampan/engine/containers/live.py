"""What the daemon holds of a container only while it runs itself: locks, waiters, sessions."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import msgspec

from sampan.engine.streams import Session
from sampan.linux.pidfd import TaskProcesses
from sampan.models.container import WaitResult
from sampan.models.exec import ExecConfig

# Clients ask for an exec's exit code after its end; so many ended ones are kept for them.
_ENDED_EXECS_KEPT = 100


class Exec(msgspec.Struct, kw_only=True):
    """An exec: created, running (``processes`` is set), or ended (``exit_code`` is set).

    ``launched`` is set when its start has succeeded or failed, ``finished`` when its monitor
    has ended and its exit code is known.
    """

    id: str
    container_id: str
    config: ExecConfig
    processes: TaskProcesses | None = None
    exit_code: int | None = None
    started: bool = False
    launched: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    finished: asyncio.Event = msgspec.field(default_factory=asyncio.Event)


@dataclasses.dataclass(eq=False)
class LiveContainer:
    """One container's live side.

    ``lock`` is held by whoever changes the container's phase. ``ended`` is set while no
    task runs. Futures in ``exits`` and ``removals`` get a result at the next exit and at
    the removal.
    """

    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    ended: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    exits: set[asyncio.Future[WaitResult]] = dataclasses.field(default_factory=set)
    removals: set[asyncio.Future[WaitResult]] = dataclasses.field(default_factory=set)
    waiting_sessions: list[Session] = dataclasses.field(default_factory=list)
    execs: dict[str, Exec] = dataclasses.field(default_factory=dict)
    stop_asked: bool = False

    async def execs_finished(self, limit_s: float) -> None:
        """Return when no exec runs any more, after ``limit_s`` in any case.

        Execs end with their PID namespace; where that is the host's, they may run on.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                for exec_ in list(self.execs.values()):
                    if exec_.processes is not None:
                        await exec_.finished.wait()

    def tell_exit(self, code: int) -> None:
        """Answer everyone who waits for the exit."""
        self.ended.set()
        _answer(self.exits, code)

    def tell_removed(self, code: int) -> None:
        """Answer everyone who waits for the removal, and those who wait for an exit that will not come."""
        _answer(self.exits, code)
        _answer(self.removals, code)

    def abandon_sessions(self) -> None:
        """End the sessions that waited for a start that did not come."""
        waiting, self.waiting_sessions = self.waiting_sessions, []
        for session in waiting:
            session.abandon()


class LiveContainers:
    """The live side of every container, made on demand."""

    def __init__(self) -> None:
        self._by_id: dict[str, LiveContainer] = {}
        self._execs: dict[str, Exec] = {}

    def of(self, container_id: str) -> LiveContainer:
        """The container's live side."""
        live = self._by_id.get(container_id)
        if live is None:
            live = self._by_id[container_id] = LiveContainer()
            live.ended.set()
        return live

    def forget(self, container_id: str) -> None:
        """Drop a removed container's live side and its execs; idempotent."""
        live = self._by_id.pop(container_id, None)
        if live is not None:
            self.drop_execs(live)

    def add_exec(self, exec_: Exec) -> None:
        """Make an exec known; the oldest ended ones are forgotten when they are many."""
        execs = self.of(exec_.container_id).execs
        execs[exec_.id] = exec_
        self._execs[exec_.id] = exec_
        if len(execs) > _ENDED_EXECS_KEPT:
            ended = [found.id for found in execs.values() if found.exit_code is not None]
            for exec_id in ended[: len(execs) - _ENDED_EXECS_KEPT]:
                del execs[exec_id], self._execs[exec_id]

    def find_exec(self, exec_id: str) -> Exec | None:
        """An exec by its full id, or None."""
        return self._execs.get(exec_id)

    def drop_execs(self, live: LiveContainer) -> None:
        """Forget the execs of a container's last run."""
        for exec_id in live.execs:
            self._execs.pop(exec_id, None)
        live.execs.clear()


def _answer(waiters: set[asyncio.Future[WaitResult]], code: int) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(WaitResult(status_code=code))
    waiters.clear()
