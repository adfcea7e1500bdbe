"""Docker's rules for listing, removing and pruning images."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sampan.engine.images.ports import ContainerUse
from sampan.engine.images.times import nanoseconds, rfc3339, seconds
from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.images.record import ImageRecord
from sampan.models.image import ImageDeleteItem
from sampan.oci.chain import chain_ids
from sampan.oci.digest import Digest
from sampan.oci.image_config import ExecutionConfig, History, ImageConfig, RootFs
from sampan.oci.reference import parse_normalized
from sampan.testing.image_rig import ImageRig
from sampan.wire.filters import Filters


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ImageRig]:
    async with ImageRig.opened(tmp_path) as opened:
        yield opened


def digest(start: str) -> Digest:
    return Digest("sha256:" + start.ljust(64, "0"))


def put(
    rig: ImageRig,
    start: str,
    *names: str,
    parent: str = "",
    layers: str = "",
    created: str = "2024-01-01T00:00:00Z",
    labels: dict[str, str] | None = None,
) -> Digest:
    """An image with layers named by one letter each, whose snapshots exist."""
    diff_ids = [digest(letter) for letter in layers]
    below: str | None = None
    for chain in chain_ids(diff_ids):
        if not rig.snapshots.exists(chain):
            rig.snapshots.prepare(f"unpack-{chain}", below)
            rig.snapshots.commit(chain, f"unpack-{chain}")
        below = chain
    record = ImageRecord(
        id=digest(start),
        config=ImageConfig(
            created=created,
            architecture="amd64",
            os="linux",
            config=ExecutionConfig(labels=labels),
            rootfs=RootFs(diff_ids=diff_ids),
            history=[History(created=created, created_by=f"add {letter}") for letter in layers],
        ),
        chain_id=below or "",
        size_bytes=10 * len(diff_ids),
        layer_sizes=[10] * len(diff_ids),
        parent=digest(parent) if parent else None,
    )
    rig.images.put(record, [_name(name) for name in names])
    return record.id


def _name(text: str):  # type: ignore[no-untyped-def]
    return parse_normalized(text).with_default_tag()


def use(rig: ImageRig, image_id: str, *, running: bool) -> None:
    rig.uses.by_image[image_id] = [ContainerUse(id="c" * 64, name="one", running=running)]


def words(items: list[ImageDeleteItem]) -> list[str]:
    return [f"- {item.untagged}" if isinstance(item.untagged, str) else f"x {item.deleted}" for item in items]


async def shown(rig: ImageRig, all: bool = False, **filters: str) -> list[str]:
    rows = await rig.list_images(
        Filters({name.replace("not_label", "label!"): [value] for name, value in filters.items()}), all=all
    )
    return [row.id.removeprefix("sha256:").rstrip("0") for row in rows]


async def test_the_last_name_takes_the_image_and_its_layers_along(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1", "a:2", layers="ab")
    chains = chain_ids([digest("a"), digest("b")])
    assert words(await rig.remove_image("a:2")) == ["- a:2"]
    assert words(await rig.remove_image("a:1")) == ["- a:1", f"x {image}", f"x {chains[1]}", f"x {chains[0]}"]
    with pytest.raises(NotFound):
        await rig.remove_image("a:1")


async def test_layers_of_another_image_stay(rig: ImageRig) -> None:
    one = put(rig, "1", "a:1", layers="ab")
    put(rig, "2", "b:1", layers="a")
    top = chain_ids([digest("a"), digest("b")])[1]
    assert words(await rig.remove_image("a:1")) == ["- a:1", f"x {one}", f"x {top}"]


async def test_layers_of_a_container_stay(rig: ImageRig) -> None:
    one = put(rig, "1", "a:1", layers="ab")
    rig.snapshots.prepare("container", chain_ids([digest("a"), digest("b")])[1])
    use(rig, one, running=False)
    assert words(await rig.remove_image("a:1", force=True)) == ["- a:1", f"x {one}"]
    assert len(list(rig.snapshots.walk())) == 3
    rig.snapshots.remove("container")
    rig.sweep()
    assert list(rig.snapshots.walk()) == []


async def test_a_name_in_use_is_not_taken(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1", "a:2")
    use(rig, image, running=False)
    assert words(await rig.remove_image("a:2")) == ["- a:2"]
    with pytest.raises(Conflict) as caught:
        await rig.remove_image("a:1")
    assert caught.value.message == (
        'conflict: unable to remove repository reference "a:1" (must force) - container cccccccccccc '
        "is using its referenced image 100000000000"
    )


async def test_a_running_container_cannot_be_forced(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1")
    use(rig, image, running=True)
    with pytest.raises(Conflict) as caught:
        await rig.remove_image(image, force=True)
    assert caught.value.message == (
        "conflict: unable to delete 100000000000 (cannot be forced) - image is being used by running "
        "container cccccccccccc"
    )
    assert rig.images.resolve("a:1").id == image


async def test_a_stopped_container_can(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1")
    use(rig, image, running=False)
    with pytest.raises(Conflict) as caught:
        await rig.remove_image(image)
    assert caught.value.message == (
        "conflict: unable to delete 100000000000 (must be forced) - image is being used by stopped "
        "container cccccccccccc"
    )
    assert words(await rig.remove_image(image, force=True)) == ["- a:1", f"x {image}"]


async def test_by_id_names_in_several_repositories_need_force(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1", "b:1")
    with pytest.raises(Conflict) as caught:
        await rig.remove_image(image[7:19])
    assert caught.value.message == (
        "conflict: unable to delete 100000000000 (must be forced) - image is referenced in multiple repositories"
    )
    assert words(await rig.remove_image(image, force=True)) == ["- a:1", "- b:1", f"x {image}"]


async def test_by_id_a_tag_and_its_digest_are_one_name(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1", f"a@{digest('d')}")
    assert words(await rig.remove_image(image)) == ["- a:1", f"- a@{digest('d')}", f"x {image}"]


async def test_the_last_tag_takes_digests_of_its_repository_along(rig: ImageRig) -> None:
    image = put(rig, "1", "a:1", f"a@{digest('d')}", "b:1", f"b@{digest('d')}")
    assert words(await rig.remove_image("a:1")) == ["- a:1", f"- a@{digest('d')}"]
    assert rig.images.resolve(f"b@{digest('d')}").id == image


async def test_an_image_with_children_stays(rig: ImageRig) -> None:
    base = put(rig, "1", layers="a")
    put(rig, "2", "child:1", parent="1", layers="ab")
    with pytest.raises(Conflict) as caught:
        await rig.remove_image(base, force=True)
    assert "(cannot be forced) - image has dependent child images" in caught.value.message


async def test_nameless_parents_go_with_the_last_child(rig: ImageRig) -> None:
    put(rig, "1", layers="a")
    put(rig, "2", parent="1", layers="ab")
    put(rig, "3", "child:1", parent="2", layers="abc")
    deleted = words(await rig.remove_image("child:1"))
    chains = chain_ids([digest(letter) for letter in "abc"])
    assert deleted == [
        "- child:1",
        f"x {digest('3')}",
        f"x {digest('2')}",
        f"x {digest('1')}",
        *(f"x {chain}" for chain in chains[::-1]),
    ]


async def test_without_prune_parents_stay(rig: ImageRig) -> None:
    put(rig, "1", layers="a")
    put(rig, "3", "child:1", parent="1", layers="ab")
    await rig.remove_image("child:1", prune=False)
    assert rig.images.get(digest("1")).id == digest("1")


async def test_a_named_parent_stays(rig: ImageRig) -> None:
    put(rig, "1", "base:1", layers="a")
    put(rig, "3", "child:1", parent="1", layers="ab")
    await rig.remove_image("child:1")
    assert rig.images.resolve("base:1").id == digest("1")


async def test_pruning_takes_nameless_images_only(rig: ImageRig) -> None:
    put(rig, "1", "kept:1", layers="a")
    put(rig, "2", layers="ab")
    used = put(rig, "3", layers="c")
    use(rig, used, running=False)
    report = await rig.prune_images()
    assert words(report.images_deleted or []) == [
        f"x {digest('2')}",
        f"x {chain_ids([digest('a'), digest('b')])[1]}",
    ]
    assert report.space_reclaimed == 10
    assert (await rig.prune_images()).images_deleted is None
    (event,) = [event for event in rig.events.history(0) if event.action == "prune"][:1]
    assert event.actor.attributes == {"reclaimed": "10"}


async def test_pruning_all_takes_whatever_is_unused(rig: ImageRig) -> None:
    put(rig, "1", "a:1", "b:1", layers="a", labels={"keep": "no"})
    used = put(rig, "2", "c:1", labels={"keep": "no"})
    put(rig, "3", "d:1", labels={"keep": "yes"})
    use(rig, used, running=False)
    report = await rig.prune_images(Filters({"dangling": ["false"], "label!": ["keep=yes"]}))
    assert words(report.images_deleted or [])[:3] == ["- a:1", "- b:1", f"x {digest('1')}"]
    assert [record.id for record in rig.images.list()].count(digest("2")) == 1
    assert rig.images.resolve("d:1").id == digest("3")


async def test_pruning_by_age(rig: ImageRig) -> None:
    put(rig, "1", created="2020-01-01T00:00:00Z")
    put(rig, "2", created="2024-01-01T00:00:00Z")
    await rig.prune_images(Filters({"until": ["2022-01-01T00:00:00Z"]}))
    assert [record.id for record in rig.images.list()] == [digest("2")]
    with pytest.raises(InvalidArgument):
        await rig.prune_images(Filters({"until": ["soon"]}))
    with pytest.raises(InvalidArgument):
        await rig.prune_images(Filters({"reference": ["x"]}))


async def test_listing(rig: ImageRig) -> None:
    put(rig, "1", created="2021-01-01T00:00:00Z", layers="a")
    put(rig, "2", "a:1", "x/a:2", parent="1", created="2022-01-01T00:00:00Z", labels={"l": "1"}, layers="ab")
    put(rig, "3", f"a@{digest('d')}", created="2023-01-01T00:00:00Z")
    put(rig, "4", created="2024-01-01T00:00:00Z")
    assert await shown(rig) == ["4", "3", "2"]
    assert await shown(rig, all=True) == ["4", "3", "2", "1"]
    assert await shown(rig, dangling="true") == ["4", "3"]
    assert await shown(rig, dangling="false") == ["3", "2"]
    assert await shown(rig, label="l") == ["2"]
    assert await shown(rig, label="l=2") == []
    assert await shown(rig, not_label="l") == ["4", "3"]
    assert await shown(rig, before="a:1") == []
    assert await shown(rig, before="a:1", all=True) == ["1"]
    assert await shown(rig, since="a:1") == ["4", "3"]
    assert await shown(rig, until="2022-06-01T00:00:00Z") == ["2"]
    assert await shown(rig, reference="a") == ["3", "2"]
    assert await shown(rig, reference="x/*") == ["2"]
    rows = await rig.list_images(Filters({"reference": ["x/a:*"]}))
    assert rows[0].repo_tags == ["x/a:2"]
    with pytest.raises(InvalidArgument):
        await shown(rig, color="red")
    with pytest.raises(InvalidArgument):
        await shown(rig, dangling="perhaps")
    with pytest.raises(InvalidArgument):
        await shown(rig, reference="[")
    with pytest.raises(NotFound):
        await shown(rig, before="nothing")


async def test_what_costs_more_is_filled_in_on_request(rig: ImageRig) -> None:
    one = put(rig, "1", "a:1", layers="ab")
    put(rig, "2", "b:1", layers="ac")
    use(rig, one, running=True)
    plain = {row.id: row for row in await rig.list_images()}
    assert (plain[one].shared_size, plain[one].containers, plain[one].size) == (-1, -1, 20)
    full = {row.id: row for row in await rig.list_images(shared_size=True, containers=True)}
    assert (full[one].shared_size, full[one].containers) == (10, 1)
    assert full[digest("2")].containers == 0


async def test_history_names_what_was_made_here(rig: ImageRig) -> None:
    put(rig, "1", "base:1", layers="a")
    put(rig, "2", "child:1", parent="1", layers="ab")
    items = await rig.image_history("child:1")
    assert [(item.id, item.tags, item.created_by, item.size) for item in items] == [
        (digest("2"), ["child:1"], "add b", 10),
        (digest("1"), ["base:1"], "add a", 10),
    ]
    foreign = put(rig, "3", layers="ab")
    assert [item.id for item in await rig.image_history(foreign)] == [foreign, "<missing>"]


@pytest.mark.parametrize(
    ("repo", "tag", "expected"),
    [
        ("b", "", "b:latest"),
        ("b:1", "", "b:1"),
        ("b:1", "2", "b:2"),
        ("host:5000/b", "x", "host:5000/b:x"),
    ],
)
async def test_tagging(rig: ImageRig, repo: str, tag: str, expected: str) -> None:
    image = put(rig, "1", "a:1")
    await rig.tag_image("a:1", repo, tag)
    assert rig.images.resolve(expected).id == image


@pytest.mark.parametrize(
    ("repo", "tag", "message"),
    [
        ("UPPER", "x", "invalid reference format: repository name (library/UPPER) must be lowercase"),
        ("a", "!x", "invalid tag format"),
        ("a@sha256:" + "a" * 64, "", "cannot import digest reference"),
        ("sha256", "x", "refusing to create an ambiguous tag using digest algorithm as name"),
        ("", "x", "a repository name is needed"),
    ],
)
async def test_a_bad_name_is_refused(rig: ImageRig, repo: str, tag: str, message: str) -> None:
    put(rig, "1", "a:1")
    with pytest.raises(InvalidArgument) as caught:
        await rig.tag_image("a:1", repo, tag)
    assert caught.value.message == message


def test_times() -> None:
    assert nanoseconds("1970-01-01T00:00:01.5Z") == 1_500_000_000
    assert nanoseconds("1970-01-01T01:00:01.000000001+01:00") == 1_000_000_001
    assert nanoseconds("0001-01-01T00:00:00Z") < 0
    assert nanoseconds(None) == 0
    assert seconds("2024-01-02T03:04:05.999Z") == 1704164645
    assert rfc3339(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    assert rfc3339(0) == "0001-01-01T00:00:00Z"
