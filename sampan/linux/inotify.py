"""Being told when a file grows: inotify(7) for one file, on the event loop."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from sampan.errors import InternalError
from sampan.linux.pidfd import wait_readable

_IN_MODIFY = 0x2
_IN_MOVE_SELF = 0x800
_IN_DELETE_SELF = 0x400
_libc = ctypes.CDLL(None, use_errno=True)


class FileWatch:
    """Tells when a file was written to, moved or deleted; close it after use."""

    def __init__(self, path: Path) -> None:
        """Watch the file at ``path``. Raises InternalError, naming it, if that is impossible."""
        self._fd: int = _libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise _failure("inotify_init1", path)
        mask = _IN_MODIFY | _IN_MOVE_SELF | _IN_DELETE_SELF
        if _libc.inotify_add_watch(self._fd, os.fsencode(path), mask) < 0:
            error = _failure("inotify_add_watch", path)
            os.close(self._fd)
            raise error

    async def changed(self) -> None:
        """Return when the file changed since the last call."""
        await wait_readable(self._fd)
        os.read(self._fd, 65536)

    def close(self) -> None:
        """Stop watching; idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _failure(call: str, path: Path) -> InternalError:
    number = ctypes.get_errno()
    return InternalError(f"{call} on {path}: {os.strerror(number)}", kind="file", ref=str(path))
