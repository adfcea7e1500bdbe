"""What transfers need of the stores below them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from sampan.oci.digest import Digest


class BlobInfo(Protocol):
    """A blob that is there."""

    @property
    def digest(self) -> Digest:
        """Its digest."""

    @property
    def size_bytes(self) -> int:
        """Its length."""


class Ingest(Protocol):
    """A blob on its way in."""

    def write(self, data: bytes, /) -> object:
        """Append ``data``."""

    def commit(self, *, expected_digest: Digest | None = None, expected_size: int | None = None) -> BlobInfo:
        """Make it a blob. Raises InvalidArgument if it is not the one expected."""

    def abort(self) -> None:
        """Drop what has been written."""


class BlobStore(Protocol):
    """Blobs by digest (``sampan.content``)."""

    def ingest(self, key: str) -> AbstractContextManager[Ingest]:
        """Begin, or resume, a blob under the caller's own ``key``."""

    def add(self, data: bytes) -> BlobInfo:
        """Store ``data``; idempotent."""

    def open(self, digest: Digest) -> BinaryIO:
        """The blob, to read. Raises NotFound."""

    def path(self, digest: Digest) -> Path:
        """Where the blob is. Raises NotFound."""

    def info(self, digest: Digest) -> BlobInfo:
        """What is known of the blob. Raises NotFound."""

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""


class Snapshots(Protocol):
    """Filesystem states by key (``sampan.snapshots``)."""

    def prepare(self, key: str, parent: str | None) -> object:
        """A new active snapshot. Raises NotFound without the parent."""

    def commit(self, name: str, key: str) -> None:
        """Make the active snapshot ``key`` the committed ``name``. Raises Conflict if that is there."""

    def remove(self, key: str) -> None:
        """Drop it. Raises Conflict if it has children, NotFound."""

    def exists(self, key: str) -> bool:
        """Whether it is there."""

    def upper_dir(self, key: str) -> Path:
        """Where a snapshot's own files are."""

    def lower_dirs(self, key: str) -> list[Path]:
        """The directories below it, topmost first."""


class Applied(Protocol):
    """A layer that has been written out."""

    @property
    def diff_id(self) -> Digest:
        """The digest of its uncompressed tar stream."""

    @property
    def size_bytes(self) -> int:
        """The sum of its files' contents."""


class ApplyLayer(Protocol):
    """``sampan.diff``: write a layer's files below a directory."""

    def __call__(self, source: Path, *, target: Path, lower: Sequence[Path]) -> Awaitable[Applied]:
        """``lower`` is what it lies upon, topmost first. Raises InvalidArgument if damaged or hostile."""
