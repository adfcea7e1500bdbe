"""HTTP/1.1 as a client of one local server needs it, without I/O: bytes in, answer out.

The standard library's client brings the email package along, which alone takes longer to
import than most commands take to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from sampan.errors import InternalError, Interrupted

_HEAD_LIMIT = 1 << 16
_LINE = b"\r\n"


def request_head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """The head of a request; header values must not hold line ends."""
    lines = [f"{method} {path} HTTP/1.1"]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise InternalError(f"the header {name} holds a line end", kind="header", ref=name)
        lines.append(f"{name}: {value}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def query(values: Iterable[tuple[str, str]]) -> str:
    """``?a=b&c=d``, or nothing."""
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in values]
    return "?" + "&".join(pairs) if pairs else ""


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0].strip()
    # int() alone would take signs and underscores.
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise InternalError(f"bad chunk size {line[:20]!r}", kind="connection")
    return int(digits, 16)


class AnswerParser:
    """One answer from a byte stream cut anywhere.

    Feed it what was received; ``head_done`` tells when ``status`` and ``headers`` are there,
    ``take`` gives the body's bytes as they come, ``done`` tells its end. For a connection
    that was taken over, ``rest`` is what came behind the head.
    """

    def __init__(self, *, method: str = "GET") -> None:
        self._method = method
        self._buffer = b""
        self._body: list[bytes] = []
        self._left: int | None = None
        self._chunked = False
        self._in_chunk = False
        self.head_done = False
        self.done = False
        self.status = 0
        self.headers: dict[str, str] = {}

    def feed(self, data: bytes) -> None:
        """Take what was received; ``b""`` is the end of the connection. Raises Interrupted if it came too early."""
        if not data:
            self._end()
            return
        self._buffer += data
        if not self.head_done:
            self._read_head()
        if self.head_done and not self.done:
            self._read_body()

    def take(self) -> bytes:
        """The body's bytes that have come since the last call."""
        taken, self._body = b"".join(self._body), []
        return taken

    @property
    def rest(self) -> bytes:
        """What came behind the head, raw."""
        return self._buffer

    @property
    def upgraded(self) -> bool:
        """Whether the connection is a raw stream from here on."""
        raw = self.headers.get("content-type", "").startswith("application/vnd.docker.")
        return self.status == 101 or (self.status == 200 and raw and not self._chunked and self._left is None)

    def _end(self) -> None:
        if not self.head_done or self._chunked or self._left:
            raise Interrupted(
                "the daemon closed the connection before its answer was complete", kind="connection"
            )
        self.done = True

    def _read_head(self) -> None:
        head, found, rest = self._buffer.partition(_LINE + _LINE)
        if not found:
            if len(self._buffer) > _HEAD_LIMIT:
                raise InternalError("the daemon's answer has an endless head", kind="connection")
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        parts = first.split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise InternalError(f"what listens there does not speak HTTP: {first[:80]!r}", kind="connection")
        self.status = int(parts[1])
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self._buffer = rest
        if self.status == 100:
            self.headers.clear()
            self._read_head()
            return
        self.head_done = True
        self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        length = self.headers.get("content-length")
        if self._method == "HEAD" or self.status in (204, 304):
            self.done = True
        elif not self._chunked and length is not None:
            if not (length.isascii() and length.isdigit()):
                raise InternalError(f"bad length {length[:20]!r} of the daemon's answer", kind="connection")
            self._left = int(length)
            self.done = self._left == 0

    def _read_body(self) -> None:
        if self.upgraded:
            return
        if self._chunked:
            self._read_chunks()
            return
        data, self._buffer = self._buffer, b""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
            self.done = self._left == 0
        self._body.append(data)

    def _read_chunks(self) -> None:
        while self._buffer:
            if self._left is None:
                line, found, rest = self._buffer.partition(_LINE)
                if not found:
                    if len(self._buffer) > _HEAD_LIMIT:
                        raise InternalError(
                            "the daemon's answer has an endless chunk size", kind="connection"
                        )
                    return
                if self._in_chunk and not line:
                    self._in_chunk, self._buffer = False, rest
                    continue
                self._left = _chunk_size(line)
                self._buffer, self._in_chunk = rest, True
                if self._left == 0:
                    self._chunked, self.done, self._buffer = False, True, b""
                    return
            data = self._buffer[: self._left]
            self._body.append(data)
            self._buffer = self._buffer[len(data) :]
            self._left -= len(data)
            if self._left == 0:
                self._left = None
