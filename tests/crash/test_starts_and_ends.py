"""``kill -9`` of the daemon around a container's start and end: nothing is half done, no line is lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.client.api import Client
from sampan.errors import SampanError
from sampan.linux import pidfd
from sampan.linux.fault import POINTS
from sampan.testing.daemon_process import DaemonProcess, HostState
from sampan.testing.docker_cli import DockerCli


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon with a busybox image, killed and started again by the tests."""
    process = DaemonProcess(prefix="ststk")
    try:
        process.start()
        for _ in Client(process.url).stream("POST", "/images/bootstrap", [("name", "busybox")]):
            pass
        # The first container makes the cgroup that all are in.
        DockerCli(url=process.url, config=tmp_path_factory.mktemp("config"))("run", "--rm", "busybox", "true")
        yield process
    finally:
        left = process.teardown()
    assert not left, f"the daemon left behind: {left}"


@pytest.fixture
def cli(daemon: DaemonProcess, tmp_path: Path) -> DockerCli:
    return DockerCli(url=daemon.url, config=tmp_path)


def _settled(daemon: DaemonProcess, expected: HostState) -> HostState:
    """The host's state once what the daemon does in the background is done, or as it is after some seconds."""
    deadline = time.monotonic() + 8
    state = daemon.host_state()
    while state.minus(expected) and time.monotonic() < deadline:
        time.sleep(0.05)
        state = daemon.host_state()
    return state


def _killed_at(daemon: DaemonProcess, point: str) -> None:
    daemon.stop()
    daemon.start({"SAMPAN_FAULT": point})


def _lines(text: str) -> list[int]:
    return [int(line) for line in text.splitlines()]


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith("start.")])
def test_a_start_cut_short_can_be_made_again(daemon: DaemonProcess, cli: DockerCli, point: str) -> None:
    before = daemon.host_state()
    cli("create", "--name", "again", "busybox", "sleep", "1000")
    _killed_at(daemon, point)
    cli("start", "again", code=None)
    daemon.wait_killed()
    daemon.start()
    state = cli("inspect", "-f", "{{.State.Status}}", "again").line
    if point in ("start.started", "start.stored"):
        assert state == "running"
    else:
        assert state == "created"
        cli("start", "again")
    assert cli("exec", "again", "echo", "alive").line == "alive"
    cli("rm", "-f", "again")
    assert not _settled(daemon, before).minus(before)


@pytest.mark.parametrize("point", ["exit.noticed", "exit.stored"])
def test_an_end_is_told_rightly_after_a_crash(daemon: DaemonProcess, cli: DockerCli, point: str) -> None:
    _killed_at(daemon, point)
    cli("run", "-d", "--name", "ending", "busybox", "sh", "-c", "sleep 0.3; exit 7")
    ended = time.time()
    daemon.wait_killed()
    daemon.start()
    assert cli("wait", "ending").line == "7"
    shown = cli("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.State.FinishedAt}}", "ending").line
    status, code, finished = shown.split()
    assert (status, code) == ("exited", "7")
    seconds = subprocess.run(
        ["date", "-d", finished, "+%s"], capture_output=True, text=True, check=True
    ).stdout
    assert abs(int(seconds) - ended) < 3
    cli("start", "ending")
    assert cli("wait", "ending").line == "7"
    cli("rm", "ending")


def test_a_container_lives_through_it_and_no_line_is_lost(daemon: DaemonProcess, cli: DockerCli) -> None:
    script = "i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); usleep 5000; done; exit 9"
    cli("run", "-d", "--name", "talker", "busybox", "sh", "-c", script)
    pid = cli("inspect", "-f", "{{.State.Pid}}", "talker").line
    for _ in range(2):
        daemon.kill()
        time.sleep(0.3)
        daemon.start()
        assert cli("inspect", "-f", "{{.State.Running}} {{.State.Pid}}", "talker").line == f"true {pid}"
    assert cli("wait", "talker").line == "9"
    assert _lines(cli("logs", "talker").out) == list(range(400))
    cli("rm", "talker")


def test_a_monitor_that_is_killed_takes_its_container_along(daemon: DaemonProcess, cli: DockerCli) -> None:
    """Nobody would hold its streams or know its end: it is ended rather than left alone."""
    cli("run", "-d", "--name", "orphan", "busybox", "sleep", "1000")
    pid = int(cli("inspect", "-f", "{{.State.Pid}}", "orphan").line)
    monitor = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    subprocess.run(["kill", "-9", str(monitor)], check=True)
    assert cli("wait", "orphan").line == "255"
    assert pidfd.identify(pid) is None
    cli("rm", "orphan")


def test_the_client_hears_that_the_daemon_died(daemon: DaemonProcess, cli: DockerCli) -> None:
    _killed_at(daemon, "create.stored")
    with pytest.raises(SampanError):
        Client(daemon.url).post(
            "/containers/create", [("name", "silent")], b'{"Image":"busybox","Cmd":["true"]}'
        )
    daemon.wait_killed()
    daemon.start()
    cli("rm", "-f", "silent")
