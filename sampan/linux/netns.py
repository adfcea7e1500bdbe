"""Network namespaces that live by a file: made in this process, without a fork."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sampan.errors import InternalError
from sampan.linux.mounts import bind, unmount

_T = TypeVar("_T")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def create(path: Path, inside: Callable[[], _T]) -> _T:
    """Make a network namespace, keep it by ``path``, run ``inside`` in it, return its result.

    A thread of its own enters the namespace and ends there, so that no other code can ever
    run in the wrong one. When anything fails, file and namespace are gone again.
    Blocking, about a millisecond.
    """
    return _in_thread(lambda: _make(path, inside))


def enter(path: Path, inside: Callable[[], _T]) -> _T:
    """Run ``inside`` in the namespace kept by ``path``. Raises InternalError if that cannot be entered."""

    def work() -> _T:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(fd, _CLONE_NEWNET) != 0:
                raise _failure("enter", path)
        finally:
            os.close(fd)
        return inside()

    return _in_thread(work)


def keep(source: Path, path: Path) -> None:
    """Keep the namespace of file ``source`` by ``path`` too. Raises FileNotFoundError without a ``source``."""
    os.stat(source)
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    try:
        bind(str(source), str(path))
    except BaseException:
        remove(path)
        raise


def remove(path: Path) -> None:
    """Give up the file; the namespace ends with its last process. Idempotent."""
    unmount(str(path), detach=True, missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _make(path: Path, inside: Callable[[], _T]) -> _T:
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    try:
        if _libc.unshare(_CLONE_NEWNET) != 0:
            raise _failure("create", path)
        bind(f"/proc/self/task/{threading.get_native_id()}/ns/net", str(path))
        return inside()
    except BaseException:
        remove(path)
        raise


def _in_thread(work: Callable[[], _T]) -> _T:
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="netns")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _failure(what: str, path: Path) -> InternalError:
    reason = os.strerror(ctypes.get_errno())
    return InternalError(
        f"cannot {what} the network namespace {path}: {reason}", kind="sandbox", ref=str(path)
    )
