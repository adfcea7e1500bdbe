"""Listing images."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable

import msgspec

from sampan.engine.images.ports import ImageUsage
from sampan.engine.images.show import summary
from sampan.engine.images.times import nanoseconds
from sampan.images.patterns import matches
from sampan.images.record import ImageRecord
from sampan.images.store import ImageName, ImageStore
from sampan.linux.offload import offload
from sampan.models.image import ImageSummary
from sampan.oci.chain import chain_ids
from sampan.wire.filters import Filters
from sampan.wire.timestamps import parse_timestamp

_FILTERS = frozenset({"dangling", "label", "label!", "before", "since", "reference", "until"})


class ListImages:
    """``GET /images/json``."""

    def __init__(
        self, *, images: ImageStore, usage: ImageUsage, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._images = images
        self._usage = usage
        self._clock = clock

    async def __call__(
        self,
        filters: Filters | None = None,
        *,
        all: bool = False,
        shared_size: bool = False,
        containers: bool = False,
    ) -> list[ImageSummary]:
        """The images, newest first; those that only others are built upon come with ``all``.

        ``shared_size`` and ``containers`` fill in what costs more: bytes in layers that other
        images have too, and the number of containers.

        Raises InvalidArgument for an unknown filter or bad value, NotFound for an image
        named in ``before`` or ``since``.
        """
        wanted = filters or Filters()
        wanted.require(_FILTERS)
        rows = await offload(self._rows, wanted, all)
        if shared_size:
            rows = await offload(self._with_shared_sizes, rows)
        if containers:
            rows = [
                msgspec.structs.replace(row, containers=len(self._usage.containers_of(row.id)))
                for row in rows
            ]
        return rows

    def _rows(self, filters: Filters, all_: bool) -> list[ImageSummary]:
        records = self._images.list()
        names: dict[str, list[ImageName]] = collections.defaultdict(list)
        for name in self._images.names():
            names[name.image_id].append(name)
        parents = {record.parent for record in records if record.parent is not None}
        fits = self._record_filter(filters)
        patterns = filters.get("reference")
        dangling = filters.flag("dangling", default=False)
        rows: list[tuple[int, ImageSummary]] = []
        for record in records:
            if not fits(record):
                continue
            found = [
                name
                for name in names[record.id]
                if not patterns or any(matches(pattern, name.reference) for pattern in patterns)
            ]
            if not found:
                is_layer = record.id in parents
                if patterns or (filters.get("dangling") and not dangling):
                    continue
                if is_layer and (dangling or not all_):
                    continue
            row = summary(record, found)
            if dangling and row.repo_tags:
                continue
            rows.append((nanoseconds(record.config.created), row))
        rows.sort(key=lambda pair: pair[0], reverse=True)
        return [row for _, row in rows]

    def _record_filter(self, filters: Filters) -> Callable[[ImageRecord], bool]:
        """What the image itself must fulfil, its names aside."""
        before = [nanoseconds(self._images.resolve(name).config.created) for name in filters.get("before")]
        since = [nanoseconds(self._images.resolve(name).config.created) for name in filters.get("since")]
        now = self._clock()
        before += [parse_timestamp(text, now_ns=now) for text in filters.get("until")]

        def fits(record: ImageRecord) -> bool:
            created = nanoseconds(record.config.created)
            return (
                all(created < limit for limit in before)
                and all(created > limit for limit in since)
                and filters.match_labels(record.labels)
            )

        return fits

    def _with_shared_sizes(self, rows: list[ImageSummary]) -> list[ImageSummary]:
        uses = self._images.layer_uses()
        return [
            msgspec.structs.replace(row, shared_size=_shared(self._images.get(row.id), uses)) for row in rows
        ]


def _shared(record: ImageRecord, uses: dict[str, int]) -> int:
    chains = chain_ids(record.diff_ids)
    return sum(size for chain, size in zip(chains, record.layer_sizes, strict=True) if uses.get(chain, 0) > 1)
