"""From a directory of overlayfs to a layer: a tar with the marks of the OCI image spec.

Device 0/0 is a whiteout, ``trusted.overlay.opaque`` an opaque directory, overlayfs's other
attributes are left out. Members come in sorted order with nothing that depends on the
moment, so that equal directories give equal layers.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sampan.diff.apply import Applied
from sampan.diff.names import OPAQUE, WHITEOUT
from sampan.linux.offload import offload
from sampan.oci.digest import parse

_OVERLAY = ("trusted.overlay.", "user.overlay.")
_OPAQUE_XATTR = "trusted.overlay.opaque"
_SECURITY_LABEL = "security.selinux"


async def write_layer(source: Path, *, target: int) -> Applied:
    """Write the layer of directory ``source`` to descriptor ``target``, uncompressed.

    The directory must not change meanwhile. Raises OSError if it cannot be read or written.
    """
    return await offload(write, source, target)


def write(source: Path, target: int) -> Applied:
    """As ``write_layer``; blocking."""
    sink = _HashingSink(target)
    size = 0
    with tarfile.open(
        fileobj=sink,
        mode="w|",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
        errors="surrogateescape",  # type: ignore[call-overload]
    ) as archive:
        names: dict[tuple[int, int], str] = {}
        for path, name in _walk(source):
            for member in _members(path, name, names):
                if member.isreg() and not _is_mark(member):
                    with open(path, "rb", buffering=0, opener=_nofollow) as file:
                        archive.addfile(member, file)
                    size += member.size
                else:
                    archive.addfile(member)
                archive.members = []
    return Applied(parse(f"sha256:{sink.hexdigest()}"), size)


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    """Every path below ``root`` with its name in the layer, parents first, sorted."""
    waiting = [(os.fspath(root), "")]
    while waiting:
        directory, name = waiting.pop()
        if name:
            yield directory, name
        if not stat.S_ISDIR(os.lstat(directory).st_mode):
            continue
        children = sorted(os.listdir(directory), reverse=True)
        waiting += [(f"{directory}/{child}", f"{name}/{child}" if name else child) for child in children]


def _members(path: str, name: str, names: dict[tuple[int, int], str]) -> Iterator[tarfile.TarInfo]:
    status = os.lstat(path)
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
        parent, _, last = name.rpartition("/")
        yield _mark(f"{parent}/{WHITEOUT}{last}" if parent else f"{WHITEOUT}{last}")
        return
    member = _member(path, name, status, names)
    if member is None:
        return
    yield member
    if stat.S_ISDIR(status.st_mode) and _xattr(path, _OPAQUE_XATTR) == b"y":
        yield _mark(f"{name}/{OPAQUE}")


def _mark(name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)


def _is_mark(member: tarfile.TarInfo) -> bool:
    return member.name.rpartition("/")[2].startswith(WHITEOUT)


def _member(
    path: str, name: str, status: os.stat_result, names: dict[tuple[int, int], str]
) -> tarfile.TarInfo | None:
    """The header of a path; None for a socket, which no archive can hold."""
    member = tarfile.TarInfo(name)
    headers = _xattr_headers(path) if not stat.S_ISSOCK(status.st_mode) else {}
    member.mode = stat.S_IMODE(status.st_mode)
    member.uid, member.gid = status.st_uid, status.st_gid
    # A whole number of seconds needs no extended header; a fraction is kept exactly.
    seconds, nanos = divmod(status.st_mtime_ns, 1_000_000_000)
    member.mtime = seconds
    if nanos:
        headers["mtime"] = f"{seconds}.{nanos:09d}".rstrip("0")
    match stat.S_IFMT(status.st_mode):
        case stat.S_IFDIR:
            member.type = tarfile.DIRTYPE
        case stat.S_IFLNK:
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
        case stat.S_IFREG:
            known = names.setdefault((status.st_dev, status.st_ino), name)
            if known != name:
                member.type, member.linkname = tarfile.LNKTYPE, known
                return member
            member.size = status.st_size
        case stat.S_IFCHR | stat.S_IFBLK as kind:
            member.type = tarfile.CHRTYPE if kind == stat.S_IFCHR else tarfile.BLKTYPE
            member.devmajor, member.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
        case stat.S_IFIFO:
            member.type = tarfile.FIFOTYPE
        case _:
            return None
    member.pax_headers = headers
    return member


def _xattr_headers(path: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if name.startswith(_OVERLAY) or name == _SECURITY_LABEL:
            continue
        value = os.getxattr(path, name, follow_symlinks=False)
        headers[f"SCHILY.xattr.{name}"] = value.decode("utf-8", "surrogateescape")
    return headers


def _xattr(path: str, name: str) -> bytes | None:
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return None
        raise


def _nofollow(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)


class _HashingSink:
    """Writes through to a descriptor, hashing what passes."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hash = sha256()

    def write(self, data: bytes) -> int:
        """All of ``data``."""
        self._hash.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        return len(data)

    def hexdigest(self) -> str:
        """SHA-256 of what has passed."""
        return self._hash.hexdigest()
