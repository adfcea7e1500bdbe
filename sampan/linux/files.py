"""Durable writes, and removal that cannot be led astray."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sampan.linux.rooted import open_child

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


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
    """Remove a file or a whole directory; symlinks are removed, never followed. Missing is fine.

    Directories are flattened as they are met: each one moves up beside its parent before it
    is emptied. So neither the depth of a tree nor the length of its paths is a limit, and
    every step is by descriptor: nobody can swap a directory for a symlink under it. A mount
    point below is not entered, so that nothing mounted is ever deleted: OSError says so.
    """
    try:
        root = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        path.unlink(missing_ok=True)
        return
    try:
        _empty(root)
    finally:
        os.close(root)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(path)


def _empty(root: int) -> None:
    """Remove everything in the directory ``root``."""
    names = itertools.count()
    before: set[str] = set()
    while entries := _entries(root):
        now = {name for name, _ in entries}
        if now == before:
            raise OSError(errno.EBUSY, f"cannot be removed: {', '.join(sorted(now)[:3])}")
        before = now
        for name, is_directory in entries:
            # Another removal of the same tree may be a step ahead.
            with contextlib.suppress(FileNotFoundError):
                if is_directory:
                    _take_apart(root, name, names)
                else:
                    os.unlink(name, dir_fd=root)


def _take_apart(root: int, name: str, names: Iterator[int]) -> None:
    """Remove the files of a directory in ``root`` and move its directories up into ``root``."""
    directory = open_child(root, name, _DIRECTORY)
    try:
        for child, is_directory in _entries(directory):
            if is_directory:
                os.rename(child, _free_name(root, names), src_dir_fd=directory, dst_dir_fd=root)
            else:
                os.unlink(child, dir_fd=directory)
    finally:
        os.close(directory)
    os.rmdir(name, dir_fd=root)


def _free_name(root: int, names: Iterator[int]) -> str:
    while True:
        name = f".removing-{next(names)}"
        try:
            os.stat(name, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError:
            return name


def _entries(directory: int) -> list[tuple[str, bool]]:
    with os.scandir(directory) as entries:
        return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
