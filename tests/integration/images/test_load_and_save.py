"""Load, import and save against real stores and the real unpacking worker (root)."""

from __future__ import annotations

import asyncio
import bz2
import io
import json
import lzma
import random
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sampan.diff.apply import Applied, apply_layer
from sampan.diff.write import write_layer
from sampan.errors import InternalError, InvalidArgument, NotFound
from sampan.images.layers import Layer
from sampan.images.record import ImageRecord
from sampan.oci.descriptor import OCI_LAYER
from sampan.oci.digest import Digest, of_bytes
from sampan.oci.image_config import parse_image_config
from sampan.oci.reference import parse_normalized
from sampan.testing.image_archives import (
    LayoutBuilder,
    compressed,
    digest,
    docker_archive,
    layer_tar,
    sample_image,
    tar_of,
)
from sampan.testing.image_rig import ImageRig

BASE = layer_tar({"etc/base": b"base\n", "bin/big": bytes(range(256)) * 1024})
TOP = layer_tar({"etc/top": b"top\n"})


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ImageRig]:
    async with ImageRig.opened(tmp_path) as opened:
        yield opened


def read(rig: ImageRig, chain: str, name: str) -> bytes:
    """A file of an image, whichever layer has it."""
    for directory in (rig.snapshots.upper_dir(chain), *rig.snapshots.lower_dirs(chain)):
        if (directory / name).exists():
            return (directory / name).read_bytes()
    raise AssertionError(f"no layer has {name}")


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
async def test_a_docker_archive_is_loaded(rig: ImageRig, compression: str) -> None:
    image = sample_image(BASE, TOP)
    said = await rig.load(docker_archive((image, ["sample:1", "host:5000/x:2"]), compression=compression))
    record = rig.images.resolve("sample:1")
    assert record.id == image.id
    assert record.diff_ids == image.diff_ids
    assert read(rig, record.chain_id, "etc/top") == b"top\n"
    assert read(rig, record.chain_id, "etc/base") == b"base\n"
    assert record.layer_sizes == [5 + 256 * 1024, 4]
    assert "Loaded image: sample:1\n" in said
    shown = await rig.inspect_image("sample:1")
    assert shown.repo_digests == []


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
async def test_the_archive_itself_may_be_compressed(rig: ImageRig, compression: str) -> None:
    image = sample_image(BASE)
    await rig.load(compressed(docker_archive((image, ["sample:1"])), compression))
    assert rig.images.resolve("sample:1").id == image.id


async def test_an_image_without_names_is_loaded_by_id(rig: ImageRig) -> None:
    image = sample_image(TOP)
    said = await rig.load(docker_archive((image, [])))
    assert said[-1] == f"Loaded image ID: {image.id}\n"
    assert rig.images.resolve(image.id[7:19]).id == image.id


async def test_a_repeated_layer_may_be_a_link(rig: ImageRig) -> None:
    one, two = sample_image(BASE, TOP), sample_image(BASE, labels={"a": "b"})
    await rig.load(docker_archive((one, ["one:1"]), (two, ["two:1"]), shared_by_link=True))
    assert rig.images.resolve("two:1").diff_ids == two.diff_ids
    assert [info.key for info in rig.snapshots.walk()].count(two.diff_ids[0]) == 1


async def test_a_legacy_archive_is_loaded(rig: ImageRig) -> None:
    lower, upper = "1" * 64, "2" * 64
    archive = tar_of(
        {
            f"{lower}/json": json.dumps({"id": lower, "os": "linux", "architecture": "amd64"}).encode(),
            f"{lower}/layer.tar": BASE,
            f"{upper}/json": json.dumps(
                {
                    "id": upper,
                    "parent": lower,
                    "os": "linux",
                    "architecture": "amd64",
                    "config": {"Cmd": ["old"]},
                    "container_config": {"Cmd": ["/bin/sh", "-c", "made"]},
                }
            ).encode(),
            f"{upper}/layer.tar": TOP,
            "repositories": json.dumps({"old/image": {"v1": upper}}).encode(),
        }
    )
    await rig.load(archive)
    record = rig.images.resolve("old/image:v1")
    assert record.config.config.cmd == ["old"]
    assert record.diff_ids == [digest(BASE), digest(TOP)]
    assert [step.created_by for step in record.config.history] == ["", "/bin/sh -c made"]


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
async def test_an_oci_layout_is_loaded_with_its_manifest(rig: ImageRig, compression: str) -> None:
    image = sample_image(BASE, TOP)
    layout = LayoutBuilder()
    entry = layout.image(
        image, compression, annotations={"org.opencontainers.image.ref.name": "docker.io/library/oci:1"}
    )
    await rig.load(layout.tar(entry))
    shown = await rig.inspect_image("oci:1")
    assert shown.id == image.id
    assert shown.repo_digests == [f"oci@{entry['digest']}"]
    assert rig.images.resolve(f"oci@{entry['digest']}").id == image.id


async def test_of_nested_indexes_the_one_for_the_host_is_taken(rig: ImageRig) -> None:
    layout = LayoutBuilder()
    arm = sample_image(TOP, architecture="arm64")
    amd = sample_image(BASE)
    inner = layout.index(
        layout.image(arm, platform={"os": "linux", "architecture": "arm64"}),
        layout.image(amd, platform={"os": "linux", "architecture": "amd64"}),
        layout.blob(
            b"{}",
            "application/vnd.oci.image.manifest.v1+json",
            platform={"os": "unknown", "architecture": "unknown"},
        ),
    )
    outer = layout.index(inner, annotations={"io.containerd.image.name": "docker.io/library/multi:1"})
    archive = layout.tar(outer)
    await rig.load(archive)
    assert rig.images.resolve("multi:1").id == amd.id
    await rig.load(archive, platform="linux/arm64")
    assert rig.images.resolve("multi:1").id == arm.id
    with pytest.raises(NotFound):
        await rig.load(archive, platform="linux/s390x")


async def test_saving_gives_back_the_same_image_and_manifest(rig: ImageRig, tmp_path: Path) -> None:
    image = sample_image(BASE, TOP)
    layout = LayoutBuilder()
    entry = layout.image(image, "zstd", annotations={"io.containerd.image.name": "docker.io/library/keep:1"})
    await rig.load(layout.tar(entry))
    await rig.tag_image("keep:1", "other", "2")
    saved = await rig.save("keep:1", "other:2")
    assert saved == await rig.save("keep:1", "other:2")
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        manifest = archive.extractfile(f"blobs/{str(entry['digest']).replace(':', '/')}")
        assert manifest is not None
        assert digest(manifest.read()) == entry["digest"]
    (tmp_path / "second").mkdir()
    async with ImageRig.opened(tmp_path / "second") as second:
        await second.load(saved)
        assert second.images.resolve("other:2").id == image.id
        assert second.images.resolve("keep:1").manifest == entry["digest"]
        assert await second.save("keep:1", "other:2") == saved


async def test_saving_a_repository_takes_all_its_tags(rig: ImageRig) -> None:
    await rig.load(
        docker_archive((sample_image(BASE), ["repo:1", "repo:2"]), (sample_image(TOP), ["repo:3"]))
    )
    with tarfile.open(fileobj=io.BytesIO(await rig.save("repo"))) as archive:
        file = archive.extractfile("manifest.json")
        assert file is not None
        tags = [item["RepoTags"] for item in json.load(file)]
    assert tags == [["repo:1", "repo:2"], ["repo:3"]]


async def test_saving_what_is_not_there_fails_before_the_first_byte(rig: ImageRig) -> None:
    with pytest.raises(NotFound) as caught:
        await rig.save_images(["nothing"])
    assert caught.value.message == "No such image: nothing:latest"


async def test_an_image_can_be_removed_while_it_is_saved(rig: ImageRig) -> None:
    await rig.load(docker_archive((sample_image(BASE), ["going:1"])))
    expected = await rig.save("going:1")
    stream = await rig.save_images(["going:1"])
    got = [await anext(stream)]
    await rig.remove_image("going:1")
    got += [piece async for piece in stream]
    assert b"".join(got) == expected
    rig.sweep()
    assert rig.state()["blobs"] == []


async def test_two_loads_at_once_unpack_a_chain_once(tmp_path: Path) -> None:
    calls: list[Path] = []

    async def counted(source: Path, *, target: Path, lower: object) -> Applied:
        calls.append(target)
        await asyncio.sleep(0)
        return await apply_layer(source, target=target)

    one, two = sample_image(BASE, labels={"n": "1"}), sample_image(BASE, labels={"n": "2"})
    async with ImageRig.opened(tmp_path, apply=counted) as rig:
        async with asyncio.TaskGroup() as group:
            group.create_task(rig.load(docker_archive((one, ["one:1"]))))
            group.create_task(rig.load(docker_archive((two, ["two:1"]), compression="gzip")))
        assert len(calls) == 1
        assert rig.images.resolve("one:1").chain_id == rig.images.resolve("two:1").chain_id


async def test_a_layer_that_is_another_than_the_config_says_is_refused(rig: ImageRig) -> None:
    before = rig.state()
    image = sample_image(BASE, TOP, diff_ids=[digest(BASE), digest(b"another")])
    with pytest.raises(InvalidArgument):
        await rig.load(docker_archive((image, ["bad:1"])))
    assert rig.state() == before


def damaged_archives() -> list[tuple[str, bytes]]:
    image = sample_image(BASE, TOP)
    whole = docker_archive((image, ["sample:1"]))
    layout = LayoutBuilder()
    oci = layout.members(layout.image(image, "gzip"))
    config = f"blobs/sha256/{image.id[7:]}"
    flipped = dict(oci)
    flipped[config] = flipped[config].replace(b'"sh"', b'"sX"')
    missing = {name: data for name, data in oci.items() if name != config}
    return [
        ("empty", b""),
        ("text", b"this is no archive at all" * 100),
        ("short", whole[:100]),
        ("cut in a member", whole[: len(BASE) // 2]),
        ("cut before the manifest", whole[: whole.index(b"manifest.json")]),
        ("gzip cut", compressed(whole, "gzip")[:-50]),
        ("zstd cut", compressed(whole, "zstd")[:-50]),
        ("no image in it", layer_tar({"etc/passwd": b"root"})),
        ("manifest is no JSON", tar_of({"manifest.json": b"[{"})),
        ("manifest is an object", tar_of({"manifest.json": b"{}"})),
        ("config missing", tar_of({"manifest.json": b'[{"Config":"x.json","Layers":[]}]'})),
        ("config outside", tar_of({"manifest.json": b'[{"Config":"../../etc/passwd","Layers":[]}]'})),
        (
            "link to the outside",
            tar_of({"manifest.json": b'[{"Config":"c.json","Layers":[]}]'}, {"c.json": "/etc/passwd"}),
        ),
        (
            "links in a circle",
            tar_of({"manifest.json": b'[{"Config":"a","Layers":[]}]'}, {"a": "b", "b": "a"}),
        ),
        ("too few layers", tar_of({"manifest.json": b'[{"Config":"c","Layers":[]}]', "c": image.config})),
        ("blob not as named", tar_of(flipped)),
        ("blob missing", tar_of(missing)),
        ("index of nothing", layout.tar()),
        (
            "name with upper case",
            docker_archive((image, ["Bad:1"])),
        ),
    ]


@pytest.mark.parametrize("archive", [pytest.param(data, id=name) for name, data in damaged_archives()])
async def test_a_damaged_archive_changes_nothing(rig: ImageRig, archive: bytes) -> None:
    await rig.load(docker_archive((sample_image(TOP), ["before:1"])))
    before = rig.state()
    with pytest.raises((InvalidArgument, NotFound)):
        await rig.load(archive)
    assert rig.state() == before


async def test_a_flipped_bit_is_noticed_or_harmless(rig: ImageRig) -> None:
    """Wherever one bit flips: the archive is refused, or gives exactly the same image."""
    image = sample_image(TOP)
    layout = LayoutBuilder()
    archive = layout.tar(layout.image(image, "gzip"))
    before = rig.state()
    chance = random.Random(20260101)
    for _ in range(60):
        flipped = bytearray(archive)
        position = chance.randrange(len(flipped))
        flipped[position] ^= 1 << chance.randrange(8)
        try:
            await rig.load(bytes(flipped))
        except (InvalidArgument, NotFound):
            pass
        else:
            assert [record.id for record in rig.images.list()] == [image.id]
            for name in rig.images.names():
                rig.images.remove_name(name.reference)
            rig.images.remove(image.id)
            rig.sweep()
        assert rig.state() == before


async def test_an_upload_that_breaks_off_leaves_nothing(rig: ImageRig) -> None:
    archive = docker_archive((sample_image(BASE), ["cut:1"]))
    before = rig.state()

    async def breaking() -> AsyncIterator[bytes]:
        yield archive[: 100 * 1024]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        async for _ in await rig.load_images(breaking()):
            pass
    assert rig.state() == before


async def test_a_cancelled_load_leaves_nothing(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def never(source: Path, *, target: Path, lower: object) -> object:
        (target / "partial").write_text("x")
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with ImageRig.opened(tmp_path, apply=never) as rig:  # type: ignore[arg-type]
        before = rig.state()
        archive = docker_archive((sample_image(BASE), ["x:1"]))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rig.load(archive))
            await started.wait()
            task.cancel()
        assert task.cancelled()
        assert rig.state() == before


async def test_a_moved_name_is_reported(rig: ImageRig) -> None:
    first, second = sample_image(BASE), sample_image(TOP)
    await rig.load(docker_archive((first, ["moving:1"])))
    said = await rig.load(docker_archive((second, ["moving:1"])))
    assert (
        f"The image moving:1 already exists, renaming the old one with ID {first.id} to empty string\n"
        in said
    )
    assert rig.images.resolve(first.id).id == first.id


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "xz", "bz2"])
async def test_a_flat_tar_is_imported(rig: ImageRig, compression: str) -> None:
    match compression:
        case "xz":
            data = lzma.compress(BASE)
        case "bz2":
            data = bz2.compress(BASE)
        case _:
            data = compressed(BASE, compression)
    image_id = await rig.import_(data, "flat:1", changes=['CMD ["a"]', "ENV X=y"], message="hello")
    shown = await rig.inspect_image("flat:1")
    assert shown.id == image_id
    assert shown.root_fs.layers == [digest(BASE)]
    assert shown.comment == "hello"
    assert shown.config.cmd == ["a"]
    assert shown.config.env == ["X=y"]
    (step,) = await rig.image_history("flat:1")
    assert (step.id, step.tags, step.comment) == (image_id, ["flat:1"], "hello")
    assert rig.state()["held"] == frozenset()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no tar " * 1000, id="text"),
        pytest.param(BASE[:5000], id="cut"),
        pytest.param(compressed(BASE, "gzip")[:-20], id="gzip cut"),
        pytest.param(compressed(BASE, "zstd")[:-20], id="zstd cut"),
    ],
)
async def test_a_damaged_flat_tar_changes_nothing(rig: ImageRig, data: bytes) -> None:
    before = rig.state()
    with pytest.raises(InvalidArgument):
        await rig.import_(data, "bad:1")
    assert rig.state() == before


async def test_events_tell_what_happened(rig: ImageRig) -> None:
    image = sample_image(BASE, labels={"who": "me"})
    await rig.load(docker_archive((image, ["ev:1"])))
    await rig.tag_image("ev:1", "ev", "2")
    await rig.save("ev:1")
    await rig.remove_image("ev:2")
    await rig.remove_image("ev:1")
    seen = [(event.action, event.actor.attributes["name"]) for event in rig.events.history(0)]
    assert seen == [
        ("load", image.id),
        ("tag", "ev:2"),
        ("save", image.id),
        ("untag", image.id),
        ("untag", image.id),
        ("delete", image.id),
    ]
    assert all(event.actor.attributes["who"] == "me" for event in rig.events.history(0))
    assert await rig.list_images() == []
    assert rig.state()["blobs"] == []
    assert rig.state()["snapshots"] == []


async def _built_here(rig: ImageRig, tmp_path: Path) -> str:
    """An image whose one layer exists as a snapshot only, as a build leaves it."""
    rig.snapshots.prepare("building", None)
    upper = rig.snapshots.upper_dir("building")
    (upper / "made").write_text("here")
    with (tmp_path / "layer.tar").open("wb") as file:
        applied = await write_layer(upper, target=file.fileno())
    rig.snapshots.commit(applied.diff_id, "building")
    raw = sample_image(b"", diff_ids=[applied.diff_id]).config
    rig.content.add(raw)
    rig.layers.put(Layer(diff_id=applied.diff_id, size_bytes=4, media_type=OCI_LAYER))
    rig.images.put(
        ImageRecord(
            id=of_bytes(raw),
            config=parse_image_config(raw),
            chain_id=applied.diff_id,
            size_bytes=4,
            layer_sizes=[4],
        ),
        [parse_normalized("built:1")],
    )
    return applied.diff_id


async def test_a_layer_made_here_gets_its_blob_when_it_leaves(rig: ImageRig, tmp_path: Path) -> None:
    diff_id = await _built_here(rig, tmp_path)
    saved = await rig.save("built:1")
    assert rig.images.resolve("built:1").manifest is not None
    assert rig.state()["held"] == frozenset()
    rig.sweep()
    assert await rig.save("built:1") == saved
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        layer = archive.extractfile(f"blobs/{diff_id.replace(':', '/')}")
        assert layer is not None
        assert digest(layer.read()) == diff_id


async def test_a_snapshot_that_does_not_give_back_its_layer_is_not_saved(
    rig: ImageRig, tmp_path: Path
) -> None:
    diff_id = await _built_here(rig, tmp_path)
    (rig.snapshots.upper_dir(diff_id) / "made").write_text("changed")
    stream = await rig.save_images(["built:1"])
    with pytest.raises(InternalError):
        await anext(stream)
    assert rig.images.resolve("built:1").manifest is None


async def test_a_damaged_blob_cuts_the_archive_short(rig: ImageRig) -> None:
    await rig.load(docker_archive((sample_image(BASE), ["worn:1"])))
    path = rig.content.path(Digest(digest(BASE)))
    path.chmod(0o600)
    worn = bytearray(BASE)
    worn[5000] ^= 1
    path.write_bytes(worn)
    with pytest.raises(InternalError) as caught:
        await rig.save("worn:1")
    assert caught.value.ref == digest(BASE)


async def test_leftovers_of_a_crash_are_swept(rig: ImageRig) -> None:
    await rig.load(docker_archive((sample_image(BASE), ["stays:1"])))
    before = rig.state()
    rig.content.add(b"a blob that no image names")
    rig.snapshots.prepare("unpack-0123", None)
    rig.snapshots.prepare("container", rig.images.resolve("stays:1").chain_id)
    swept = rig.sweep()
    assert list(swept.snapshots) == ["unpack-0123"]
    rig.snapshots.remove("container")
    assert rig.state() == before
