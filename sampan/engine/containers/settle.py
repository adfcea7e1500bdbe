"""Waiting out a start: a container may print, and its client act, before its start is stored."""

from __future__ import annotations

from sampan.containers.record import ContainerRecord, Phase
from sampan.containers.store import ContainerStore
from sampan.engine.containers.live import LiveContainers


async def settled(store: ContainerStore, live: LiveContainers, ref: str) -> ContainerRecord:
    """The container, once a start of it that is under way has succeeded or failed.

    Raises NotFound, also if it was removed meanwhile.
    """
    record = store.resolve(ref)
    if record.phase is Phase.STARTING:
        async with live.of(record.id).lock:
            record = store.get(record.id)
    return record
