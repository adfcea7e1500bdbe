"""Attaching a client to a container's streams."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.live import LiveContainers
from sampan.engine.streams import Session
from sampan.errors import Conflict, Unavailable
from sampan.events.bus import EventBus
from sampan.logdrivers.file_log import LogQuery, read_log
from sampan.runtime.tasks import Tasks
from sampan.wire.detach import parse_detach_keys


@dataclasses.dataclass(frozen=True, kw_only=True)
class AttachOptions:
    """Which streams to attach, and whether to begin with what was logged before."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    stream: bool = False
    logs: bool = False
    detach_keys: str | None = None


class AttachContainer:
    """``POST /containers/{id}/attach``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, events: EventBus
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._events = events

    async def __call__(self, ref: str, *, options: AttachOptions) -> Session:
        """A session on a container's streams; one that does not run is attached when it starts.

        Raises:
            NotFound: an unknown container.
            Conflict: it is paused, or being removed.
            InvalidArgument: bad detach keys.
        """
        record = self._store.resolve(ref)
        if record.phase.value == "paused":
            raise Conflict(
                f"container {ref} is paused, unpause the container before attach", kind="container", ref=ref
            )
        if record.phase.value in ("removing", "dead"):
            raise Conflict(f"container {ref} is being removed", kind="container", ref=ref)
        live = self._live.of(record.id)
        past = None
        if options.logs:
            query = LogQuery(stdout=options.stdout, stderr=options.stderr)
            past = read_log(self._tasks_log(record), query, live.ended)
        session = Session(
            tty=record.config.tty,
            stdin=options.stdin and record.config.open_stdin,
            stdout=options.stdout,
            stderr=options.stderr,
            detach_keys=parse_detach_keys(options.detach_keys),
            on_detach=lambda: announce(self._events, record, "detach"),
            past=past,
        )
        if not options.stream:
            session.abandon()
            return session
        if record.phase.is_running:
            try:
                session.connect(self._tasks.streams(self._tasks.paths.task(record.id)))
            except Unavailable:
                if live.ended.is_set() or not self._store.get(record.id).phase.is_running:
                    session.abandon()
                else:
                    raise
        else:
            live.waiting_sessions.append(session)
        announce(self._events, record, "attach")
        return session

    def _tasks_log(self, record: ContainerRecord) -> Path:
        return Path(record.log_path)
