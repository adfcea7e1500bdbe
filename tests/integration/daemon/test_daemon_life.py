"""The daemon as a process: one for each root, settings, signals, sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.client.api import Client
from sampan.testing.daemon_process import DaemonProcess

_SAMPAND = [sys.executable, "-m", "sampan.daemon.main"]


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    process = DaemonProcess(prefix="ststl")
    try:
        yield process
    finally:
        left = process.teardown()
    assert not left, f"the daemon left behind: {left}"


def _refused(*arguments: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [*_SAMPAND, *arguments], capture_output=True, text=True, timeout=20, env={**os.environ, **(env or {})}
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


def _logged(daemon: DaemonProcess, text: str) -> bool:
    deadline = time.monotonic() + 5
    while text not in daemon.log and time.monotonic() < deadline:
        time.sleep(0.02)
    return text in daemon.log


def test_hup_reads_the_log_level_again_and_bad_settings_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text("{}")
    daemon = DaemonProcess(prefix="ststl", arguments=["--config-file", str(file)])
    try:
        daemon.start()
        file.write_text(json.dumps({"debug": True}))
        os.kill(daemon.pid, signal.SIGHUP)
        assert _logged(daemon, "level=debug")
        file.write_text("{nonsense")
        os.kill(daemon.pid, signal.SIGHUP)
        assert _logged(daemon, "the old ones stay")
        assert Client(daemon.url).get("/version")
        file.write_text("{}")
    finally:
        left = daemon.teardown()
    assert not left


def test_a_root_has_one_daemon(daemon: DaemonProcess) -> None:
    daemon.start()
    roots = ["--data-root", str(daemon.data_root), "--exec-root", str(daemon.exec_root)]
    said = _refused(*roots, "--host", f"unix://{daemon.root}/other.sock")
    assert f"(pid {daemon.pid})" in said
    assert Client(daemon.url).get("/info")


def test_a_dead_socket_is_replaced_and_a_live_one_is_not(daemon: DaemonProcess) -> None:
    daemon.start()
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.socket.stat().st_mode & 0o777 == 0o660
    roots = ["--data-root", f"{daemon.root}/d", "--exec-root", f"{daemon.root}/r", "--prefix", "ststm"]
    assert "another daemon listens" in _refused(*roots, "--host", daemon.url)


def test_it_starts_quickly_and_remembers_who_it_is(daemon: DaemonProcess) -> None:
    assert daemon.start() < 3
    first = Client(daemon.url).get("/info")
    daemon.stop()
    daemon.start()
    second = Client(daemon.url).get("/info")
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["ID"] == second["ID"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data-rot": "/x"}, "did you mean data-root"),
        ({"mtu": "wide"}, "mtu"),
        ({"hosts": ["tcp://0.0.0.0:5555"]}, "refusing to listen"),
        ({"prefix": "much-too-long-for-an-interface"}, "prefix"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, settings: dict[str, object], words: str) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(json.dumps(settings))
    assert words in _refused("--config-file", str(file), "--validate")


def test_loopback_tcp_is_served(daemon: DaemonProcess) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    extra = DaemonProcess(prefix="ststl", arguments=["--host", f"tcp://127.0.0.1:{port}"])
    try:
        extra.start()
        inside = ["nsenter", f"--net={extra.network_namespace}", *_SAMPAND[:2], "sampan.cli.main"]
        done = subprocess.run(
            [*inside, "-H", f"tcp://127.0.0.1:{port}", "ps", "-q"], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    finally:
        left = extra.teardown()
    assert not left
