"""Unpacking a layer into a directory, in a process that can reach nothing else."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sampan.diff.worker import Report
from sampan.errors import InternalError, InvalidArgument, TooLarge
from sampan.linux.offload import offload
from sampan.linux.process import collect
from sampan.oci.digest import Digest, parse

_decoder = msgspec.json.Decoder(Report)


@dataclass(frozen=True)
class Applied:
    """A layer that is unpacked: the digest of its tar stream, and the bytes of its files."""

    diff_id: Digest
    size_bytes: int


async def apply_layer(
    source: Path, *, target: Path, lower: Sequence[Path] = (), limit_bytes: int = 0
) -> Applied:
    """Unpack the layer in file ``source`` (plain or compressed) into directory ``target``.

    ``lower`` are the directories it will lie upon, topmost first. The files are on the
    disk when this returns. On an error ``target`` may hold a part; the caller drops it.

    Raises:
        InvalidArgument: the layer is damaged or hostile.
        TooLarge: it unpacks to more than ``limit_bytes`` (0: no limit).
        InternalError: the disk is full, or the worker died.
    """
    argv = [sys.executable, "-P", "-m", "sampan.diff.worker", str(target), str(limit_bytes)]
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # The worker finds its modules where this process found them, however it was started.
        env = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = await collect([*argv, *(str(path) for path in lower)], stdin=fd, env=env)
    finally:
        os.close(fd)
    try:
        report = _decoder.decode(done.stdout)
    except msgspec.DecodeError as error:
        tail = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise InternalError(
            f"the unpacking process failed ({done.exit_code}): {tail}", kind="layer"
        ) from error
    match report.kind:
        case "too large":
            raise TooLarge(report.error, kind="layer")
        case "invalid":
            raise InvalidArgument(report.error, kind="layer")
        case "failed":
            raise InternalError(report.error, kind="layer")
    await offload(_sync, target)
    return Applied(parse(report.diff_id), report.size_bytes)


def _sync(target: Path) -> None:
    """One syncfs(2) for the whole layer rather than an fsync for each of its files."""
    fd = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
            raise InternalError(f"cannot make {target} durable", kind="layer", ref=str(target))
    finally:
        os.close(fd)
