"""Our client against our engine."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sampan.testing.busybox_rootfs import rootfs_tar
from sampan.testing.daemon_process import DaemonProcess
from sampan.testing.pty_process import PtyProcess

_IMAGE = "stst-cli:1"
_PROGRAM = [sys.executable, "-m", "sampan.cli.main"]


class Sampan:
    """Runs the client; containers that it names are removed at the end."""

    def __init__(self, url: str) -> None:
        self.environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "SAMPAN_HOST": url}
        self.image = _IMAGE

    def __call__(self, *words: str, code: int = 0, stdin: bytes = b"") -> str:
        """Run it to its end; what it printed on both streams. Its exit code has to be ``code``."""
        done = subprocess.run(
            [*_PROGRAM, *words],
            input=stdin,
            capture_output=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        shown = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == code, (
            f"sampan {' '.join(words)}: {done.returncode}, expected {code}: {shown}"
        )
        return shown

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start it with pipes; the caller ends it."""
        return subprocess.Popen(
            [*_PROGRAM, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )

    def on_terminal(self, *words: str, rows: int = 24, columns: int = 80) -> PtyProcess:
        """Start it on a terminal of its own."""
        return PtyProcess([*_PROGRAM, *words], self.environment, rows=rows, columns=columns)

    def name(self) -> str:
        """A container's name that nobody else has."""
        return f"stst-{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def _engine() -> Iterator[DaemonProcess]:
    daemon = DaemonProcess(prefix="ststy")
    try:
        daemon.start()
        yield daemon
    finally:
        left = daemon.teardown()
    assert not left, f"the daemon left behind: {left}"


@pytest.fixture(scope="session")
def _with_image(_engine: DaemonProcess) -> Sampan:
    client = Sampan(_engine.url)
    client("import", "-c", 'CMD ["sh"]', "-c", "ENV PATH=/bin", "-", _IMAGE, stdin=rootfs_tar())
    return client


@pytest.fixture
def sampan(_with_image: Sampan, _engine: DaemonProcess) -> Iterator[Sampan]:
    """The client, an engine and an image for it; no container is left after the test."""
    before = len(_engine.log)
    yield _with_image
    made = _with_image("ps", "-aq").split()
    if made:
        _with_image("rm", "-f", "-v", *made)
    new = _engine.log[before:]
    assert "level=error" not in new, f"the daemon logged errors:\n{new[-6000:]}"
