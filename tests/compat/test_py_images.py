"""docker-py on images, events and the engine itself."""

from __future__ import annotations

import threading
import time

import docker
import pytest
from docker.errors import APIError, ImageNotFound

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.busybox_rootfs import rootfs_tar
from sampan.testing.engine_under_test import EngineUnderTest


def test_get_and_list(client: docker.DockerClient, image: str) -> None:
    found = client.images.get(image)
    assert image in found.tags
    assert found.id in {listed.id for listed in client.images.list()}
    assert [listed.id for listed in client.images.list(name="sampan-test/busybox")] == [found.id]
    assert client.images.get(found.short_id.removeprefix("sha256:")).id == found.id
    assert found.attrs["Config"]["Cmd"] == ["sh"]
    with pytest.raises(ImageNotFound):
        client.images.get("stst-nothing")


def test_save_load_tag_remove(client: docker.DockerClient, image: str, image_name: str) -> None:
    found = client.images.get(image)
    assert found.tag(image_name, tag="one")
    saved = b"".join(client.images.get(f"{image_name}:one").save(named=True))
    client.images.remove(f"{image_name}:one")
    with pytest.raises(ImageNotFound):
        client.images.get(f"{image_name}:one")
    (loaded,) = client.images.load(saved)
    assert loaded.id == found.id
    assert f"{image_name}:one" in loaded.tags
    client.images.remove(f"{image_name}:one")


def test_import(client: docker.DockerClient, image_name: str) -> None:
    text = client.api.import_image_from_data(rootfs_tar(), repository=image_name, tag="made")
    assert '"status"' in text
    assert client.images.get(f"{image_name}:made").history()[0]["Size"] > 500_000


def test_bad_tags_and_removals(client: docker.DockerClient, image: str) -> None:
    with pytest.raises(APIError) as caught:
        client.api.tag(image, "Upper/Case", "x")
    assert caught.value.status_code == 400
    with pytest.raises(ImageNotFound):
        client.images.remove("stst-nothing")


def test_prune(client: docker.DockerClient, image: str) -> None:
    answer = client.images.prune(filters={"dangling": True, "label": "stst=nobody-has-this"})
    assert answer["SpaceReclaimed"] == 0
    assert not answer["ImagesDeleted"]


def test_engine(client: docker.DockerClient) -> None:
    assert client.ping()
    assert client.version()["MinAPIVersion"] == "1.24"
    assert client.info()["OSType"] == "linux"
    assert client.df()["Images"]


@pytest.mark.parametrize("version", ["1.24", "1.40", "1.45"])
def test_versions_of_the_api(engine: EngineUnderTest, version: str) -> None:
    old = docker.APIClient(base_url=engine.url, version=version)
    assert old.version()["Os"] == "linux"
    assert old.containers(limit=1) is not None
    old.close()


def test_events(client: docker.DockerClient, own: dict[str, str]) -> None:
    began = int(time.time())
    stream = client.events(
        since=began, filters={"label": f"stst={own['stst']}", "type": "container"}, decode=True
    )
    found: list[str] = []

    def read() -> None:
        for event in stream:
            found.append(event["Action"])
            if event["Action"] == "destroy":
                return

    reader = threading.Thread(target=read)
    reader.start()
    client.containers.run(IMAGE, "true", labels=own, remove=True)
    reader.join(10)
    stream.close()
    assert not reader.is_alive()
    assert [action for action in found if action != "attach"] == ["create", "start", "die", "destroy"]


def test_events_of_the_past(client: docker.DockerClient, own: dict[str, str]) -> None:
    began = int(time.time())
    made = client.containers.create(IMAGE, "true", labels=own)
    past = list(
        client.events(since=began, until=int(time.time()) + 1, filters={"container": made.id}, decode=True)
    )
    assert [event["Action"] for event in past] == ["create"]
    assert past[0]["Actor"]["ID"] == made.id
