"""Bytes from outside, on their way into the content store."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, cast

from sampan.diff.compression import MAGIC_SIZE, Compression, decompressed, detect
from sampan.errors import InvalidArgument
from sampan.images.holds import Hold
from sampan.linux.offload import offload
from sampan.oci.descriptor import OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD
from sampan.oci.digest import Digest, of_hex
from sampan.transfer.ports import BlobStore, Ingest

# Large enough that handing a piece to a worker thread costs nothing beside hashing it.
PIECE_SIZE = 1 << 20

_LAYER_TYPES = {
    Compression.NONE: OCI_LAYER,
    Compression.GZIP: OCI_LAYER_GZIP,
    Compression.ZSTD: OCI_LAYER_ZSTD,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerBlob:
    """A layer's tar in the content store, compressed or not as ``media_type`` says."""

    digest: Digest
    size_bytes: int
    media_type: str


def new_key(purpose: str) -> str:
    """A key for an ingest or a snapshot that nothing else uses."""
    return f"{purpose}-{os.urandom(12).hex()}"


async def sniff(chunks: AsyncIterator[bytes]) -> tuple[Compression, AsyncIterator[bytes]]:
    """The stream's compression, and the whole stream again."""
    start = b""
    async for chunk in chunks:
        start += chunk
        if len(start) >= MAGIC_SIZE:
            break
    return detect(start), _chain(start, chunks)


async def plain(chunks: AsyncIterator[bytes], compression: Compression, spool: Path) -> AsyncIterator[bytes]:
    """The stream decompressed, in pieces of about ``PIECE_SIZE``.

    A compressed stream first goes to an unnamed file in the directory ``spool``, so that
    memory stays bounded however well it is compressed.
    """
    if compression is Compression.NONE:
        async for piece in pieces(chunks):
            yield piece
        return
    file = await offload(open_spool, spool)
    try:
        async for piece in pieces(chunks):
            await offload(file.write, piece)
        await offload(file.seek, 0)
        with decompressed(file, compression) as reader:
            while piece := await offload(reader.read, PIECE_SIZE):
                yield piece
    finally:
        await offload(file.close)


async def pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of at least ``PIECE_SIZE``, the last one excepted."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= PIECE_SIZE:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)


async def receive_layer(
    chunks: AsyncIterator[bytes], *, content: BlobStore, hold: Hold, spool: Path
) -> LayerBlob:
    """Store a layer's tar stream and hold it.

    gzip and zstd are kept as they came; xz and bzip2, which no layer may have, are
    decompressed on the way. Raises InvalidArgument for an empty or damaged stream.
    """
    compression, whole = await sniff(chunks)
    media_type = _LAYER_TYPES.get(compression)
    if media_type is None:
        whole, media_type = plain(whole, compression, spool), OCI_LAYER
    with content.ingest(new_key("layer")) as ingest:
        try:
            written = 0
            async for piece in pieces(whole):
                await offload(ingest.write, piece)
                written += len(piece)
            if not written:
                raise InvalidArgument("the archive is empty", kind="archive")
            return await offload(commit_held, ingest, hold, media_type)
        except BaseException:
            ingest.abort()
            raise


def commit_held(ingest: Ingest, hold: Hold, media_type: str) -> LayerBlob:
    """Commit the ingest so that no sweep sees the blob before the hold has it."""
    with hold.settling():
        info = ingest.commit()
        hold.keep(info.digest)
    return LayerBlob(digest=info.digest, size_bytes=info.size_bytes, media_type=media_type)


def add_held(content: BlobStore, data: bytes, hold: Hold) -> Digest:
    """Store ``data`` as a blob that the hold has."""
    with hold.settling():
        info = content.add(data)
        hold.keep(info.digest)
    return info.digest


def layer_type(content: BlobStore, digest: Digest) -> str:
    """The media type of a stored layer, by its first bytes. Raises InvalidArgument for xz or bzip2."""
    with content.open(digest) as blob:
        compression = detect(blob.read(MAGIC_SIZE))
    media_type = _LAYER_TYPES.get(compression)
    if media_type is None:
        raise InvalidArgument(f"a layer compressed with {compression}", kind="layer", ref=digest)
    return media_type


def diff_id_of(content: BlobStore, digest: Digest) -> Digest:
    """The digest of a stored layer's uncompressed tar. Blocking. Raises InvalidArgument if damaged."""
    compression = next(kind for kind, name in _LAYER_TYPES.items() if name == layer_type(content, digest))
    if compression is Compression.NONE:
        return digest
    hasher = hashlib.sha256()
    with content.open(digest) as blob, decompressed(blob, compression) as reader:
        while piece := reader.read(PIECE_SIZE):
            hasher.update(piece)
    return of_hex(hasher.hexdigest())


def open_spool(directory: Path) -> BinaryIO:
    """A file in ``directory`` that vanishes when it is closed. Blocking."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Unnamed: gone with its last descriptor, even after a crash. The caller closes it.
    return cast("BinaryIO", tempfile.TemporaryFile(dir=directory))


async def _chain(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if start:
        yield start
    async for chunk in rest:
        yield chunk
