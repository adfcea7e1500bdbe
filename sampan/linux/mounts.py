"""Mounting and unmounting: mount(2), umount2(2), and the descriptor-based calls of Linux 5.2."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Sequence

from sampan.errors import InternalError, Unavailable

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_MNT_DETACH = 2
_UMOUNT_NOFOLLOW = 8

# The numbers are the same on every architecture that Linux added them to (syscalls(2)).
_SYS_MOVE_MOUNT, _SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 429, 430, 431, 432
_FSOPEN_CLOEXEC = 1
_FSMOUNT_CLOEXEC = 1
_FSCONFIG_SET_FLAG, _FSCONFIG_SET_STRING, _FSCONFIG_CMD_CREATE = 0, 1, 6
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOUNT_ATTR_RDONLY = 1
_AT_FDCWD = -100
# mount(2) copies one page of options, its final zero included.
PAGE = 4096

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def mount(source: str, target: str, fstype: str, flags: int = 0, data: str = "") -> None:
    """mount(2). Raises Unavailable or InternalError, naming source, target and reason."""
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), fstype.encode(), ctypes.c_ulong(flags), os.fsencode(data)
    )
    if result != 0:
        raise _failure(f"cannot mount {fstype or 'bind'} {source} on {target}", target)


def bind(source: str, target: str, *, recursive: bool = False, read_only: bool = False) -> None:
    """Show ``source`` at ``target`` as well."""
    flags = MS_BIND | (MS_REC if recursive else 0)
    mount(source, target, "", flags)
    if read_only:
        mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def overlay(
    target: str,
    *,
    lower: Sequence[str],
    upper: str | None,
    work: str | None,
    read_only: bool = False,
) -> None:
    """Mount an overlay; ``lower`` is topmost first, without ``upper`` it is read-only.

    Options that do not fit mount(2)'s page go through fsconfig(2), one layer a call, which
    needs Linux 6.5: Unavailable tells so on older kernels.
    """
    data = "lowerdir=" + ":".join(_escape(path) for path in lower)
    if upper is not None and work is not None:
        data += f",upperdir={_escape(upper)},workdir={_escape(work)}"
    flags = MS_RDONLY if read_only or upper is None else 0
    if len(os.fsencode(data)) < PAGE:
        mount("overlay", target, "overlay", flags, data)
    else:
        _overlay_by_descriptor(target, lower, upper, work, read_only=bool(flags))


def unmount(target: str, *, detach: bool = True, missing_ok: bool = True) -> None:
    """umount2(2), never through a symlink; what is not mounted is fine with ``missing_ok``."""
    flags = _UMOUNT_NOFOLLOW | (_MNT_DETACH if detach else 0)
    if _libc.umount2(os.fsencode(target), flags) == 0:
        return
    if missing_ok and ctypes.get_errno() in (errno.EINVAL, errno.ENOENT):
        return
    raise _failure(f"cannot unmount {target}", target)


def mounted_under(path: str) -> list[str]:
    """Mount points at or below ``path``, the latest first, so that they can be unmounted in order."""
    prefix = path.rstrip("/")
    with open("/proc/self/mountinfo", "rb") as table:
        points = [_unescape(line.split(b" ", 5)[4]) for line in table]
    return [point for point in reversed(points) if point == prefix or point.startswith(f"{prefix}/")]


def _overlay_by_descriptor(
    target: str, lower: Sequence[str], upper: str | None, work: str | None, *, read_only: bool
) -> None:
    context = _call("fsopen", target, _SYS_FSOPEN, b"overlay", _FSOPEN_CLOEXEC)
    try:
        options = [("lowerdir+", path) for path in lower]
        if upper is not None and work is not None:
            options += [("upperdir", upper), ("workdir", work)]
        for key, value in options:
            _fsconfig(context, _FSCONFIG_SET_STRING, key, value, target)
        if read_only:
            _fsconfig(context, _FSCONFIG_SET_FLAG, "ro", None, target)
        _fsconfig(context, _FSCONFIG_CMD_CREATE, None, None, target)
        attributes = _MOUNT_ATTR_RDONLY if read_only else 0
        tree = _call("fsmount", target, _SYS_FSMOUNT, context, _FSMOUNT_CLOEXEC, attributes)
        try:
            _call(
                "move_mount",
                target,
                _SYS_MOVE_MOUNT,
                tree,
                b"",
                _AT_FDCWD,
                os.fsencode(target),
                _MOVE_MOUNT_F_EMPTY_PATH,
            )
        finally:
            os.close(tree)
    finally:
        os.close(context)


def _fsconfig(context: int, command: int, key: str | None, value: str | None, target: str) -> None:
    name = None if key is None else key.encode()
    content = None if value is None else os.fsencode(value)
    if _libc.syscall(_SYS_FSCONFIG, context, command, name, content, 0) == 0:
        return
    number = ctypes.get_errno()
    if key == "lowerdir+" and number == errno.EINVAL:
        raise Unavailable(
            f"this kernel ({os.uname().release}) cannot mount that many layers on {target}: "
            "it needs Linux 6.5, or an image with fewer layers",
            kind="kernel",
            ref=target,
        )
    raise _failure(f"cannot configure the overlay for {target} ({key or 'create'}={value or ''})", target)


def _call(name: str, target: str, number: int, *arguments: int | bytes) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        raise _failure(f"{name} for {target}", target)
    return result


def _failure(what: str, ref: str) -> InternalError | Unavailable:
    number = ctypes.get_errno()
    text = f"{what}: {os.strerror(number)}"
    if number in (errno.ENODEV, errno.ENOSYS, errno.EPERM):
        return Unavailable(text, kind="mount", ref=ref)
    return InternalError(text, kind="mount", ref=ref)


def _escape(path: str) -> str:
    """A path as an option's value: overlayfs reads commas, colons and backslashes."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _unescape(raw: bytes) -> str:
    """A mountinfo path: space, tab, newline and backslash come as octal numbers."""
    parts = raw.split(b"\\")
    return os.fsdecode(parts[0] + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in parts[1:]))
