"""Running an exec."""

from __future__ import annotations

import msgspec

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.background import Background
from sampan.engine.containers.announce import announce
from sampan.engine.containers.exec_create import require_executable
from sampan.engine.containers.exec_inspect import require_exec
from sampan.engine.containers.live import Exec, LiveContainers
from sampan.engine.containers.plan import ExecPlanner
from sampan.engine.streams import Session
from sampan.errors import Conflict, InvalidArgument
from sampan.events.bus import EventBus
from sampan.linux.files import remove_tree
from sampan.linux.offload import offload
from sampan.models.exec import ExecStart
from sampan.runtime.conmon import RuntimeRefused
from sampan.runtime.execs import Execs, RunningExec
from sampan.runtime.refusal import StartRefused, translate
from sampan.wire.detach import parse_detach_keys

_REFUSED = 126


class StartExec:
    """``POST /exec/{id}/start``."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        execs: Execs,
        planner: ExecPlanner,
        events: EventBus,
        background: Background,
    ) -> None:
        self._store = store
        self._live = live
        self._execs = execs
        self._planner = planner
        self._events = events
        self._background = background

    async def __call__(self, exec_id: str, *, start: ExecStart) -> Session | None:
        """Start an exec's process; its session, or None if the caller wants none (``detach``).

        Raises:
            NotFound: an unknown exec.
            Conflict: it was started before, or its container does not run.
            StartRefused: its command cannot be executed; the exec's exit code is then set.
            InvalidArgument: it was created with or without a terminal, and is not started so.
        """
        exec_, record = self.startable(exec_id, start=start)
        exec_.started = True
        try:
            running = await self._run(exec_, record, start)
        finally:
            exec_.launched.set()
        session = None
        if not start.detach:
            session = self._session(exec_, record)
            session.connect(running.connection)
        else:
            running.connection.close()
        self._background.watch(self._watch(exec_, record, running), name=f"exec {exec_id[:12]}")
        return session

    def startable(self, exec_id: str, *, start: ExecStart) -> tuple[Exec, ContainerRecord]:
        """The exec and its container, if nothing that is known by now keeps it from starting.

        Raises NotFound, Conflict or InvalidArgument, as starting it would.
        """
        exec_ = require_exec(self._live, exec_id)
        record = self._store.get(exec_.container_id)
        require_executable(record.phase, record.id, record.id)
        if exec_.started:
            raise Conflict(f"exec {exec_id} has already run", kind="exec", ref=exec_id)
        if start.tty != exec_.config.tty and not start.detach:
            # The client decodes the stream by what it asked for here.
            raise InvalidArgument(
                f"exec {exec_id} was created with tty={str(exec_.config.tty).lower()}; start it the same way",
                kind="exec",
                ref=exec_id,
            )
        return exec_, record

    async def _run(self, exec_: Exec, record: ContainerRecord, start: ExecStart) -> RunningExec:
        config = exec_.config
        try:
            process = await offload(self._planner, record, config, start.console_size)
            running = await self._execs.start(
                record.id,
                exec_.id,
                msgspec.json.encode(process),
                terminal=config.tty,
                stdin=config.attach_stdin and not start.detach,
            )
        except RuntimeRefused as error:
            argv0 = (config.cmd or [""])[0]
            refusal = translate(error.message, argv0=argv0, ref=exec_.id, is_exec=True)
            exec_.exit_code = refusal.exit_code
            await offload(remove_tree, self._execs.paths.exec(record.id, exec_.id).bundle)
            raise refusal from error
        except InvalidArgument as error:
            # An unknown user, found out only in the container's own files.
            exec_.exit_code = _REFUSED
            raise StartRefused(error.message, exit_code=_REFUSED, ref=exec_.id) from error
        except BaseException:
            exec_.exit_code = 128
            raise
        exec_.processes = running.processes
        command = " ".join(config.cmd or [])
        announce(self._events, record, f"exec_start: {command}", execID=exec_.id)
        return running

    def _session(self, exec_: Exec, record: ContainerRecord) -> Session:
        config = exec_.config
        return Session(
            tty=config.tty,
            stdin=config.attach_stdin,
            stdout=config.attach_stdout,
            stderr=config.attach_stderr,
            detach_keys=parse_detach_keys(config.detach_keys),
            on_detach=lambda: announce(self._events, record, "exec_detach", execID=exec_.id),
            finished=exec_.finished,
        )

    async def _watch(self, exec_: Exec, record: ContainerRecord, running: RunningExec) -> None:
        try:
            exec_.exit_code = code = await self._execs.exited(running)
        finally:
            exec_.finished.set()
        announce(self._events, record, "exec_die", execID=exec_.id, exitCode=str(code))
        await offload(remove_tree, running.paths.bundle)
