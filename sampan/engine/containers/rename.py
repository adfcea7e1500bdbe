"""Giving a container another name."""

from __future__ import annotations

from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.errors import InvalidArgument
from sampan.events.bus import EventBus
from sampan.wire.names import require_container_name


class RenameContainer:
    """``POST /containers/{id}/rename``."""

    def __init__(self, *, store: ContainerStore, events: EventBus) -> None:
        self._store = store
        self._events = events

    async def __call__(self, ref: str, *, new_name: str) -> None:
        """Rename a container. Raises NotFound, Conflict (name taken), InvalidArgument (bad or same name)."""
        record = self._store.resolve(ref)
        if not new_name:
            raise InvalidArgument("Neither old nor new names may be empty", kind="container", ref=ref)
        name = require_container_name(new_name)
        if name == record.name:
            raise InvalidArgument(
                "Renaming a container with the same name as its current name", kind="container", ref=ref
            )
        old = record.name
        record = self._store.update(record.change(name=name))
        announce(self._events, record, "rename", oldName=f"/{old}")
