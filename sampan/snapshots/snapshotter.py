"""Snapshots by overlayfs: each is a directory of its own changes upon its parent's.

    prepare(key, parent) -> active ──commit(name)──> committed
    view(key, parent)    -> view                       │
        └────────────── remove(key) ───────────────────┘

A row names the directory ``<number>/fs``; committing changes the row alone, so that no byte
of a layer is ever copied. ``remove`` takes the row away and moves the directory aside;
``sweep`` deletes what was moved. A directory without a row is rubbish, and a row is never
without its directory: the row is written first, and recovery makes up what is missing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from sampan.errors import Conflict, NotFound
from sampan.linux.files import remove_tree
from sampan.metadata.database import Database
from sampan.snapshots.mount_spec import MountSpec

Kind = Literal["active", "view", "committed"]
_TRASH = ".trash"


@dataclasses.dataclass(frozen=True)
class SnapshotInfo:
    """A snapshot: its key, kind, parent's key, and the number of its directory."""

    key: str
    kind: Kind
    parent: str | None
    number: int


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a snapshot's own changes take: bytes on the disk and inodes."""

    size_bytes: int
    inodes: int


class OverlaySnapshotter:
    """The snapshots under one directory; usable from any thread."""

    def __init__(self, root: Path, db: Database, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._root = root
        self._db = db
        self._clock = clock
        self._sweeping = threading.Lock()
        # Mount options list the lower directories: short paths let more of them fit a page.
        (root / _TRASH).mkdir(parents=True, exist_ok=True)
        os.chmod(root, 0o710)

    def prepare(self, key: str, parent: str | None) -> tuple[MountSpec, ...]:
        """A new writable state upon committed ``parent``, or upon nothing.

        Raises Conflict if ``key`` exists or the parent is not committed, NotFound if there
        is no such parent.
        """
        return self._make(key, parent, "active")

    def view(self, key: str, parent: str | None) -> tuple[MountSpec, ...]:
        """A read-only state; as ``prepare`` otherwise."""
        return self._make(key, parent, "view")

    def _make(self, key: str, parent: str | None, kind: Kind) -> tuple[MountSpec, ...]:
        with self._db.write() as connection:
            if parent is not None:
                above = _require(connection, parent)
                if above.kind != "committed":
                    raise Conflict(f"snapshot {parent} is not committed", kind="snapshot", ref=parent)
            if _find(connection, key) is not None:
                raise Conflict(f"snapshot {key} already exists", kind="snapshot", ref=key)
            (number,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM snapshots").fetchone()
            number = max(number, self._next_free(number))
            connection.execute(
                "INSERT INTO snapshots (key, number, kind, parent, created_ns) VALUES (?, ?, ?, ?, ?)",
                (key, number, kind, parent, self._clock()),
            )
        info = SnapshotInfo(key, kind, parent, number)
        try:
            self._make_directories(info)
        except BaseException:
            with self._db.write() as connection:
                connection.execute("DELETE FROM snapshots WHERE key = ?", (key,))
            remove_tree(self._directory(number))
            raise
        return self._mounts(info)

    def _next_free(self, number: int) -> int:
        """A number whose directory does not exist: one may be left over from a crash."""
        while self._directory(number).exists():
            number += 1
        return number

    def _make_directories(self, info: SnapshotInfo) -> None:
        directory = self._directory(info.number)
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, 0o700)
        upper = directory / "fs"
        with contextlib.suppress(FileExistsError):
            os.mkdir(upper, 0o755)
        if info.kind == "active":
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory / "work", 0o711)
        if info.parent is not None:
            # An overlay shows its topmost root directory, so it must look like the one below.
            below = os.stat(self.upper_dir(info.parent))
            os.chown(upper, below.st_uid, below.st_gid)
            os.chmod(upper, below.st_mode & 0o7777)

    def mounts(self, key: str) -> tuple[MountSpec, ...]:
        """How to mount the snapshot. Raises NotFound."""
        return self._mounts(self.stat(key))

    def _mounts(self, info: SnapshotInfo) -> tuple[MountSpec, ...]:
        own = self._directory(info.number) / "fs"
        lower = tuple(str(path) for path in self._lower(info.parent))
        if info.kind == "active":
            if not lower:
                return (MountSpec(kind="bind", source=str(own)),)
            work = str(own.parent / "work")
            return (MountSpec(kind="overlay", lower=lower, upper=str(own), work=work),)
        if info.kind == "committed":
            lower = (str(own), *lower)
        if len(lower) > 1:
            return (MountSpec(kind="overlay", lower=lower, read_only=True),)
        return (MountSpec(kind="bind", source=lower[0] if lower else str(own), read_only=True),)

    def commit(self, name: str, key: str) -> None:
        """Make active ``key`` the committed snapshot ``name``; its files stay where they are.

        Raises NotFound, and Conflict if ``name`` exists or ``key`` is not active. Unmount it first.
        """
        with self._db.write() as connection:
            info = _require(connection, key)
            if info.kind != "active":
                raise Conflict(f"snapshot {key} is not active", kind="snapshot", ref=key)
            if _find(connection, name) is not None:
                raise Conflict(f"snapshot {name} already exists", kind="snapshot", ref=name)
            connection.execute("UPDATE snapshots SET key = ?, kind = 'committed' WHERE key = ?", (name, key))
        remove_tree(self._directory(info.number) / "work")

    def remove(self, key: str) -> None:
        """Forget a snapshot; ``sweep`` deletes its files. Raises NotFound, and Conflict if others build on it."""
        with self._db.write() as connection:
            info = _require(connection, key)
            child = connection.execute(
                "SELECT key FROM snapshots WHERE parent = ? LIMIT 1", (key,)
            ).fetchone()
            if child is not None:
                raise Conflict(f"snapshot {key} is the parent of {child[0]}", kind="snapshot", ref=key)
            connection.execute("DELETE FROM snapshots WHERE key = ?", (key,))
        # Should we be killed here, recovery finds a directory without a row.
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._directory(info.number), self._root / _TRASH / f"{info.number}-{self._clock()}")

    def sweep(self) -> int:
        """Delete the files of removed snapshots; how many there were. Blocking, perhaps for long."""
        with self._sweeping:
            found = list((self._root / _TRASH).iterdir())
            for path in found:
                remove_tree(path)
        return len(found)

    def recover(self) -> None:
        """After a crash: directories without rows go to the sweep, rows get missing directories back."""
        with self._db.read() as connection:
            rows = connection.execute(
                "SELECT key, kind, parent, number FROM snapshots ORDER BY number"
            ).fetchall()
        known = {str(row[3]) for row in rows}
        for path in self._root.iterdir():
            if path.name != _TRASH and path.name not in known:
                os.rename(path, self._root / _TRASH / f"{path.name}-{self._clock()}")
        for key, kind, parent, number in rows:
            if kind != "committed" and not (self._directory(number) / "fs").exists():
                self._make_directories(SnapshotInfo(key, kind, parent, number))

    def stat(self, key: str) -> SnapshotInfo:
        """The snapshot. Raises NotFound."""
        with self._db.read() as connection:
            return _require(connection, key)

    def exists(self, key: str) -> bool:
        """Whether there is such a snapshot."""
        with self._db.read() as connection:
            return _find(connection, key) is not None

    def walk(self) -> Iterator[SnapshotInfo]:
        """Every snapshot, parents before children."""
        with self._db.read() as connection:
            rows = connection.execute(
                "SELECT key, kind, parent, number FROM snapshots ORDER BY number"
            ).fetchall()
        for row in rows:
            yield SnapshotInfo(*row)

    def usage(self, key: str) -> Usage:
        """What the snapshot's own files take; blocking. A file with several names counts once. Raises NotFound."""
        return measure(self.upper_dir(key))

    def upper_dir(self, key: str) -> Path:
        """The directory of the snapshot's own changes, in overlayfs's form. Raises NotFound."""
        return self._directory(self.stat(key).number) / "fs"

    def lower_dirs(self, key: str) -> list[Path]:
        """The directories below it, topmost first. Raises NotFound."""
        return self._lower(self.stat(key).parent)

    def directories(self, key: str) -> dict[str, str]:
        """Its directories by the names that Docker's inspection uses. Raises NotFound."""
        info = self.stat(key)
        own = self._directory(info.number)
        lower = ":".join(str(path) for path in self._lower(info.parent))
        found = {"UpperDir": str(own / "fs"), "WorkDir": str(own / "work")}
        return {"LowerDir": lower, **found} if lower else found

    def _lower(self, parent: str | None) -> list[Path]:
        with self._db.read() as connection:
            rows = connection.execute(
                "WITH RECURSIVE chain (key, number, parent, depth) AS ("
                " SELECT key, number, parent, 0 FROM snapshots WHERE key = ?"
                " UNION ALL SELECT s.key, s.number, s.parent, depth + 1"
                " FROM snapshots s JOIN chain ON s.key = chain.parent"
                ") SELECT number FROM chain ORDER BY depth",
                (parent,),
            ).fetchall()
        return [self._directory(number) / "fs" for (number,) in rows]

    def _directory(self, number: int) -> Path:
        return self._root / str(number)


def measure(root: Path) -> Usage:
    """Bytes and inodes of a tree, symlinks not followed, each inode once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [os.fspath(root)]
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if (status.st_dev, status.st_ino) in seen:
                        continue
                    seen.add((status.st_dev, status.st_ino))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += status.st_size
    return Usage(total, len(seen))


def _find(connection: sqlite3.Connection, key: str) -> SnapshotInfo | None:
    row = connection.execute(
        "SELECT key, kind, parent, number FROM snapshots WHERE key = ?", (key,)
    ).fetchone()
    return None if row is None else SnapshotInfo(*row)


def _require(connection: sqlite3.Connection, key: str) -> SnapshotInfo:
    info = _find(connection, key)
    if info is None:
        raise NotFound(f"no snapshot {key}", kind="snapshot", ref=key)
    return info
