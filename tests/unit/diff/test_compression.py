"""Telling compressions apart, and reading through them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from sampan.diff.compression import Compression, decompressed, detect
from sampan.errors import InvalidArgument
from sampan.testing.image_archives import in_chunks
from sampan.transfer.incoming import pieces, plain, sniff

PLAIN = bytes(range(256)) * 2000 + os.urandom(3000)
PACK: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.NONE: bytes,
    Compression.GZIP: gzip.compress,
    Compression.ZSTD: zstandard.compress,
    Compression.XZ: lzma.compress,
    Compression.BZIP2: bz2.compress,
}


@pytest.mark.parametrize("compression", list(PACK))
def test_each_is_told_and_read(compression: Compression) -> None:
    packed = PACK[compression](PLAIN)
    assert detect(packed[:6]) is compression
    with decompressed(io.BytesIO(packed), compression) as reader:
        assert b"".join(iter(lambda: reader.read(1000), b"")) == PLAIN


@pytest.mark.parametrize("compression", [one for one in PACK if one is not Compression.NONE])
def test_two_streams_in_a_row_are_one(compression: Compression) -> None:
    packed = PACK[compression](PLAIN) + PACK[compression](b"more")
    with decompressed(io.BytesIO(packed), compression) as reader:
        assert b"".join(iter(lambda: reader.read(1 << 20), b"")) == PLAIN + b"more"


@pytest.mark.parametrize("compression", [one for one in PACK if one is not Compression.NONE])
@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_damage_is_noticed(compression: Compression, damage: str) -> None:
    packed = PACK[compression](PLAIN)
    middle = len(packed) // 2
    bad = packed[:-10] if damage == "cut" else packed[:middle] + b"\xff" * 40 + packed[middle + 40 :]
    try:
        with decompressed(io.BytesIO(bad), compression) as reader:
            content = b"".join(iter(lambda: reader.read(1 << 20), b""))
    except InvalidArgument:
        return
    # These frames have no checksum; a change within is for the digests to notice, a cut is not.
    assert (compression, damage) == (Compression.ZSTD, "overwritten")
    assert content != PLAIN


def test_little_is_no_compression() -> None:
    for start in (b"", b"\x1f", b"BZ", b"\x28\xb5", b"Q"):
        assert detect(start) is Compression.NONE
    assert detect(b"\x5e\x2a\x4d\x18") is Compression.ZSTD


@pytest.mark.parametrize("size", [1, 5, 7, 4096])
async def test_sniffing_loses_nothing(size: int) -> None:
    packed = gzip.compress(PLAIN)
    compression, whole = await sniff(in_chunks(packed, size))
    assert compression is Compression.GZIP
    assert b"".join([chunk async for chunk in whole]) == packed


@pytest.mark.parametrize("compression", list(PACK))
async def test_an_upload_is_decompressed_through_a_spool(compression: Compression, tmp_path: Path) -> None:
    stream = plain(in_chunks(PACK[compression](PLAIN)), compression, tmp_path / "spool")
    assert b"".join([chunk async for chunk in stream]) == PLAIN
    assert not (tmp_path / "spool").exists() or list((tmp_path / "spool").iterdir()) == []


async def test_pieces_are_large() -> None:
    data = bytes(3 << 20)
    sizes = [len(piece) async for piece in pieces(in_chunks(data, 10_000))]
    assert sum(sizes) == len(data)
    assert all(size >= 1 << 20 for size in sizes[:-1])
