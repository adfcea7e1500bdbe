"""Writing a layer's files below the current root, in overlayfs's form.

Meant for the worker, whose root directory is the target: every path is resolved by the
kernel below it, whatever symlinks the layer plants.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from sampan.diff.compression import ByteReader
from sampan.diff.names import OPAQUE, clean, is_reserved, whiteout_target
from sampan.errors import InvalidArgument, TooLarge
from sampan.linux.files import remove_tree
from sampan.linux.rooted import open_in_root

_COPY = 1 << 17
_RECENT = 1 << 16
_BLOCK = 512
_DIRECTORY_MODE = 0o755
# What tarfile lets through for headers that are nonsense: numbers out of range, endless chains
# of long names, names longer than the worker's memory.
_DAMAGED = (
    tarfile.TarError,
    EOFError,
    LookupError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
_XATTR = "SCHILY.xattr."
# Attributes by which overlayfs and others keep their own books; a layer has no say in them.
_FORBIDDEN_XATTRS = ("trusted.overlay.", "user.overlay.")
_OPAQUE_XATTR = "trusted.overlay.opaque"
_HUGE_ID = 1 << 32


class HashingReader:
    """Reads through to a source, hashing and counting what passes.

    Raises TooLarge when more than ``limit_bytes`` come: the guard against bombs.
    """

    def __init__(self, source: ByteReader, limit_bytes: int | None) -> None:
        self._source = source
        self._limit = limit_bytes
        self._hash = hashlib.sha256()
        self._recent: collections.deque[bytes] = collections.deque()
        self._kept = 0
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes."""
        data = self._source.read(_COPY if size < 0 else size)
        self._hash.update(data)
        self.count += len(data)
        self._recent.append(data)
        self._kept += len(data)
        while self._kept - len(self._recent[0]) > _RECENT:
            self._kept -= len(self._recent.popleft())
        if self._limit is not None and self.count > self._limit:
            raise TooLarge(f"the layer unpacks to more than {self._limit} bytes", kind="layer")
        return data

    def drain(self) -> None:
        """Read to the end: what follows the archive's end mark belongs to the digest too."""
        while self.read(_COPY):
            pass

    def recent(self, offset: int, size: int) -> bytes:
        """What stood at ``offset``, which must be among the last 64 kB read; shorter at the end."""
        start = offset - (self.count - self._kept)
        return b"".join(self._recent)[start : start + size]

    def hexdigest(self) -> str:
        """SHA-256 of what has passed."""
        return self._hash.hexdigest()


class LayerWriter:
    """Writes members below the root directory of this process.

    ``lower`` are descriptors of the directories that the layer lies upon, topmost first:
    a directory that the layer uses without naming it looks as it does there.
    """

    def __init__(self, lower: Sequence[int] = ()) -> None:
        self._lower = lower
        self._directories: dict[str, tarfile.TarInfo] = {}
        self._made: set[str] = set()
        self.size_bytes = 0

    def extract(self, source: HashingReader) -> None:
        """Write a whole layer. Raises InvalidArgument, naming the member, for what cannot be written."""
        try:
            stream = cast("IO[bytes]", source)
            with tarfile.open(
                fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape"
            ) as archive:
                for member in archive:
                    with _named(member.name):
                        self._write(archive, member)
                    # The stream is read once; keeping every header would grow with the layer.
                    archive.members = []  # type: ignore[attr-defined]
                _require_end(source, archive.offset)
        except _DAMAGED as error:
            raise InvalidArgument(f"damaged layer: {error or type(error).__name__}", kind="layer") from error
        self._finish_directories()

    def _write(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        parts = clean(member.name)
        path = "/" + "/".join(parts)
        if parts:
            if is_reserved(parts[-1]):
                return
            self._make_parents(parts[:-1])
            parent = "/" + "/".join(parts[:-1])
            if parts[-1] == OPAQUE:
                os.setxattr(parent, _OPAQUE_XATTR, b"y")
                return
            hidden = whiteout_target(parts[-1])
            if hidden is not None:
                self._white_out(os.path.join(parent, hidden))
                return
        elif not member.isdir():
            raise InvalidArgument("the layer's root is not a directory", kind="layer", ref=member.name)
        self._make(archive, member, path)

    def _make(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        if member.isdir():
            self._make_directory(path)
            self._made.add(path)
            self._directories[path] = member
            self._set_attributes(path, member)
            return
        if path in self._made:
            # A directory makes way for something else, and what was in it goes too.
            self._made = {made for made in self._made if made != path and not made.startswith(f"{path}/")}
        _clear(path)
        self._directories.pop(path, None)
        if member.isreg():
            self._make_file(archive, member, path)
        elif member.issym():
            os.symlink(member.linkname, path)
        elif member.islnk():
            target = "/" + "/".join(clean(member.linkname))
            os.link(target, path, follow_symlinks=False)
            return
        elif member.ischr() or member.isblk():
            kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            os.mknod(path, kind | 0o600, os.makedev(member.devmajor, member.devminor))
        elif member.isfifo():
            os.mkfifo(path, 0o600)
        else:
            raise InvalidArgument(
                f"the layer has a member of unknown type {member.type!r}", kind="layer", ref=member.name
            )
        self._set_attributes(path, member)
        _set_times(path, member)

    def _make_file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        source = archive.extractfile(member)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(fd, "wb", buffering=0) as file:
            if source is not None:
                _copy(source, file, sparse=member.sparse is not None)
            # A hole at the end is only in the length.
            os.ftruncate(fd, member.size)
        self.size_bytes += member.size

    def _make_directory(self, path: str) -> None:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            os.mkdir(path, _DIRECTORY_MODE)
            return
        if stat.S_ISDIR(status.st_mode):
            return
        hid_lower = stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
        os.unlink(path)
        os.mkdir(path, _DIRECTORY_MODE)
        if hid_lower:
            # The layer removed what was there and made its own: the old content stays hidden.
            os.setxattr(path, _OPAQUE_XATTR, b"y")

    def _white_out(self, path: str) -> None:
        """Hide what is at ``path`` in the layers below; what this layer has there itself stays."""
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))
            return
        if stat.S_ISDIR(status.st_mode):
            os.setxattr(path, _OPAQUE_XATTR, b"y")

    def _make_parents(self, parts: tuple[str, ...]) -> None:
        for end in range(1, len(parts) + 1):
            path = "/" + "/".join(parts[:end])
            if path in self._made:
                continue
            self._made.add(path)
            try:
                status = os.stat(path)
            except FileNotFoundError:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                os.mkdir(path, _DIRECTORY_MODE)
                self._look_as_below(path)
                continue
            if not stat.S_ISDIR(status.st_mode):
                self._make_directory(path)

    def _look_as_below(self, path: str) -> None:
        """Give a directory that the layer only implies the looks it has in the layers below."""
        for root in self._lower:
            try:
                fd = open_in_root(root, path, os.O_PATH | os.O_NOFOLLOW)
            except OSError:
                # Not in this layer: look further down.
                continue
            try:
                status = os.fstat(fd)
            finally:
                os.close(fd)
            if stat.S_ISDIR(status.st_mode):
                os.chown(path, status.st_uid, status.st_gid)
                os.chmod(path, stat.S_IMODE(status.st_mode))
                os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
            return

    def _set_attributes(self, path: str, member: tarfile.TarInfo) -> None:
        """Owner, then mode (chown clears setuid), then xattrs (chown clears capabilities)."""
        if not (0 <= member.uid < _HUGE_ID and 0 <= member.gid < _HUGE_ID):
            raise InvalidArgument(
                f"owner {member.uid}:{member.gid} is out of range", kind="layer", ref=member.name
            )
        os.lchown(path, member.uid, member.gid)
        if not member.issym():
            os.chmod(path, member.mode & 0o7777)
        for key, value in member.pax_headers.items():
            if key.startswith(_XATTR):
                _set_xattr(path, key.removeprefix(_XATTR), value)

    def _finish_directories(self) -> None:
        """Times last: writing into a directory changes them."""
        for path, member in self._directories.items():
            with contextlib.suppress(FileNotFoundError):
                _set_times(path, member)


def _require_end(source: HashingReader, offset: int) -> None:
    """Raise InvalidArgument unless the archive ends where tarfile stopped reading members.

    tarfile takes a damaged header for the end; a real end is a block of zeros, or nothing.
    """
    block = source.recent(offset, _BLOCK)
    if block.strip(b"\0") or 0 < len(block) < _BLOCK:
        raise InvalidArgument(f"damaged layer: bad header at byte {offset}", kind="layer")


def _set_xattr(path: str, name: str, value: str) -> None:
    if name.startswith(_FORBIDDEN_XATTRS):
        raise InvalidArgument(f"the layer sets {name}, which is overlayfs's own", kind="layer", ref=path)
    try:
        os.setxattr(path, name, value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
    except OSError as error:
        # As Docker does: labels of a security module that is not here mean nothing here, and
        # user attributes are possible on files and directories only.
        if error.errno == errno.ENOTSUP or (error.errno == errno.EPERM and name.startswith("user.")):
            return
        raise


def _set_times(path: str, member: tarfile.TarInfo) -> None:
    mtime_ns = _nanoseconds(member)
    os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def _nanoseconds(member: tarfile.TarInfo) -> int:
    """The modification time; the pax text is exact where tarfile's float is not."""
    text = member.pax_headers.get("mtime")
    if text is None:
        return int(member.mtime) * 1_000_000_000
    seconds, _, fraction = text.partition(".")
    nanos = int((fraction or "0").ljust(9, "0")[:9])
    whole = int(seconds or "0") * 1_000_000_000
    return whole - nanos if text.startswith("-") else whole + nanos


def _copy(source: IO[bytes], target: IO[bytes], *, sparse: bool) -> None:
    while block := source.read(_COPY):
        if sparse and not block.strip(b"\0"):
            target.seek(len(block), os.SEEK_CUR)
        else:
            _write_all(target.write, block)


def _write_all(write: Callable[[memoryview], int], block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[write(rest) :]


def _clear(path: str) -> None:
    """Remove what an earlier member put here: the last one counts."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        remove_tree(Path(path))


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """A member's failures, with its name."""
    try:
        yield
    except (OSError, OverflowError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidArgument(f"cannot unpack {name!r}: {reason}", kind="layer", ref=name) from error
