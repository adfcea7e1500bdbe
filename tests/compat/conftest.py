"""The engine under test, its image, and the clients that other people wrote.

By default a private daemon of ours. ``SAMPAN_TEST_SOCKET=unix:///path`` names another engine
(a real Docker, to prove the tests themselves); it needs a directory that it sees under the
same path in ``SAMPAN_TEST_SHARED`` if it does not live in this mount namespace.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE, rootfs_tar
from sampan.testing.daemon_process import DaemonProcess
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineUnderTest]:
    """The engine, for the whole run; afterwards nothing of it may be left."""
    given = os.environ.get("SAMPAN_TEST_SOCKET", "")
    if given:
        shared = Path(os.environ.get("SAMPAN_TEST_SHARED") or tmp_path_factory.mktemp("shared"))
        yield EngineUnderTest(url=given, shared=shared)
        return
    daemon = DaemonProcess(prefix="ststc")
    try:
        daemon.start()
        yield EngineUnderTest(url=daemon.url, shared=tmp_path_factory.mktemp("shared"), daemon=daemon)
    finally:
        left = daemon.teardown()
    assert not left, f"the daemon left behind: {left}"


@pytest.fixture(autouse=True)
def _no_errors_logged(engine: EngineUnderTest) -> Iterator[None]:
    """An error in the daemon's log is a fault of the engine, whatever the client was told."""
    if engine.daemon is None:
        yield
        return
    before = len(engine.daemon.log)
    yield
    new = engine.daemon.log[before:]
    assert "level=error" not in new, f"the daemon logged errors:\n{new[-6000:]}"


@pytest.fixture(scope="session")
def docker_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty configuration of the CLI."""
    return tmp_path_factory.mktemp("docker-config")


@pytest.fixture(scope="session")
def image(engine: EngineUnderTest, docker_config: Path) -> Iterator[str]:
    """The image that containers are made of: busybox, the users root and sailor."""
    cli = DockerCli(url=engine.url, config=docker_config)
    changes = ("--change", 'CMD ["sh"]', "--change", "ENV PATH=/bin STST=from-image")
    cli("import", *changes, "-", TEST_IMAGE, stdin=rootfs_tar())
    yield TEST_IMAGE
    cli("rmi", "-f", TEST_IMAGE)


@pytest.fixture
def cli(engine: EngineUnderTest, docker_config: Path, image: str) -> Iterator[DockerCli]:
    """The stock CLI; containers it made are removed after the test."""
    assert image
    made = DockerCli(url=engine.url, config=docker_config)
    yield made
    made.remove_made()


@pytest.fixture
def client(engine: EngineUnderTest) -> Iterator[docker.DockerClient]:
    """docker-py's client."""
    with_defaults = docker.DockerClient(base_url=engine.url, version="auto", timeout=30)
    yield with_defaults
    with_defaults.close()


@pytest.fixture
def own(cli: DockerCli) -> dict[str, str]:
    """Labels by which containers that docker-py makes are removed after the test."""
    return {"stst": cli.token}


@pytest.fixture
def shared_directory(engine: EngineUnderTest) -> Iterator[Path]:
    """A directory that the engine sees under the same path."""
    with tempfile.TemporaryDirectory(prefix="stst-", dir=engine.shared) as made:
        yield Path(made)


@pytest.fixture
def image_name(cli: DockerCli) -> Iterator[str]:
    """A repository name for an image; every tag of it is removed after the test."""
    name = f"stst-{secrets.token_hex(4)}"
    yield name
    tags = cli("images", "-q", "--filter", f"reference={name}", "--format", "{{.Repository}}:{{.Tag}}").lines
    if tags:
        cli("rmi", "-f", *tags, code=None)
