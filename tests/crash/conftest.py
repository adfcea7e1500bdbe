"""A daemon that is killed again and again, and must come back to a host without leftovers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE, rootfs_tar
from sampan.testing.daemon_process import DaemonProcess, HostState
from sampan.testing.docker_cli import DockerCli


class Crashing:
    """The daemon, the stock CLI on it, and what the host held when there was no container."""

    def __init__(self, daemon: DaemonProcess, cli: DockerCli) -> None:
        self.daemon = daemon
        self.cli = cli
        self._empty: HostState = daemon.host_state()

    def restart(self) -> None:
        """Start the daemon again, without a fault."""
        self.daemon.start()

    def leftovers(self) -> dict[str, list[str]]:
        """What the host holds beyond the state without containers."""
        return self.daemon.host_state().minus(self._empty)


def until(holds: Callable[[], bool], what: str, *, timeout_s: float = 10.0) -> None:
    """Wait until ``holds()``; fail, saying ``what`` did not come."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"this did not come true: {what}")
        time.sleep(0.02)


@pytest.fixture(scope="session")
def crashing_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    """One data root and one prefix for all the crashes."""
    daemon = DaemonProcess(prefix="ststq")
    try:
        daemon.start()
        cli = DockerCli(url=daemon.url, config=tmp_path_factory.mktemp("docker-config"))
        cli("import", "--change", "ENV PATH=/bin", "-", TEST_IMAGE, stdin=rootfs_tar())
        # The first container makes what stays: the parent cgroups.
        cli("run", "--rm", TEST_IMAGE, "true")
        engine = Crashing(daemon, cli)
        until(lambda: not any("containers/" in path for path in daemon.host_state().files), "an empty start")
        engine = Crashing(daemon, cli)
        yield engine
    finally:
        left = daemon.teardown()
    assert not left, f"the daemon left behind: {left}"


@pytest.fixture
def engine(crashing_engine: Crashing) -> Iterator[Crashing]:
    """The running daemon; after the test every container is removed and nothing may be left."""
    if not crashing_engine.daemon.running:
        crashing_engine.restart()
    yield crashing_engine
    if not crashing_engine.daemon.running:
        crashing_engine.restart()
    made = crashing_engine.cli("ps", "-aq", "--no-trunc").lines
    if made:
        crashing_engine.cli("rm", "-f", *made)
    deadline = time.monotonic() + 5
    while (left := crashing_engine.leftovers()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, f"containers left behind: {left}"
