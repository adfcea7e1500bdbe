"""Removing every image that nothing uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sampan.engine.images.remove import RemoveImage
from sampan.engine.images.times import nanoseconds
from sampan.errors import Conflict, NotFound
from sampan.events.bus import EventBus
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.linux.offload import offload
from sampan.log import get_logger
from sampan.models.image import ImageDeleteItem, ImagePruneReport
from sampan.oci import digest as digests
from sampan.oci.chain import chain_ids
from sampan.wire.filters import Filters
from sampan.wire.timestamps import parse_timestamp

log = get_logger(__name__)

_FILTERS = frozenset({"dangling", "label", "label!", "until"})


class PruneImages:
    """``POST /images/prune``."""

    def __init__(
        self,
        *,
        images: ImageStore,
        remove: RemoveImage,
        events: EventBus,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._images = images
        self._remove = remove
        self._events = events
        self._clock = clock

    async def __call__(self, filters: Filters | None = None) -> ImagePruneReport:
        """Remove images without tags, or with ``dangling=false`` all that no container uses.

        The report counts the bytes of the layers that went. Raises InvalidArgument for an
        unknown filter or a bad value.
        """
        wanted = filters or Filters()
        wanted.require(_FILTERS)
        dangling = wanted.flag("dangling", default=True)
        now = self._clock()
        limits = [parse_timestamp(text, now_ns=now) for text in wanted.get("until")]
        records = await offload(self._images.list)
        parents = {record.parent for record in records}
        sizes = _layer_sizes(records)
        deleted: list[ImageDeleteItem] = []
        for record in records:
            created = nanoseconds(record.config.created)
            if not wanted.match_labels(record.labels) or not all(created <= limit for limit in limits):
                continue
            deleted += await self._prune(record, dangling=dangling, is_parent=record.id in parents)
        gone = {item.deleted for item in deleted}
        freed = sum(size for chain, size in sizes.items() if chain in gone)
        self._events.publish("image", "prune", "", {"reclaimed": str(freed)})
        return ImagePruneReport(images_deleted=deleted or None, space_reclaimed=freed)

    async def _prune(self, record: ImageRecord, *, dangling: bool, is_parent: bool) -> list[ImageDeleteItem]:
        names = self._images.names_of(record.id)
        if not names:
            return [] if is_parent else await self._try(digests.encoded(record.id))
        if dangling and any(name.reference.tag is not None for name in names):
            return []
        deleted: list[ImageDeleteItem] = []
        for name in names:
            deleted += await self._try(name.reference.canonical())
        return deleted

    async def _try(self, name: str) -> list[ImageDeleteItem]:
        try:
            return await self._remove(name, force=False, prune=True)
        except (Conflict, NotFound) as error:
            # In use, or already gone: neither is this command's business.
            log.debug("an image is not pruned", image=name, reason=error)
            return []


def _layer_sizes(records: Sequence[ImageRecord]) -> dict[str, int]:
    """Bytes of each layer, by chain id."""
    return {
        chain: size
        for record in records
        for chain, size in zip(chain_ids(record.diff_ids), record.layer_sizes, strict=True)
    }
