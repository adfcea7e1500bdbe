"""The container store: look-ups, unique names, and what survives a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from sampan.containers.naming import generate
from sampan.containers.record import ContainerRecord, Phase
from sampan.containers.store import ContainerStore
from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.metadata.database import Database
from sampan.models.container import ContainerConfig, HostConfig


def _record(container_id: str, name: str) -> ContainerRecord:
    return ContainerRecord(
        id=container_id,
        name=name,
        created_ns=1,
        image_id="sha256:" + "0" * 64,
        image_name="busybox",
        config=ContainerConfig(image="busybox", labels={"a": "b"}),
        host_config=HostConfig(memory=1 << 26),
        argv=["true"],
    )


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "a.db")
    yield opened
    opened.close()


A, B, C = "a" * 64, "ab" + "c" * 62, "d" * 64


@pytest.fixture
def store(db: Database) -> ContainerStore:
    store = ContainerStore(db)
    for container_id, name in ((A, "one"), (B, "two"), (C, "abcd")):
        store.add(_record(container_id, name))
    return store


@pytest.mark.parametrize(
    ("ref", "container_id"), [(A, A), ("one", A), ("/one", A), ("aa", A), ("ab", B), ("abcd", C), ("d", C)]
)
def test_a_person_finds_a_container(store: ContainerStore, ref: str, container_id: str) -> None:
    assert store.resolve(ref).id == container_id


@pytest.mark.parametrize("ref", ["", "nope", "f", "/", "A" * 64, "aa\0", "../one", "e" * 64])
def test_an_unknown_one_is_named(store: ContainerStore, ref: str) -> None:
    with pytest.raises(NotFound, match="No such container: ") as caught:
        store.resolve(ref)
    assert caught.value.ref == ref


def test_an_ambiguous_beginning_is_an_error(store: ContainerStore) -> None:
    with pytest.raises(InvalidArgument, match="multiple IDs found"):
        store.resolve("a")


def test_a_name_is_held_by_one(store: ContainerStore) -> None:
    with pytest.raises(Conflict, match="already in use by container"):
        store.add(_record("f" * 64, "one"))
    with pytest.raises(Conflict):
        store.update(store.get(B).change(name="one"))
    assert store.resolve("two").id == B
    assert store.find("f" * 64) is None


def test_renaming_frees_the_old_name(store: ContainerStore) -> None:
    store.update(store.get(A).change(name="three"))
    assert store.resolve("three").id == A
    store.add(_record("f" * 64, "one"))


def test_everything_survives_a_restart(store: ContainerStore, db: Database) -> None:
    changed = store.update(store.get(A).change(phase=Phase.EXITED, exit_code=7, finished_ns=9))
    store.remove(B)
    again = ContainerStore(db)
    assert again.get(A) == changed
    assert again.resolve("one").config.labels == {"a": "b"}
    assert {record.id for record in again} == {A, C}


def test_removal_is_idempotent_and_updates_of_the_removed_fail(store: ContainerStore) -> None:
    record = store.get(A)
    store.remove(A)
    store.remove(A)
    with pytest.raises(NotFound):
        store.update(record)


def test_generated_names_are_free_even_when_chance_is_exhausted() -> None:
    taken = {generate(Random(1), lambda _: False)}
    name = generate(Random(1), lambda candidate: candidate in taken)
    assert name not in taken
    everything_plain = generate(Random(1), lambda candidate: not candidate[-1].isdigit())
    assert everything_plain[-1].isdigit()
