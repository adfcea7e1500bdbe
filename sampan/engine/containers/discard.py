"""Forgetting a container whose task has ended, and everything it had on disk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sampan.containers.record import ContainerRecord, Phase
from sampan.containers.store import ContainerStore
from sampan.engine.background import Background
from sampan.engine.containers.announce import announce
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.ports import Images
from sampan.engine.containers.resources import Resources
from sampan.events.bus import EventBus
from sampan.linux import fault
from sampan.linux.pidfd import TaskProcesses


class DiscardContainer:
    """The common end of ``rm`` and of auto-remove; call it with the container's lock held."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        resources: Resources,
        events: EventBus,
        background: Background,
        images: Images,
        collect: Callable[[], Awaitable[object]],
    ) -> None:
        self._images = images
        self._collect = collect
        self._store = store
        self._live = live
        self._resources = resources
        self._events = events
        self._background = background

    async def __call__(self, record: ContainerRecord, *, task: TaskProcesses | None = None) -> None:
        """Remove a container that does not run.

        Its record and snapshot go before the callers are answered; files, mounts, cgroups
        and the network namespace follow in the background. Should the daemon be killed in
        between, recovery finds them without an owner and removes them.
        """
        record = self._store.update(record.change(phase=Phase.REMOVING))
        fault.point("remove.marked")
        live = self._live.of(record.id)
        live.abandon_sessions()
        self._resources.forget(record)
        fault.point("remove.snapshot")
        self._store.remove(record.id)
        fault.point("remove.stored")
        self._live.forget(record.id)
        announce(self._events, record, "destroy")
        live.ended.set()
        live.tell_removed(record.exit_code)
        self._background.work(self._clean_up(record, task), name=f"destroy {record.id[:12]}")

    async def _clean_up(self, record: ContainerRecord, task: TaskProcesses | None) -> None:
        await self._resources.destroy(record, task)
        if not self._images.has(record.image_id):
            # Its image was removed by force before it: now its layers can go too.
            await self._collect()
