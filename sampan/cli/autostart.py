"""Starting the daemon when root asks for something and none listens on the default socket."""

from __future__ import annotations

import os
import select
import socket
import sys

from sampan.client.transport import DEFAULT_HOST
from sampan.errors import Unavailable

_LOG = "/var/log/sampan/sampand.log"
_LOCK = "/run/sampan/start.lock"
_TAIL = 2000
# Recovery after a crash takes seconds; this is far beyond it.
_PATIENCE_S = 60


def ensure_daemon() -> None:
    """Return with a daemon listening on the default socket, if root on Linux can have one.

    Several clients at once start one daemon: the others wait for the first. Raises
    Unavailable with the daemon's own last words if it does not come up.
    """
    path = DEFAULT_HOST.removeprefix("unix://")
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or _listens(path):
        return
    import fcntl

    for directory in (os.path.dirname(_LOCK), os.path.dirname(_LOG)):
        os.makedirs(directory, mode=0o711, exist_ok=True)
    lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _listens(path):
            _start()
    finally:
        os.close(lock)


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0


def _start() -> None:
    import subprocess

    sys.stderr.write("starting the daemon\n")
    ready, tell = os.pipe()
    before = os.path.getsize(_LOG) if os.path.exists(_LOG) else 0
    log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sampan.daemon.main"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "SAMPAN_READY_FD": str(tell)},
            pass_fds=[tell],
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(log)
        os.close(tell)
    try:
        answered, _, _ = select.select([ready], [], [], _PATIENCE_S)
        if not answered:
            raise Unavailable(
                f"the daemon did not get ready in {_PATIENCE_S} seconds; see {_LOG}",
                kind="host",
                ref=DEFAULT_HOST,
            )
        started = os.read(ready, 1)
    finally:
        os.close(ready)
    if not started:
        process.wait()
        raise Unavailable(
            f"the daemon could not start:\n{_last_words(before)}", kind="host", ref=DEFAULT_HOST
        )
    # It outlives us: not waiting for it is the point.
    process.returncode = 0


def _last_words(before: int) -> str:
    with open(_LOG, encoding="utf-8", errors="replace") as log:
        log.seek(before)
        return log.read()[-_TAIL:].strip() or f"it said nothing; see {_LOG}"
