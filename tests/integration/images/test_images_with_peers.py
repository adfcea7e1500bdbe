"""Our archives in other programs' hands, theirs in ours, and the same answers as Docker's."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec
import pytest

from sampan.testing.image_archives import docker_archive, in_chunks, layer_tar, sample_image
from sampan.testing.image_rig import ImageRig

PEER = os.environ.get("SAMPAN_PEER_DOCKER", "/run/peers/docker.sock")
BASE = layer_tar({"etc/base": b"base\n"})
TOP = layer_tar({"etc/top": b"top\n"})
CHANGES = [
    'CMD ["sh"]',
    "ENV A=b C='d e'",
    "EXPOSE 80 90/udp",
    "LABEL x=y",
    "USER foo",
    "VOLUME /data",
    "WORKDIR /w",
    "STOPSIGNAL SIGINT",
    "HEALTHCHECK --interval=5s CMD foo bar",
    "ONBUILD RUN x",
    "ENTRYPOINT a b",
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ImageRig]:
    async with ImageRig.opened(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()


def skopeo(*argv: str) -> str:
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *argv], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
async def test_skopeo_reads_what_we_save(rig: ImageRig, tmp_path: Path, compression: str) -> None:
    one, two = sample_image(BASE, TOP), sample_image(BASE, labels={"n": "2"})
    await rig.load(docker_archive((one, ["one:1"]), (two, ["two:1"]), compression=compression))
    archive = tmp_path / "saved.tar"
    archive.write_bytes(await rig.save("one:1", "two:1"))
    for name, image in (("one:1", one), ("two:1", two)):
        shown = json.loads(skopeo("inspect", "--raw", "--config", f"docker-archive:{archive}:{name}"))
        assert shown == json.loads(image.config)
    skopeo("copy", f"docker-archive:{archive}:one:1", f"oci:{tmp_path}/layout:copied")
    config = json.loads(skopeo("inspect", "--config", f"oci:{tmp_path}/layout:copied"))
    assert config["rootfs"]["diff_ids"] == one.diff_ids


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
async def test_we_load_what_skopeo_writes(rig: ImageRig, tmp_path: Path, form: str) -> None:
    image = sample_image(BASE, TOP)
    source = tmp_path / "source.tar"
    source.write_bytes(docker_archive((image, ["made:1"])))
    target = tmp_path / "target.tar"
    skopeo("copy", f"docker-archive:{source}:made:1", f"{form}:{target}:docker.io/library/made:2")
    await rig.load(target.read_bytes())
    assert rig.images.resolve("made:2").diff_ids == image.diff_ids


class Docker:
    """The Engine API of a real Docker."""

    def __call__(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = http.client.HTTPConnection("peer")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(PEER)
        connection.request(method, f"/v1.45{path}", body, {"Content-Type": "application/x-tar"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        assert answer.status < 300, data
        return data

    def json(self, method: str, path: str) -> dict[str, object]:
        value = json.loads(self(method, path))
        assert isinstance(value, dict)
        return value


NAME = f"sampan-images-test-{os.getpid()}"


@pytest.fixture
def docker() -> Iterator[Docker]:
    peer = Docker()
    yield peer
    rows = json.loads(
        peer("GET", "/images/json?" + urlencode({"filters": json.dumps({"reference": [NAME]})}))
    )
    for row in rows:
        peer("DELETE", f"/images/{row['Id']}?force=1")


# Fields of a container that Docker showed of an image until API 1.49.
_OLD_CONFIG = frozenset(
    {"AttachStderr", "AttachStdin", "AttachStdout", "Domainname", "Hostname", "Image", "OpenStdin", "StdinOnce", "Tty"}
)  # fmt: skip


def comparable(inspected: dict[str, object]) -> dict[str, object]:
    """Without what differs between any two hosts, and between versions of the API."""
    config = inspected["Config"]
    assert isinstance(config, dict)
    return {
        key: value
        for key, value in inspected.items()
        if key not in ("Config", "GraphDriver", "Metadata", "RepoDigests")
    } | {"Config": {key: value for key, value in config.items() if key not in _OLD_CONFIG}}


@pytest.mark.peers
async def test_docker_answers_the_same_of_the_same_archive(rig: ImageRig, docker: Docker) -> None:
    image = sample_image(BASE, TOP, labels={"a": "b"})
    archive = docker_archive((image, [f"{NAME}:1", f"{NAME}:2"]))
    theirs_said = docker("POST", "/images/load?quiet=1", archive)
    ours_said = [message async for message in await rig.load_images(in_chunks(archive), quiet=True)]
    lines = [json.loads(line)["stream"] for line in theirs_said.splitlines()]
    assert sorted(message.stream for message in ours_said) == sorted(lines)

    theirs = docker.json("GET", f"/images/{NAME}:1/json")
    ours = msgspec.to_builtins(await rig.inspect_image(f"{NAME}:1"))
    assert comparable(ours) == comparable(theirs)

    their_history = json.loads(docker("GET", f"/images/{NAME}:1/history"))
    assert msgspec.to_builtins(await rig.image_history(f"{NAME}:1")) == their_history

    query = urlencode({"filters": json.dumps({"reference": [f"{NAME}:1"]})})
    their_rows = json.loads(docker("GET", f"/images/json?{query}"))
    rows = msgspec.to_builtins(await rig.list_images())
    rows[0]["RepoTags"] = [name for name in rows[0]["RepoTags"] if name.endswith(":1")]
    assert rows == their_rows

    for name in (f"{NAME}:1", f"{NAME}:2"):
        their_items = json.loads(docker("DELETE", f"/images/{name}"))
        assert msgspec.to_builtins(await rig.remove_image(name)) == their_items


@pytest.mark.peers
async def test_docker_answers_the_same_of_the_same_import(rig: ImageRig, docker: Docker) -> None:
    query = urlencode({"fromSrc": "-", "repo": NAME, "tag": "i", "message": "hello"})
    changes = "".join(f"&changes={quote(change)}" for change in CHANGES)
    docker("POST", f"/images/create?{query}{changes}", BASE)
    await rig.import_(BASE, f"{NAME}:i", changes=CHANGES, message="hello")
    theirs = comparable(docker.json("GET", f"/images/{NAME}:i/json"))
    ours = comparable(msgspec.to_builtins(await rig.inspect_image(f"{NAME}:i")))
    for own in ("Id", "Created", "DockerVersion"):
        theirs.pop(own)
        ours.pop(own)
    assert ours == theirs


@pytest.mark.peers
async def test_docker_runs_what_we_save(rig: ImageRig, docker: Docker, tmp_path: Path) -> None:
    async for _ in await rig.bootstrap_image("busybox"):
        pass
    await rig.tag_image("busybox", NAME, "run")
    archive = tmp_path / "saved.tar"
    archive.write_bytes(await rig.save(f"{NAME}:run"))
    cli = ["docker", "-H", f"unix://{PEER}"]
    subprocess.run([*cli, "load", "-q", "-i", str(archive)], check=True, capture_output=True, timeout=60)
    done = subprocess.run(
        [*cli, "run", "--rm", "--network=none", f"{NAME}:run", "echo", "from our archive"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "from our archive\n"), done.stderr
    saved = subprocess.run([*cli, "save", f"{NAME}:run"], check=True, capture_output=True, timeout=60).stdout
    expected = rig.images.resolve(f"{NAME}:run").id
    await rig.remove_image(expected, force=True)
    await rig.load(saved)
    assert rig.images.resolve(f"{NAME}:run").id == expected


async def test_skopeo_reads_it_as_an_oci_archive_too(rig: ImageRig, tmp_path: Path) -> None:
    image = sample_image(BASE, architecture="arm64")
    await rig.load(docker_archive((image, ["arm:1"]), compression="gzip"))
    archive = tmp_path / "arm.tar"
    archive.write_bytes(await rig.save("arm:1"))
    shown = json.loads(skopeo("inspect", "--config", f"oci-archive:{archive}:1"))
    assert shown == json.loads(image.config)
