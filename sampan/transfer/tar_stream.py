"""Reading a tar archive as it arrives: a state machine without I/O.

Fed with bytes in any pieces, it gives members and their contents in order. It is made
for archives of images: it bounds what a header may make it remember, and names are
only names here, nothing is written by them. POSIX ustar and pax, GNU long names and
base-256 numbers are understood; sparse members are refused.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator

from sampan.errors import InvalidArgument, TooLarge

_BLOCK = 512
_LONGEST_HEADER = 1 << 20
_LARGEST_MEMBER = 1 << 50


class MemberKind(enum.Enum):
    """What a member is."""

    FILE = "file"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    DIRECTORY = "directory"
    OTHER = "other"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """The start of a member; ``size_bytes`` of data follow it. Names are as in the archive."""

    name: str
    kind: MemberKind
    size_bytes: int
    link: str = ""


class MemberEnd(enum.Enum):
    """The member's data is complete."""

    END = "end"


_KINDS = {
    b"0": MemberKind.FILE,
    b"\0": MemberKind.FILE,
    b"7": MemberKind.FILE,
    b"1": MemberKind.HARD_LINK,
    b"2": MemberKind.SYMLINK,
    b"5": MemberKind.DIRECTORY,
}
_PAX_KEYS = frozenset({"path", "linkpath", "size"})
_SPARSE = "GNU.sparse."
_WITHOUT_DATA = frozenset(b"123456")


class TarStream:
    """One archive. ``feed`` what arrives, ``close`` at the end."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._finished = False
        self._overrides: dict[str, str] = {}
        self._global: dict[str, str] = {}
        self._extension: tuple[int, bytearray] | None = None
        self._left = 0
        self._padding = 0
        self._inside = False

    def feed(self, data: bytes | memoryview) -> Iterator[Member | memoryview | MemberEnd]:
        """What ``data`` completes: a Member, pieces of its content, MemberEnd, and so on.

        Exhaust the iterator before feeding again. What follows the archive's end is ignored.

        Raises:
            InvalidArgument: this is no tar archive, or a damaged one.
            TooLarge: a header is beyond its limit.
        """
        view = memoryview(data)
        while view and not self._finished:
            if self._left:
                piece, view = view[: self._left], view[self._left :]
                self._left -= len(piece)
                if self._extension is not None:
                    self._extension[1].extend(piece)
                elif self._inside:
                    yield piece
                if not self._left:
                    yield from self._end_of_data()
            elif self._padding:
                skipped = min(self._padding, len(view))
                self._padding -= skipped
                view = view[skipped:]
            else:
                wanted = _BLOCK - len(self._header)
                self._header += view[:wanted]
                view = view[wanted:]
                if len(self._header) == _BLOCK:
                    block = bytes(self._header)
                    self._header.clear()
                    yield from self._start(block)

    def close(self) -> None:
        """The archive is over. Raises InvalidArgument if it was cut short."""
        if self._finished:
            return
        if self._left or self._padding or self._header or self._extension is not None or self._overrides:
            raise _damaged("unexpected end of the archive")

    @property
    def complete(self) -> bool:
        """Whether the archive's end marker has been seen."""
        return self._finished

    def _start(self, block: bytes) -> Iterator[Member | memoryview | MemberEnd]:
        if not any(block):
            self._finished = True
            return
        _check_sum(block)
        kind = block[156:157]
        size = _number(block[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            if size > _LONGEST_HEADER:
                raise TooLarge(f"a header of {size} bytes in the archive", kind="archive")
            self._extension = (kind[0], bytearray())
            self._expect(size)
            if not size:
                yield from self._end_of_data()
            return
        if kind == b"S" or any(key.startswith(_SPARSE) for key in self._overrides):
            raise _damaged("it holds a sparse member; make it without sparse files")
        values = {**self._global, **self._overrides}
        self._overrides = {}
        if "size" in values:
            size = _decimal(values["size"])
        if kind[0] in _WITHOUT_DATA:
            size = 0
        if size > _LARGEST_MEMBER:
            raise _damaged("a member of impossible size")
        member = Member(
            name=values.get("path") or _name(block),
            kind=_KINDS.get(kind, MemberKind.OTHER),
            size_bytes=size,
            link=values.get("linkpath") or _text(block[157:257]),
        )
        self._inside = True
        self._expect(size)
        yield member
        if not size:
            yield from self._end_of_data()

    def _expect(self, size: int) -> None:
        self._left = size
        self._padding = -size % _BLOCK

    def _end_of_data(self) -> Iterator[MemberEnd]:
        if self._extension is None:
            self._inside = False
            yield MemberEnd.END
            return
        kind, content = self._extension
        self._extension = None
        match chr(kind):
            case "x":
                self._overrides |= _pax(bytes(content))
            case "g":
                self._global |= _pax(bytes(content))
            case "L":
                self._overrides["path"] = _text(bytes(content))
            case _:
                self._overrides["linkpath"] = _text(bytes(content))


def _check_sum(block: bytes) -> None:
    stored = _number(block[148:156])
    blanked = block[:148] + b" " * 8 + block[156:]
    if stored == sum(blanked):
        return
    # Some old archivers summed signed bytes.
    if stored != sum(byte - 256 if byte > 127 else byte for byte in blanked):
        raise _damaged("a header's checksum is wrong")


def _number(raw: bytes) -> int:
    if raw[0] & 0x80:
        value = int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
        if raw[0] == 0xFF:
            raise _damaged("a negative size")
        return value
    digits = raw.split(b"\0", 1)[0].strip(b" ")
    if not digits:
        return 0
    if not all(digit in b"01234567" for digit in digits):
        raise _damaged("a number in a header is not octal")
    return int(digits, 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise _damaged("a size in a header is not a number")
    return int(text)


def _pax(data: bytes) -> dict[str, str]:
    """The records that matter here; each is ``length key=value newline`` (POSIX pax)."""
    values: dict[str, str] = {}
    position = 0
    end = len(data.rstrip(b"\0"))
    while position < end:
        space = data.find(b" ", position, position + 11)
        head = data[position:space]
        if space < 0 or not head.isdigit():
            raise _damaged("a pax record has no length")
        record_end = position + int(head)
        if not space < record_end <= len(data) or data[record_end - 1 : record_end] != b"\n":
            raise _damaged("a pax record has a wrong length")
        key, equals, value = data[space + 1 : record_end - 1].partition(b"=")
        if not equals:
            raise _damaged("a pax record has no value")
        name = key.decode(errors="surrogateescape")
        if name in _PAX_KEYS or name.startswith(_SPARSE):
            values[name] = value.decode(errors="surrogateescape")
        position = record_end
    return values


def _name(block: bytes) -> str:
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="surrogateescape")


def _damaged(what: str) -> InvalidArgument:
    return InvalidArgument(f"invalid tar archive: {what}", kind="archive")
