"""Durable writes, and removal that cannot be led astray."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, mode: int = 0o600, sync: bool = True) -> None:
    """Replace the file at ``path`` so that a reader, or a crash, sees the old or the new content.

    With ``sync`` the content and the directory entry are on the disk when this returns.
    """
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(fd, "wb") as file:
            os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            if sync:
                os.fsync(fd)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if sync:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the directory's entries durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_tree(path: Path) -> None:
    """Remove a file or a whole directory; symlinks are removed, never followed. Missing is fine."""
    # shutil's rmtree walks by descriptors on Linux (rmtree.avoids_symlink_attacks), so that
    # nobody can swap a directory for a symlink under it.
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        if path.is_dir() and not path.is_symlink():
            # Something inside vanished under the walk: another removal, which must not stop ours.
            shutil.rmtree(path, ignore_errors=True)
