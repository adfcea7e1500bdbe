"""Blobs by digest, and blobs on their way in.

    blobs/sha256/<hex>     complete and verified; never changed
    ingest/<hash of key>   partial; survives cancel, crash and restart, so that it can go on

A blob is complete when its file is there: it is written, synced, verified and only then
renamed into place.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.linux.files import sync_directory
from sampan.metadata.database import Database
from sampan.oci.digest import Digest, encoded, parse

_READ = 1 << 20


@dataclass(frozen=True)
class BlobInfo:
    """A blob that is there: its digest and length in bytes."""

    digest: Digest
    size_bytes: int


class Ingest:
    """A blob on its way in; made by ``ContentStore.ingest``, which closes it.

    ``offset`` is how many bytes are there already.
    """

    def __init__(self, store: ContentStore, path: Path) -> None:
        self._store = store
        self._path = path
        self._file = _locked(path)
        self._hash = hashlib.sha256()
        self.offset = 0
        while block := self._file.read(_READ):
            self._hash.update(block)
            self.offset += len(block)

    def write(self, data: bytes) -> None:
        """Append ``data``. Raises OSError if the disk is full."""
        self._file.write(data)
        self._hash.update(data)
        self.offset += len(data)

    def commit(self, *, expected_digest: Digest | None = None, expected_size: int | None = None) -> BlobInfo:
        """Make it a blob, durably. A blob that is there already is the result too.

        Raises InvalidArgument, with both values, if digest or size are not the expected
        ones; what was written is then dropped.
        """
        digest = parse(f"sha256:{self._hash.hexdigest()}")
        try:
            _require_equal("size", expected_size, self.offset)
            _require_equal("digest", expected_digest, digest)
        except InvalidArgument:
            self.abort()
            raise
        self._file.flush()
        os.fsync(self._file.fileno())
        info = BlobInfo(digest, self.offset)
        self._store.take(self._path, info)
        self._file.close()
        return info

    def abort(self) -> None:
        """Drop what has been written; idempotent."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._file.close()

    def close(self) -> None:
        """Leave what has been written for a later ingest under the same key; idempotent."""
        self._file.close()


def _locked(path: Path) -> BinaryIO:
    """The file at ``path``, made if need be, locked for us. Raises Conflict if another has the lock."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking, its last writer may have made a blob of it.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError as error:
            file.close()
            raise Conflict("this blob is being written by another transfer", kind="ingest") from error
        except FileNotFoundError:
            # Gone between two looks: the same as above.
            pass
        file.close()


def _require_equal(what: str, expected: object, found: object) -> None:
    if expected is not None and expected != found:
        raise InvalidArgument(
            f"the blob's {what} is {found}, expected {expected}", kind="blob", ref=str(expected)
        )


class ContentStore:
    """The blobs under one directory; blocking, usable from any thread."""

    def __init__(self, root: Path, db: Database, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._blobs = root / "blobs" / "sha256"
        self._ingests = root / "ingest"
        self._db = db
        self._clock = clock
        for directory in (self._blobs, self._ingests):
            directory.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def ingest(self, key: str) -> Iterator[Ingest]:
        """Begin a blob under the caller's ``key``, or go on where an earlier ingest ended.

        Leaving the block without commit or abort keeps the partial blob. Raises Conflict
        while another holds the same key.
        """
        ingest = Ingest(self, self._ingest_path(key))
        try:
            yield ingest
        finally:
            ingest.close()

    def take(self, path: Path, info: BlobInfo) -> None:
        """Move a verified file into its place and record it."""
        os.chmod(path, 0o400)
        os.rename(path, self._path(info.digest))
        sync_directory(self._blobs)
        self._record(info)

    def add(self, data: bytes) -> BlobInfo:
        """Store ``data``; idempotent."""
        digest = parse(f"sha256:{hashlib.sha256(data).hexdigest()}")
        if self.has(digest):
            return BlobInfo(digest, len(data))
        with self.ingest(f"add {digest} {time.monotonic_ns()}") as ingest:
            ingest.write(data)
            return ingest.commit(expected_digest=digest)

    def discard_ingest(self, key: str) -> None:
        """Drop a partial blob; idempotent."""
        with contextlib.suppress(FileNotFoundError):
            self._ingest_path(key).unlink()

    def expire_ingests(self, older_than_ns: int) -> int:
        """Drop partial blobs that nobody has gone on with since then; how many there were.

        ``older_than_ns`` is nanoseconds since 1970.
        """
        expired = 0
        for path in self._ingests.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime_ns < older_than_ns:
                    path.unlink()
                    expired += 1
        return expired

    def open(self, digest: Digest) -> BinaryIO:
        """The blob, to read. Raises NotFound."""
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def path(self, digest: Digest) -> Path:
        """Where the blob is. Raises NotFound."""
        path = self._path(digest)
        if not path.exists():
            raise _missing(digest)
        return path

    def info(self, digest: Digest) -> BlobInfo:
        """Its length. Raises NotFound."""
        try:
            return BlobInfo(digest, self._path(digest).stat().st_size)
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def has(self, digest: Digest) -> bool:
        """Whether the blob is there."""
        return self._path(digest).exists()

    def delete(self, digest: Digest) -> None:
        """Delete the blob; idempotent."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM blobs WHERE digest = ?", (digest,))
        with contextlib.suppress(FileNotFoundError):
            self._path(digest).unlink()

    def walk(self) -> Iterator[BlobInfo]:
        """Every blob."""
        for path in sorted(self._blobs.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                yield BlobInfo(parse(f"sha256:{path.name}"), path.stat().st_size)

    def _record(self, info: BlobInfo) -> None:
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO blobs (digest, size_bytes, created_ns) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (info.digest, info.size_bytes, self._clock()),
            )

    def _path(self, digest: Digest) -> Path:
        return self._blobs / encoded(digest)

    def _ingest_path(self, key: str) -> Path:
        return self._ingests / hashlib.sha256(key.encode()).hexdigest()


def _missing(digest: Digest) -> NotFound:
    return NotFound(f"no blob {digest}", kind="blob", ref=digest)
