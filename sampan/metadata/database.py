"""The one database: opening it, reading, and writing in transactions.

WAL with ``synchronous=NORMAL``: a commit is one append without fsync. A killed process
loses nothing; after a power cut the last transactions may be missing, but the database is
whole, and recovery compares it with what really runs.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from sampan.errors import Conflict, InternalError, Unavailable
from sampan.metadata.migrations import MIGRATIONS


class Database:
    """Transactions on SQLite; usable from any thread.

    One connection writes, under a lock; readers share it. The engine's statements are
    small, so one connection is faster than a pool and holds a tenth of its memory.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._writing = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the database at ``path`` and bring its schema up to date.

        Raises:
            Unavailable: the file cannot be opened, or is of a newer Sampan.
        """
        with _translated(path):
            connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, cached_statements=64
            )
            with contextlib.ExitStack() as undo:
                undo.callback(connection.close)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("PRAGMA foreign_keys=ON")
                connection.execute("PRAGMA busy_timeout=5000")
                # A small page cache: the daemon's memory matters more than SQLite's read speed.
                connection.execute("PRAGMA cache_size=-512")
                _migrate(connection, path)
                undo.pop_all()
        return cls(connection)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read from. Raises InternalError if SQLite fails."""
        with self._lock, _translated(None):
            yield self._connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed at the end of the block, rolled back if it raises.

        A block inside another one joins the outer transaction.

        Raises:
            Conflict: a constraint (unique name, reference) forbids it.
            InternalError: SQLite failed.
        """
        with self._lock, _translated(None):
            if self._writing:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._writing = True
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._writing = False

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            self._connection.close()


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise Unavailable(
            f"{path} was written by a newer Sampan (schema {version}, this one knows {len(MIGRATIONS)}); "
            "run that version, or give this one another data root",
            kind="database",
            ref=str(path),
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")


@contextlib.contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    """SQLite's errors as ours: constraints are conflicts, the rest is a fault."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Conflict(f"the metadata forbids it: {error}", kind="metadata") from error
    except sqlite3.Error as error:
        if path is not None:
            raise Unavailable(f"cannot open {path}: {error}", kind="database", ref=str(path)) from error
        raise InternalError(f"the metadata database failed: {error}", kind="database") from error
