"""Starting a container: mount, network, bundle, task."""

from __future__ import annotations

import contextlib
import time

import msgspec

from sampan.containers.record import ContainerRecord, Network, Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.discard import DiscardContainer
from sampan.engine.containers.exit import SuperviseTask
from sampan.engine.containers.live import LiveContainer, LiveContainers
from sampan.engine.containers.plan import TaskPlanner
from sampan.engine.containers.ports import Networks, Sandbox
from sampan.engine.containers.resources import Resources
from sampan.errors import Conflict, NotModified, SampanError
from sampan.events.bus import EventBus
from sampan.linux import fault
from sampan.linux.offload import offload
from sampan.linux.pidfd import TaskProcesses
from sampan.log import bound
from sampan.runtime.conmon import RuntimeRefused
from sampan.runtime.refusal import StartRefused, translate
from sampan.runtime.tasks import Tasks


class StartContainer:
    """``POST /containers/{id}/start``."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        tasks: Tasks,
        resources: Resources,
        networks: Networks,
        planner: TaskPlanner,
        supervise: SuperviseTask,
        discard: DiscardContainer,
        events: EventBus,
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._resources = resources
        self._networks = networks
        self._planner = planner
        self._supervise = supervise
        self._discard = discard
        self._events = events

    async def __call__(self, ref: str, *, detach_keys: str | None = None) -> None:
        """Run the container's command as a new task; sessions that waited are attached first.

        When any step fails, everything is undone and the container is as before, its
        ``error`` and exit code telling why.

        Raises:
            NotModified: it runs already.
            NotFound: an unknown container or network.
            Conflict: it is paused or being removed.
            StartRefused: its command cannot be executed.
        """
        container_id = self._store.resolve(ref).id
        live = self._live.of(container_id)
        with bound(container=container_id):
            async with live.lock:
                record = self._store.get(container_id)
                _require_startable(record, ref)
                await self._start(record, live)

    async def _start(self, record: ContainerRecord, live: LiveContainer) -> None:
        before = record
        record = self._store.update(
            record.change(phase=Phase.STARTING, resolved_phase=before.phase, task=None)
        )
        live.ended.clear()
        live.stop_asked = False
        self._live.drop_execs(live)
        try:
            async with contextlib.AsyncExitStack() as undo:
                undo.push_async_callback(self._resources.release, record.id, None)
                record, task = await self._create_task(record)
                await self._run(record, task, live)
                undo.pop_all()
        except BaseException as error:
            await self._failed(before, live, error)
            raise
        self._supervise.begin(record.id, task)

    async def _create_task(self, record: ContainerRecord) -> tuple[ContainerRecord, TaskProcesses]:
        mode = record.host_config.network_mode
        rootfs = await offload(self._resources.mount_root, record.id)
        fault.point("start.mounted")
        sandbox = await self._networks.create_sandbox(
            record.id, mode=mode, endpoints=record.network.requested, hostname=record.config.hostname
        )
        fault.point("start.sandboxed")
        record = record.change(network=_connected(record.network, sandbox))
        spec = await offload(self._planner, record, rootfs, sandbox)
        fault.point("start.bundled")
        config = record.config
        try:
            task = await self._tasks.create(
                record.id,
                msgspec.json.encode(spec),
                log_target=f"k8s-file:{record.log_path}" if record.log_path else "none:",
                terminal=config.tty,
                stdin=config.open_stdin,
                # A terminal stays when its client detaches, so that another can attach to it.
                keep_stdin=config.open_stdin and (config.tty or not config.stdin_once),
            )
        except RuntimeRefused as error:
            raise translate(error.message, argv0=record.argv[0], ref=record.name) from error
        fault.point("start.created")
        return record, task

    async def _run(self, record: ContainerRecord, task: TaskProcesses, live: LiveContainer) -> None:
        waiting, live.waiting_sessions = live.waiting_sessions, []
        paths = self._tasks.paths.task(record.id)
        for session in waiting:
            session.connect(self._tasks.streams(paths))
        await self._tasks.oci.start(record.id)
        fault.point("start.started")
        self._store.update(
            record.change(
                phase=Phase.RUNNING,
                task=task,
                started_ns=time.time_ns(),
                finished_ns=record.finished_ns,
                exit_code=0,
                error="",
                oom_killed=False,
            )
        )
        fault.point("start.stored")
        for name, endpoint in record.network.endpoints.items():
            self._events.publish(
                "network",
                "connect",
                endpoint.network_id,
                {"container": record.id, "name": name, "type": name},
            )
        announce(self._events, record, "start")

    async def _failed(self, before: ContainerRecord, live: LiveContainer, error: BaseException) -> None:
        """The start did not happen: the record says why, and nobody waits for it any more."""
        code = error.exit_code if isinstance(error, StartRefused) else 128
        reason = error.message if isinstance(error, SampanError) else str(error)
        record = self._store.update(before.change(exit_code=code, error=reason))
        live.abandon_sessions()
        if record.host_config.auto_remove:
            await self._discard(record)
        else:
            live.tell_exit(code)


def _connected(network: Network, sandbox: Sandbox) -> Network:
    return Network(
        requested=network.requested,
        endpoints=dict(sandbox.endpoints),
        sandbox_id=sandbox.id,
        sandbox_path=sandbox.key_path or "",
    )


def _require_startable(record: ContainerRecord, ref: str) -> None:
    match record.phase:
        case Phase.RUNNING | Phase.STARTING:
            raise NotModified(f"container {ref} is already running", kind="container", ref=ref)
        case Phase.PAUSED:
            raise Conflict("cannot start a paused container, try unpause instead", kind="container", ref=ref)
        case Phase.REMOVING | Phase.DEAD:
            raise Conflict("container is marked for removal and cannot be started", kind="container", ref=ref)
        case Phase.CREATED | Phase.EXITED:
            return
