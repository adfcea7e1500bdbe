"""The metadata database: transactions, migrations, and errors in our own words."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from sampan.errors import Conflict, InternalError, Unavailable
from sampan.metadata.database import Database
from sampan.metadata.migrations import MIGRATIONS


def _put(db: Database, key: str, value: bytes) -> None:
    with db.write() as connection:
        connection.execute("INSERT INTO kv VALUES (?, ?)", (key, value))


def _get(db: Database, key: str) -> bytes | None:
    with db.read() as connection:
        row = connection.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
    return None if row is None else row[0]


def test_a_commit_is_there_after_reopening(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "a.db")
    _put(db, "k", b"v")
    db.close()
    again = Database.open(tmp_path / "a.db")
    assert _get(again, "k") == b"v"
    again.close()


def test_an_exception_rolls_the_whole_transaction_back(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "a.db")
    with pytest.raises(KeyError), db.write() as connection:
        connection.execute("INSERT INTO kv VALUES ('k', x'00')")
        raise KeyError
    assert _get(db, "k") is None
    db.close()


def test_a_nested_transaction_joins_the_outer_one(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "a.db")
    with pytest.raises(KeyError), db.write():
        _put(db, "k", b"v")
        raise KeyError
    assert _get(db, "k") is None
    db.close()


def test_a_broken_constraint_is_a_conflict_and_bad_sql_is_ours(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "a.db")
    _put(db, "k", b"v")
    with pytest.raises(Conflict):
        _put(db, "k", b"w")
    with pytest.raises(InternalError), db.read() as connection:
        connection.execute("SELECT nonsense")
    assert _get(db, "k") == b"v"
    db.close()


def test_threads_take_turns(tmp_path: Path) -> None:
    db = Database.open(tmp_path / "a.db")

    def work(number: int) -> None:
        for step in range(50):
            _put(db, f"{number}-{step}", b"")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as connection:
        assert connection.execute("SELECT count(*) FROM kv").fetchone() == (200,)
    db.close()


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_older_schema_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    for script in MIGRATIONS[:version]:
        connection.executescript(script)
    connection.execute(f"PRAGMA user_version={version}")
    connection.close()
    db = Database.open(path)
    with db.read() as opened:
        assert opened.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    db.close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=999")
    connection.close()
    with pytest.raises(Unavailable, match="newer Sampan"):
        Database.open(path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Unavailable, match=r"a\.db"):
        Database.open(path)
