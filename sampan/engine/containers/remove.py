"""Removing containers."""

from __future__ import annotations

from sampan.containers.record import Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.discard import DiscardContainer
from sampan.engine.containers.kill import deliver
from sampan.engine.containers.live import LiveContainers
from sampan.errors import Conflict, NotFound, NotImplementedHere
from sampan.runtime.tasks import Tasks

_SIGKILL = 9


class RemoveContainer:
    """``DELETE /containers/{id}``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, tasks: Tasks, discard: DiscardContainer
    ) -> None:
        self._store = store
        self._live = live
        self._tasks = tasks
        self._discard = discard

    async def __call__(
        self, ref: str, *, force: bool = False, volumes: bool = False, link: bool = False
    ) -> None:
        """Remove a container; with ``force`` a running one is killed first.

        ``volumes`` asks for its anonymous volumes too.

        Raises:
            NotFound: an unknown container.
            Conflict: it runs and ``force`` is not given, or its removal is under way.
        """
        if link:
            raise NotImplementedHere("removing a link is not supported: links are not offered", kind="link")
        record = self._store.resolve(ref)
        if record.phase is Phase.REMOVING:
            raise Conflict(f"removal of container {ref} is already in progress", kind="container", ref=ref)
        if record.phase.has_task:
            if not force:
                state = "paused" if record.phase is Phase.PAUSED else "running"
                raise Conflict(
                    f'cannot remove container "{ref}": container is {state}: '
                    "stop the container before removing or force remove",
                    kind="container",
                    ref=ref,
                )
            await self._kill(record.id)
        live = self._live.of(record.id)
        async with live.lock:
            current = self._store.find(record.id)
            if current is None:
                if force or record.host_config.auto_remove:
                    return
                raise NotFound(f"No such container: {ref}", kind="container", ref=ref)
            if current.phase.has_task:
                raise Conflict(
                    f"cannot remove container {ref}: it was started again meanwhile",
                    kind="container",
                    ref=ref,
                )
            await self._discard(current)

    async def _kill(self, container_id: str) -> None:
        live = self._live.of(container_id)
        live.stop_asked = True
        # A start that is under way holds the lock; its task is there to be killed afterwards.
        async with live.lock:
            record = self._store.find(container_id)
            if record is None:
                return
            await deliver(self._tasks, record, _SIGKILL)
        await live.ended.wait()
