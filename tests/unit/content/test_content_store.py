"""The content store: blobs are whole or not there, and partial ones can be gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.content.store import ContentStore
from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.metadata.database import Database
from sampan.oci.digest import Digest, of_bytes


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ContentStore]:
    db = Database.open(tmp_path / "a.db")
    yield ContentStore(tmp_path / "content", db)
    db.close()


def test_a_blob_comes_back_as_it_went_in(store: ContentStore) -> None:
    info = store.add(b"hello")
    assert info.digest == of_bytes(b"hello")
    with store.open(info.digest) as blob:
        assert blob.read() == b"hello"
    assert store.info(info.digest).size_bytes == 5
    assert [blob.digest for blob in store.walk()] == [info.digest]
    assert store.add(b"hello") == info


def test_a_partial_blob_is_gone_on_with(store: ContentStore) -> None:
    with store.ingest("key") as ingest:
        ingest.write(b"first ")
    with store.ingest("key") as ingest:
        assert ingest.offset == 6
        ingest.write(b"second")
        info = ingest.commit(expected_digest=of_bytes(b"first second"), expected_size=12)
    assert store.path(info.digest).read_bytes() == b"first second"
    with store.ingest("key") as ingest:
        assert ingest.offset == 0


@pytest.mark.parametrize(("digest", "size"), [(of_bytes(b"other"), None), (None, 4), (of_bytes(b"other"), 4)])
def test_another_blob_than_expected_leaves_nothing(
    store: ContentStore, digest: Digest | None, size: int | None
) -> None:
    with store.ingest("key") as ingest:
        ingest.write(b"abc")
        with pytest.raises(InvalidArgument, match="expected"):
            ingest.commit(expected_digest=digest, expected_size=size)
    assert list(store.walk()) == []
    with store.ingest("key") as ingest:
        assert ingest.offset == 0


def test_one_writer_a_key(store: ContentStore) -> None:
    with store.ingest("key"), pytest.raises(Conflict, match="another transfer"), store.ingest("key"):
        pass


def test_a_missing_blob_is_named(store: ContentStore) -> None:
    digest = of_bytes(b"nothing")
    for look in (store.open, store.path, store.info):
        with pytest.raises(NotFound, match=hashlib.sha256(b"nothing").hexdigest()):
            look(digest)


def test_deleting_is_idempotent(store: ContentStore) -> None:
    info = store.add(b"x")
    store.delete(info.digest)
    store.delete(info.digest)
    assert not store.has(info.digest)


def test_old_partials_expire(store: ContentStore) -> None:
    with store.ingest("key") as ingest:
        ingest.write(b"abc")
    assert store.expire_ingests(0) == 0
    assert store.expire_ingests(1 << 62) == 1
    with store.ingest("key") as ingest:
        assert ingest.offset == 0


def test_a_file_that_became_a_blob_is_never_written_again(
    store: ContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second transfer opens the partial file just before the first one makes a blob of it."""
    import fcntl

    first = store.ingest("key")
    writer = first.__enter__()
    writer.write(b"whole")
    real = fcntl.flock
    committed: list[Digest] = []

    def late(file: int, operation: int) -> None:
        if not committed:
            committed.append(writer.commit().digest)
        real(file, operation)

    monkeypatch.setattr("sampan.content.store.fcntl.flock", late)
    with store.ingest("key") as second:
        assert second.offset == 0
        second.write(b"other")
    first.__exit__(None, None, None)
    assert store.path(committed[0]).read_bytes() == b"whole"
