"""Which compression a stream has, and reading through it."""

from __future__ import annotations

import contextlib
import enum
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol, assert_never, cast

from sampan.errors import InvalidArgument, Unavailable


class Compression(enum.StrEnum):
    """A compression that a layer or an archive may come in."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"
    BZIP2 = "bzip2"


class ByteReader(Protocol):
    """Something to read bytes from; ``b""`` is the end."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes."""


# How many bytes ``detect`` wants to see, if there are so many.
MAGIC_SIZE = 6
_MAGIC = (
    (b"\x1f\x8b\x08", Compression.GZIP),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"\xfd7zXZ\x00", Compression.XZ),
    (b"BZh", Compression.BZIP2),
)
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"


def detect(start: bytes) -> Compression:
    """The compression of a stream that begins with ``start``."""
    for magic, compression in _MAGIC:
        if start.startswith(magic):
            return compression
    if start[1:4] == _ZSTD_SKIPPABLE and start[0] & 0xF0 == 0x50:
        return Compression.ZSTD
    return Compression.NONE


@contextlib.contextmanager
def decompressed(source: BinaryIO, compression: Compression) -> Iterator[ByteReader]:
    """Read ``source`` decompressed, inside the block.

    Raises:
        InvalidArgument: the compressed data is damaged or cut short.
        Unavailable: the library for this compression is not installed.
    """
    try:
        damage = _damage(compression)
    except ImportError as error:
        raise Unavailable(
            f"cannot read {compression}: {error}", kind="library", ref=error.name or ""
        ) from error
    try:
        with _open(source, compression) as reader:
            yield reader
    except damage as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidArgument(f"damaged {compression} data: {error}", kind="archive") from error


@contextlib.contextmanager
def _open(source: BinaryIO, compression: Compression) -> Iterator[ByteReader]:
    match compression:
        case Compression.NONE:
            yield source
        case Compression.GZIP:
            from isal import igzip

            # The library's types leave the class untyped.
            open_gzip = cast("Callable[..., ByteReader]", igzip.IGzipFile)
            yield open_gzip(fileobj=source, mode="rb")
        case Compression.ZSTD:
            yield _ZstdFrames(source)
        case Compression.XZ:
            import lzma

            with lzma.LZMAFile(source) as blocks:
                yield blocks
        case Compression.BZIP2:
            import bz2

            with bz2.BZ2File(source) as runs:
                yield runs
        case _:
            assert_never(compression)


def _damage(compression: Compression) -> tuple[type[Exception], ...]:
    """What the library of ``compression`` raises for bad data (an OSError then has no errno)."""
    match compression:
        case Compression.NONE:
            return ()
        case Compression.GZIP:
            from isal import igzip_lib

            return (EOFError, OSError, zlib.error, cast("type[Exception]", igzip_lib.IsalError))
        case Compression.ZSTD:
            import zstandard

            return (EOFError, zstandard.ZstdError)
        case Compression.XZ:
            import lzma

            return (EOFError, lzma.LZMAError)
        case Compression.BZIP2:
            return (EOFError, OSError, ValueError)
        case _:
            assert_never(compression)


class _ZstdFrames:
    """Frames one after another. The library's own reader takes a cut stream for a whole one."""

    # A kilobyte of zstd can stand for some 40 MB at worst; more a step would be a bomb.
    _STEP = 1024

    def __init__(self, source: BinaryIO) -> None:
        import zstandard

        self._source = source
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._inside = False
        self._input = b""
        self._output = bytearray()

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; EOFError if the source ends inside a frame."""
        while len(self._output) < size:
            data = self._input or self._source.read(self._STEP)
            self._input = b""
            if not data:
                if self._inside:
                    raise EOFError("the stream ends inside a frame")
                break
            self._inside = True
            self._output += self._frame.decompress(data)
            if self._frame.eof:
                self._input = self._frame.unused_data
                self._frame = self._decompressor.decompressobj()
                self._inside = False
        part = bytes(self._output[:size])
        del self._output[:size]
        return part
