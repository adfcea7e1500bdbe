"""Writing tar archives: the same bytes for the same members (POSIX ustar)."""

from __future__ import annotations

BLOCK = 512
# Two empty blocks end an archive.
END = bytes(2 * BLOCK)

_LARGEST_OCTAL = 0o77777777777
_LONGEST_NAME = 100


def file_header(name: str, size_bytes: int, *, mode: int = 0o644) -> bytes:
    """The header of a file owned by root and dated 1970. ``name`` is at most 100 bytes."""
    return _header(name, size_bytes, mode=mode, kind=b"0")


def directory_header(name: str, *, mode: int = 0o755) -> bytes:
    """The header of a directory; ``name`` ends in a slash."""
    return _header(name, 0, mode=mode, kind=b"5")


def symlink_header(name: str, target: str) -> bytes:
    """The header of a symbolic link."""
    return _header(name, 0, mode=0o777, kind=b"2", link=target)


def file_member(name: str, content: bytes, *, mode: int = 0o644) -> bytes:
    """A whole file: header, content and padding."""
    return file_header(name, len(content), mode=mode) + content + padding(len(content))


def padding(size_bytes: int) -> bytes:
    """What follows a file's content to fill its last block."""
    return bytes(-size_bytes % BLOCK)


def _header(name: str, size: int, *, mode: int, kind: bytes, link: str = "") -> bytes:
    fields = b"".join(
        (
            _field(name),
            b"%07o\0" % mode,
            b"%07o\0" % 0,
            b"%07o\0" % 0,
            _size(size),
            b"%011o\0" % 0,
            b" " * 8,
            kind,
            _field(link),
            b"ustar\x0000",
        )
    ).ljust(BLOCK, b"\0")
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def _field(name: str) -> bytes:
    encoded = name.encode()
    if len(encoded) > _LONGEST_NAME:
        raise ValueError(f"the name {name!r} is too long for a plain header")
    return encoded.ljust(_LONGEST_NAME, b"\0")


def _size(size: int) -> bytes:
    if size <= _LARGEST_OCTAL:
        return b"%011o\0" % size
    # Base 256 (GNU, and every reader of today) for more than 8 GB.
    return b"\x80" + size.to_bytes(11, "big")
