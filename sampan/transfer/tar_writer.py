"""Headers of a tar archive written here: plain files and directories, the same for the same input."""

from __future__ import annotations

BLOCK = 512
# Two empty blocks end an archive.
END = bytes(2 * BLOCK)

_LARGEST_OCTAL = 0o77777777777


def file_header(name: str, size_bytes: int) -> bytes:
    """The header of a file of mode 0644, owned by root, dated 1970. ``name`` is at most 100 bytes."""
    return _header(name, size_bytes, mode=0o644, kind=b"0")


def directory_header(name: str) -> bytes:
    """The header of a directory of mode 0755; ``name`` ends in a slash."""
    return _header(name, 0, mode=0o755, kind=b"5")


def padding(size_bytes: int) -> bytes:
    """What follows a file's content to fill its last block."""
    return bytes(-size_bytes % BLOCK)


def _header(name: str, size: int, *, mode: int, kind: bytes) -> bytes:
    encoded = name.encode()
    if len(encoded) > 100:
        raise ValueError(f"the name {name!r} is too long for a plain header")
    fields = b"".join(
        (
            encoded.ljust(100, b"\0"),
            b"%07o\0" % mode,
            b"%07o\0" % 0,
            b"%07o\0" % 0,
            _size(size),
            b"%011o\0" % 0,
            b" " * 8,
            kind,
            bytes(100),
            b"ustar\x0000",
        )
    ).ljust(BLOCK, b"\0")
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def _size(size: int) -> bytes:
    if size <= _LARGEST_OCTAL:
        return b"%011o\0" % size
    # Base 256 (GNU, and every reader of today) for more than 8 GB.
    return b"\x80" + size.to_bytes(11, "big")
