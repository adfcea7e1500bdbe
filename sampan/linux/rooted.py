"""Opening paths inside a root that may be hostile: nothing outside it is ever reached.

openat2(2) with RESOLVE_IN_ROOT resolves absolute paths, ``..`` and symlinks as if the root
were ``/``, in the kernel, so that nobody can swap a component between check and use.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from pathlib import Path

from sampan.errors import InvalidArgument, TooLarge, Unavailable

_SYS_OPENAT2 = 437
_RESOLVE_NO_XDEV = 0x01
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RESOLVE_IN_ROOT = 0x10
_OPEN_HOW = struct.Struct("=QQQ")
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def open_in_root(root_fd: int, path: str, flags: int, mode: int = 0) -> int:
    """Open ``path`` as seen from ``root_fd``; the caller closes the descriptor.

    Raises OSError as os.open does (FileNotFoundError, NotADirectoryError, ...), and
    Unavailable on a kernel before 5.6.
    """
    return _openat2(root_fd, path, flags, mode, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)


def open_child(directory_fd: int, name: str, flags: int) -> int:
    """Open ``name`` in a directory: no symlink is followed and no mount is entered.

    Raises OSError: ELOOP for a symlink, EXDEV for a mount point (a bind mount too).
    """
    return _openat2(directory_fd, name, flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_XDEV)


def _openat2(root_fd: int, path: str, flags: int, mode: int, resolve: int) -> int:
    how = _OPEN_HOW.pack(flags | os.O_CLOEXEC, mode, resolve)
    while True:
        fd: int = _libc.syscall(_SYS_OPENAT2, root_fd, os.fsencode(path), how, len(how))
        if fd >= 0:
            return fd
        number = ctypes.get_errno()
        # EAGAIN: something was renamed during the walk, and the kernel asks to try again.
        if number in (errno.EAGAIN, errno.EINTR):
            continue
        if number == errno.ENOSYS:
            raise Unavailable("this kernel has no openat2: Linux 5.6 or newer is needed", kind="kernel")
        raise OSError(number, os.strerror(number), path)


def read_in_root(root: str | Path, path: str, *, limit_bytes: int) -> bytes | None:
    """The content of a regular file inside ``root``; None if there is none.

    Raises:
        InvalidArgument: it is no regular file, or cannot be read.
        TooLarge: it is longer than ``limit_bytes``.
    """
    root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # O_NONBLOCK: a fifo in a file's place must not hold us.
        fd = open_in_root(root_fd, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidArgument(f"cannot read {path}: {error.strerror}", kind="file", ref=path) from error
    finally:
        os.close(root_fd)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InvalidArgument(f"{path} is not a regular file", kind="file", ref=path)
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise TooLarge(f"{path} is longer than {limit_bytes} bytes", kind="file", ref=path)
    return content


def read_text_in_root(root: str | Path, path: str, *, limit_bytes: int) -> str | None:
    """As ``read_in_root``, as text; bytes that are not UTF-8 are kept as surrogates."""
    content = read_in_root(root, path, limit_bytes=limit_bytes)
    return None if content is None else os.fsdecode(content)
