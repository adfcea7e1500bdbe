"""Names, ids and records, on a database of the test's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.images.holds import Holds
from sampan.images.layers import Layer, LayerStore
from sampan.images.patterns import matches
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.metadata.database import Database
from sampan.oci.digest import Digest
from sampan.oci.image_config import ImageConfig, RootFs
from sampan.oci.reference import Reference, parse_normalized


def image_id(start: str) -> Digest:
    return Digest("sha256:" + start.ljust(64, "0"))


def record(start: str, *diff_ids: str) -> ImageRecord:
    return ImageRecord(
        id=image_id(start),
        config=ImageConfig(rootfs=RootFs(diff_ids=[image_id(diff_id) for diff_id in diff_ids])),
    )


def name(text: str) -> Reference:
    return parse_normalized(text).with_default_tag()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(tmp_path / "db")
    yield database
    database.close()


@pytest.fixture
def store(db: Database) -> ImageStore:
    ticks = itertools.count(1)
    return ImageStore(db, clock=lambda: next(ticks))


def test_an_image_is_found_by_every_name_it_has(store: ImageStore) -> None:
    digest = image_id("d")
    store.put(record("abc1"), [name("busybox"), parse_normalized("busybox").with_digest(digest)])
    for text in (
        "busybox",
        "busybox:latest",
        "docker.io/library/busybox",
        f"busybox@{digest}",
        f"busybox:ignored@{digest}",
        image_id("abc1"),
        image_id("abc1").removeprefix("sha256:"),
        "abc1",
        "a",
        "sha256:abc1",
    ):
        assert store.resolve(text).id == image_id("abc1"), text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("foo", "foo:latest"),
        ("foo:1", "foo:1"),
        ("docker.io/library/foo", "foo:latest"),
        ("host:1/foo", "host:1/foo:latest"),
        ("abcd", "abcd:latest"),
        ("sha256:abcd", "sha256:abcd"),
        ("sha256:" + "b" * 64, "sha256:" + "b" * 64),
    ],
)
def test_what_is_not_there_is_named_as_docker_names_it(store: ImageStore, text: str, shown: str) -> None:
    with pytest.raises(NotFound) as caught:
        store.resolve(text)
    assert caught.value.message == f"No such image: {shown}"
    assert caught.value.kind == "image"


def test_a_name_comes_before_the_beginning_of_an_id(store: ImageStore) -> None:
    store.put(record("abc1"))
    store.put(record("fff"), [name("abc1")])
    assert store.resolve("abc1").id == image_id("fff")
    assert store.resolve("sha256:abc1").id == image_id("abc1")


def test_an_ambiguous_beginning_is_an_error(store: ImageStore) -> None:
    store.put(record("abc1"))
    store.put(record("abc2"))
    with pytest.raises(InvalidArgument) as caught:
        store.resolve("abc")
    assert caught.value.kind == "image"
    assert store.resolve("abc2").id == image_id("abc2")


def test_a_malformed_name_is_an_error(store: ImageStore) -> None:
    for text in ("", "UPPER", "a b", "a:"):
        with pytest.raises(InvalidArgument):
            store.resolve(text)


def test_setting_a_name_takes_it_from_another_image(store: ImageStore) -> None:
    store.put(record("a"), [name("x")])
    store.put(record("b"))
    assert store.set_name(name("x"), image_id("b")) == image_id("a")
    assert store.set_name(name("x"), image_id("b")) is None
    assert store.set_name(name("y"), image_id("b")) is None
    assert [one.reference.familiar() for one in store.names_of(image_id("b"))] == ["x:latest", "y:latest"]
    assert store.names_of(image_id("a")) == []
    with pytest.raises(NotFound):
        store.set_name(name("z"), image_id("c"))
    with pytest.raises(InvalidArgument):
        store.set_name(parse_normalized("z"), image_id("b"))


def test_removing_a_name_keeps_the_image(store: ImageStore) -> None:
    store.put(record("a"), [name("x")])
    with pytest.raises(Conflict):
        store.remove(image_id("a"))
    assert store.remove_name(name("x")) == image_id("a")
    with pytest.raises(NotFound):
        store.remove_name(name("x"))
    assert store.get(image_id("a")).id == image_id("a")
    store.remove(image_id("a"))
    with pytest.raises(NotFound):
        store.remove(image_id("a"))


def test_names_of_a_repository_are_its_own(store: ImageStore) -> None:
    names = ["a:1", "a:2", "a/b:1", "ab:1", "host:5000/a:1"]
    store.put(record("1"), [name(text) for text in names])
    found = store.names_in(parse_normalized("a"))
    assert [one.reference.familiar() for one in found] == ["a:1", "a:2"]
    assert [one.reference.familiar() for one in store.names_in(parse_normalized("host:5000/a"))] == [
        "host:5000/a:1"
    ]


def test_putting_again_only_fills_in(store: ImageStore) -> None:
    store.put(record("a"))
    first = store.get(image_id("a"))
    store.put(ImageRecord(id=image_id("a"), config=ImageConfig(), manifest=image_id("m0")))
    second = store.get(image_id("a"))
    assert (second.created_ns, second.manifest) == (first.created_ns, image_id("m0"))
    store.put(ImageRecord(id=image_id("a"), config=ImageConfig(), manifest=image_id("other")))
    assert store.get(image_id("a")).manifest == image_id("m0")


def test_how_many_images_use_a_layer(store: ImageStore) -> None:
    store.put(record("a", "1", "2"))
    store.put(record("b", "1"))
    uses = store.layer_uses()
    assert uses[image_id("1")] == 2
    assert sorted(uses.values()) == [1, 2]
    store.remove(image_id("b"))
    assert store.layer_uses()[image_id("1")] == 1


def test_the_newest_image_is_listed_first(store: ImageStore) -> None:
    for start in "bca":
        store.put(record(start))
    assert [one.id for one in store.list()] == [image_id(start) for start in "acb"]


def test_layers_are_remembered(db: Database) -> None:
    layers = LayerStore(db)
    layer = Layer(diff_id=image_id("1"), size_bytes=5, media_type="m", blob=image_id("2"))
    layers.put(layer)
    assert layers.find(image_id("1")) == layer
    assert layers.find(image_id("9")) is None
    layers.forget([image_id("1"), image_id("9")])
    assert layers.diff_ids() == []


def test_holds_count() -> None:
    holds = Holds()
    with holds.hold() as one:
        one.keep("a", "b")
        with holds.hold() as two:
            two.keep("b", "b", "c")
            assert holds.held() == {"a", "b", "c"}
        assert holds.held() == {"a", "b"}
        one.release()
        one.release()
        assert holds.held() == frozenset()


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("busybox", "busybox:1", True),
        ("busybox:1", "busybox:1", True),
        ("busybox:2", "busybox:1", False),
        ("busy*", "busybox:1", True),
        ("busy*:1", "busybox:1", True),
        ("*", "busybox:1", True),
        ("*", "a/b:1", False),
        ("*/*", "a/b:1", True),
        ("b?sybox", "busybox", True),
        ("[a-c]usybox", "busybox", True),
        ("[^a-c]usybox", "busybox", False),
        ("[x-a]usybox", "busybox", False),
        ("busybo\\x", "busybox", True),
        ("busy.ox", "busybox", False),
        ("docker.io/library/busybox", "busybox", False),
        ("host:1/*", "host:1/app:1", True),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, name(text)) is expected


@pytest.mark.parametrize("pattern", ["[", "[]", "[a", "[a-", "a\\", "[-a]", "[^]"])
def test_a_bad_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidArgument):
        matches(pattern, name("busybox"))
