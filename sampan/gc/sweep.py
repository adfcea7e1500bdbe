"""The sweep: deletes blobs, layer snapshots and layer rows that no image or transfer needs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.gc.mark import SnapshotNode, dead_blobs, dead_snapshots
from sampan.images.holds import Holds
from sampan.images.layers import UNPACK_PREFIX, LayerStore
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.log import get_logger
from sampan.oci.chain import chain_ids
from sampan.oci.digest import Digest
from sampan.oci.manifest import parse_manifest

log = get_logger(__name__)


class BlobInfo(Protocol):
    """A blob that is there."""

    @property
    def digest(self) -> Digest:
        """Its digest."""

    @property
    def size_bytes(self) -> int:
        """Its length."""


class Blobs(Protocol):
    """The part of the content store that the sweep needs."""

    def walk(self) -> Iterable[BlobInfo]:
        """Every blob."""

    def delete(self, digest: Digest) -> None:
        """Delete one; idempotent."""


class SnapshotInfo(Protocol):
    """A snapshot that is there."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def kind(self) -> str:
        """``active``, ``view`` or ``committed``."""

    @property
    def parent(self) -> str | None:
        """What it is based on."""


class Snapshots(Protocol):
    """The part of the snapshotter that the sweep needs."""

    def walk(self) -> Iterable[SnapshotInfo]:
        """Every snapshot."""

    def remove(self, key: str) -> None:
        """Drop one. Raises Conflict if it has children, NotFound."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep deleted; ``snapshots`` children first."""

    blobs: Sequence[str]
    snapshots: Sequence[str]
    blob_bytes: int


class Sweep:
    """Mark and sweep over the whole store. Blocking; milliseconds for some hundred images.

    Committed snapshots are layers, and an active one is a container's root unless its key
    begins with ``UNPACK_PREFIX``. The files of removed snapshots are left to the
    snapshotter's own ``sweep``.
    """

    def __init__(
        self,
        *,
        images: ImageStore,
        layers: LayerStore,
        content: Blobs,
        snapshots: Snapshots,
        holds: Holds,
        read_blob: Callable[[Digest], bytes],
    ) -> None:
        self._images = images
        self._layers = layers
        self._content = content
        self._snapshots = snapshots
        self._holds = holds
        self._read_blob = read_blob

    def __call__(self) -> Swept:
        """Delete all garbage. What a transfer holds, or adds meanwhile, stays."""
        with self._holds.lock:
            records = self._images.list()
            live = self._holds.held() | frozenset(self._references(records))
            return self._delete(live)

    def _references(self, records: Iterable[ImageRecord]) -> Iterator[str]:
        for record in records:
            yield record.id
            yield from record.diff_ids
            yield from chain_ids(record.diff_ids)
            if record.manifest is not None:
                yield record.manifest
                yield from self._named_by(record.manifest)
            for diff_id in record.diff_ids:
                layer = self._layers.find(diff_id)
                if layer is not None and layer.blob is not None:
                    yield layer.blob

    def _named_by(self, manifest: Digest) -> Iterator[str]:
        try:
            parsed = parse_manifest(self._read_blob(manifest))
        except (NotFound, InvalidArgument) as error:
            # Its layers may be swept, then; the image still runs from its snapshots.
            log.warning("an image's manifest cannot be read", manifest=manifest, error=error)
            return
        yield parsed.config.digest
        yield from (layer.digest for layer in parsed.layers)

    def _delete(self, live: frozenset[str]) -> Swept:
        nodes = [
            SnapshotNode(
                key=info.key,
                parent=info.parent,
                rooted=info.kind != "committed" and not info.key.startswith(UNPACK_PREFIX),
            )
            for info in self._snapshots.walk()
        ]
        snapshots: list[str] = []
        for key in dead_snapshots(nodes, live):
            # A container may have been created upon it since the walk.
            with contextlib.suppress(Conflict, NotFound):
                self._snapshots.remove(key)
                snapshots.append(key)
        self._layers.forget(diff_id for diff_id in self._layers.diff_ids() if diff_id not in live)
        sizes = {info.digest: info.size_bytes for info in self._content.walk()}
        blobs = dead_blobs(sizes, live)
        for digest in blobs:
            self._content.delete(Digest(digest))
        return Swept(
            blobs=blobs,
            snapshots=snapshots,
            blob_bytes=sum(sizes[Digest(digest)] for digest in blobs),
        )
