"""Removing every container that does not run."""

from __future__ import annotations

import time

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.ports import Sizes
from sampan.engine.containers.remove import RemoveContainer
from sampan.errors import Conflict, NotFound
from sampan.events.bus import EventBus
from sampan.linux.offload import offload
from sampan.models.container import PruneReport
from sampan.wire.filters import Filters
from sampan.wire.timestamps import parse_timestamp

_FILTERS = frozenset({"until", "label", "label!"})


class PruneContainers:
    """``POST /containers/prune``."""

    def __init__(
        self, *, store: ContainerStore, remove: RemoveContainer, sizes: Sizes, events: EventBus
    ) -> None:
        self._store = store
        self._remove = remove
        self._sizes = sizes
        self._events = events

    async def __call__(self, *, filters: Filters) -> PruneReport:
        """Remove the stopped containers that match; the report says what was freed, in bytes.

        Raises InvalidArgument for an unknown filter or an unreadable time.
        """
        filters.require(_FILTERS)
        now_ns = time.time_ns()
        edges = [parse_timestamp(text, now_ns=now_ns) for text in filters.get("until")]
        deleted: list[str] = []
        freed = 0
        for record in self._store:
            if record.phase.has_task or not self._matches(record, filters, edges):
                continue
            try:
                size_rw, _ = await offload(self._sizes, record.id, record.image_id)
                await self._remove(record.id)
            except (Conflict, NotFound):
                # Started or removed by someone else since we looked: it is not ours to prune.
                continue
            deleted.append(record.id)
            freed += size_rw
        self._events.publish("container", "prune", "", {"reclaimed": str(freed)})
        return PruneReport(containers_deleted=deleted or None, space_reclaimed=freed)

    @staticmethod
    def _matches(record: ContainerRecord, filters: Filters, edges: list[int]) -> bool:
        labels = record.config.labels or {}
        return filters.match_labels(labels) and all(record.created_ns < edge for edge in edges)
