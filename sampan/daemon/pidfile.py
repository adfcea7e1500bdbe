"""One daemon per exec root: a lock, and the pid for people and service managers."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from sampan.errors import Unavailable


class PidFile:
    """Holds the lock on a pid file until ``close``; the kernel frees it if the daemon dies."""

    def __init__(self, path: Path) -> None:
        """Take the file. Raises Unavailable, naming the holder, if another daemon has it."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._fd)
            raise Unavailable(
                f"another sampand (pid {holder}) holds {path}: stop it, or give this one its own "
                "--exec-root, --data-root and --pidfile",
                kind="pidfile",
                ref=str(path),
            ) from error
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Remove the file and free the lock; idempotent."""
        if self._fd < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._fd)
        self._fd = -1
