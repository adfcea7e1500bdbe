"""Defining an exec."""

from __future__ import annotations

from collections.abc import Callable

from sampan.containers.record import Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.live import Exec, LiveContainers
from sampan.engine.containers.settle import settled
from sampan.errors import Conflict, InvalidArgument
from sampan.events.bus import EventBus
from sampan.models.exec import ExecConfig
from sampan.models.image import IDResponse
from sampan.wire.detach import parse_detach_keys


class CreateExec:
    """``POST /containers/{id}/exec``."""

    def __init__(
        self, *, store: ContainerStore, live: LiveContainers, events: EventBus, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._live = live
        self._events = events
        self._new_id = new_id

    async def __call__(self, ref: str, *, config: ExecConfig) -> IDResponse:
        """Define an exec in a running container; it is forgotten when the container starts again.

        Raises:
            NotFound: an unknown container.
            Conflict: it does not run, or is paused.
            InvalidArgument: no command, or bad detach keys.
        """
        record = await settled(self._store, self._live, ref)
        require_executable(record.phase, record.id, ref)
        if not config.cmd:
            raise InvalidArgument("No exec command specified", kind="exec", ref=ref)
        parse_detach_keys(config.detach_keys)
        exec_ = Exec(id=self._new_id(), container_id=record.id, config=config)
        self._live.add_exec(exec_)
        announce(self._events, record, f"exec_create: {' '.join(config.cmd)}", execID=exec_.id)
        return IDResponse(id=exec_.id)


def require_executable(phase: Phase, container_id: str, ref: str) -> None:
    """Raise Conflict unless a process can be added to a container in this phase."""
    if phase is Phase.PAUSED:
        raise Conflict(
            f"container {ref} is paused, unpause the container before exec", kind="container", ref=ref
        )
    if phase is not Phase.RUNNING:
        raise Conflict(f"container {container_id} is not running", kind="container", ref=ref)
