"""The process that unpacks one layer: ``python -m sampan.diff.worker TARGET [LIMIT [LOWER ...]]``.

Standard input is the layer as it came. Before the first byte of it is looked at, the
process makes TARGET its root directory in a mount namespace of its own, and gives up every
capability that writing files does not need. It prints one JSON object: the DiffID and the
bytes of the files, or the error.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter
from typing import BinaryIO

import msgspec

from sampan.diff.compression import Compression, decompressed, detect
from sampan.diff.extract import HashingReader, LayerWriter
from sampan.errors import SampanError, TooLarge
from sampan.linux.mounts import MS_PRIVATE, MS_REC, mount

_CLONE_NEWNS = 0x20000
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522
# chown, dac_override, fowner, fsetid, mknod, setfcap; sys_admin is for trusted.* attributes.
_KEPT = (0, 1, 3, 4, 27, 31, 21)
# Address space: a header may claim a name of gigabytes.
_MEMORY = 1 << 30
_libc = ctypes.CDLL(None, use_errno=True)


class Report(msgspec.Struct, kw_only=True):
    """What the worker prints: a result, or an error and whether the input is to blame."""

    diff_id: str = ""
    size_bytes: int = 0
    error: str = ""
    kind: str = ""


def main(arguments: list[str]) -> int:
    """Unpack standard input; the exit code is 0 when a report was printed."""
    target, limit, lower = arguments[0], int(arguments[1]), arguments[2:]
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    source = sys.stdin.buffer
    start = _peek(source)
    compression = detect(start)
    _warm(compression)
    lower_fds = [os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for path in lower]
    _confine(target)
    report = _unpack(source, compression, limit or None, lower_fds)
    sys.stdout.buffer.write(msgspec.json.encode(report))
    return 0


def _unpack(source: BinaryIO, compression: Compression, limit: int | None, lower: list[int]) -> Report:
    writer = LayerWriter(lower)
    try:
        with decompressed(source, compression) as plain:
            reader = HashingReader(plain, limit)
            writer.extract(reader)
            reader.drain()
    except TooLarge as error:
        return Report(error=error.message, kind="too large")
    except SampanError as error:
        return Report(error=error.message, kind="invalid")
    except OSError as error:
        return Report(error=f"cannot unpack: {error}", kind="failed")
    return Report(diff_id=f"sha256:{reader.hexdigest()}", size_bytes=writer.size_bytes)


def _peek(source: BinaryIO) -> bytes:
    """The first bytes, which stay to be read: standard input is a file or a buffered pipe."""
    return source.peek(16)[:16]  # type: ignore[attr-defined,no-any-return]


def _warm(compression: Compression) -> None:
    """Import what decompression needs while there are still libraries to be found."""
    with open(os.devnull, "rb") as empty, decompressed(empty, compression):
        pass


def _confine(target: str) -> None:
    os.umask(0)
    if _libc.unshare(_CLONE_NEWNS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")
    mount("", "/", "", MS_REC | MS_PRIVATE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.chroot(target)
    os.chdir("/")
    _forget_imports()
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _keep_capabilities()


def _forget_imports() -> None:
    """From here on every path is the layer's: a module imported now would be the layer's code."""
    sys.path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    # The editable install and the path finder go; what is built into the interpreter stays.
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter]


def _keep_capabilities() -> None:
    """capset(2): effective and permitted are the kept ones, inheritable is empty."""
    words = [0, 0]
    for number in _KEPT:
        words[number // 32] |= 1 << (number % 32)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(words[0], words[0], 0, words[1], words[1], 0)
    if _libc.capset(header, data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "capset")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
