"""After a start of the daemon: what runs is observed, and the records follow it."""

from __future__ import annotations

import asyncio

from sampan.containers.record import ContainerRecord, Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.discard import DiscardContainer
from sampan.engine.containers.exit import SuperviseTask, ended
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.ports import Networks, Snapshots
from sampan.engine.containers.resources import Resources
from sampan.linux.files import remove_tree
from sampan.linux.mounts import mounted_under, unmount
from sampan.linux.offload import offload
from sampan.linux.pidfd import TaskProcesses
from sampan.log import get_logger
from sampan.runtime.tasks import UNKNOWN_EXIT, Exit, Tasks

log = get_logger(__name__)

# Recoveries of single containers run side by side, but not so many that they starve each other.
_PARALLEL = 16


class RecoverContainers:
    """Brings records and reality together; run it once, before the API answers."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        tasks: Tasks,
        resources: Resources,
        snapshots: Snapshots,
        networks: Networks,
        supervise: SuperviseTask,
        discard: DiscardContainer,
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._resources = resources
        self._snapshots = snapshots
        self._networks = networks
        self._supervise = supervise
        self._discard = discard

    async def __call__(self) -> None:
        """Adopt running tasks, store ends nobody saw, finish removals, clear what has no owner."""
        limit = asyncio.Semaphore(_PARALLEL)
        # Strangers first: a removed container's mounts must not keep its directories busy.
        await self._remove_strangers()
        async with asyncio.TaskGroup() as group:
            for record in self._store:
                group.create_task(self._one(record, limit))
        await self._networks.reconcile([record.id for record in self._store if record.phase.has_task])
        await offload(self._snapshots.sweep)

    async def _one(self, record: ContainerRecord, limit: asyncio.Semaphore) -> None:
        async with limit, self._live.of(record.id).lock:
            match record.phase:
                case Phase.REMOVING | Phase.DEAD:
                    log.info("finishing a removal", container=record.id)
                    await self._discard(record)
                case Phase.STARTING | Phase.RUNNING | Phase.PAUSED:
                    await self._task_of(record)
                case Phase.CREATED | Phase.EXITED:
                    if record.phase is Phase.EXITED and record.host_config.auto_remove:
                        await self._discard(record)
                    else:
                        await self._resources.release(record.id, None)

    async def _task_of(self, record: ContainerRecord) -> None:
        """A container whose task was running, or about to, when the last daemon ended."""
        how = self._tasks.exit_of(record.id)
        if how is None:
            running = await self._tasks.find_running(record.id)
            if running is not None:
                self._adopt(record, running)
                return
            # The task may have ended between the two looks.
            how = self._tasks.exit_of(record.id)
        if record.phase is Phase.STARTING and how is None:
            log.info("undoing a start that was cut short", container=record.id)
            await self._resources.release(record.id, None)
            self._store.update(
                record.change(
                    phase=record.resolved_phase, task=None, network=record.network.without_endpoints()
                )
            )
            return
        if how is None:
            log.warning("a container ended unseen", container=record.id)
            how = Exit(code=UNKNOWN_EXIT, at_ns=record.started_ns)
        record = self._store.update(ended(record, how))
        log.info("a container ended while no daemon ran", container=record.id, code=how.code)
        if record.host_config.auto_remove:
            await self._discard(record)
        else:
            await self._resources.release(record.id, None)

    def _adopt(self, record: ContainerRecord, running: TaskProcesses) -> None:
        phase = record.phase if record.phase is Phase.PAUSED else Phase.RUNNING
        self._store.update(record.change(phase=phase, task=running))
        self._live.of(record.id).ended.clear()
        self._supervise.begin(record.id, running)
        log.info("found a running container", container=record.id, pid=running.init.pid)

    async def _remove_strangers(self) -> None:
        """Runtime state, mounts, bundles, files and snapshots that belong to no container."""
        known = {record.id for record in self._store}
        bundles = self._tasks.paths.containers
        strangers = {path.name for path in bundles.iterdir()} | set(self._tasks.oci.known())
        for container_id in sorted(strangers - known):
            log.info("removing what is left of a container", container=container_id)
            await self._tasks.destroy(container_id, None)
            await offload(self._resources.unmount_root, container_id)
        await offload(self._remove_strange_files, known)

    def _remove_strange_files(self, known: set[str]) -> None:
        bundles = self._tasks.paths.containers
        for target in mounted_under(str(bundles)):
            owner = target.removeprefix(f"{bundles}/").split("/", 1)[0]
            if owner not in known:
                unmount(target, detach=True, missing_ok=True)
        for path in self._resources.directories():
            if path.name not in known:
                remove_tree(path)
        for key in self._resources.container_snapshots():
            if key not in known:
                self._snapshots.remove(key)
