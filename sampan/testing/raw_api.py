"""The Engine API over a bare socket: what no client library lets a test say."""

from __future__ import annotations

import json
import socket
from typing import Any

from sampan.wire.stdcopy import Decoder, Stream


class RawConnection:
    """One connection; heads are read with care, so that bytes behind them are kept."""

    def __init__(self, path: str, *, timeout_s: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._socket.connect(path)
        self._received = b""

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self._socket.sendall(data)

    def request(
        self, method: str, target: str, body: bytes = b"", *, headers: dict[str, str] | None = None
    ) -> None:
        """Send a request with ``body`` as JSON, whether it is or not."""
        lines = [f"{method} {target} HTTP/1.1", "Host: engine", f"Content-Length: {len(body)}"]
        given = {"Content-Type": "application/json", **(headers or {})}
        lines += [f"{name}: {value}" for name, value in given.items()]
        self.send("\r\n".join((*lines, "", "")).encode() + body)

    def head(self) -> tuple[int, dict[str, str]]:
        """The answer's status and headers (names in lower case)."""
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs}

    def answer(self) -> tuple[int, Any]:
        """A whole answer: its status and its JSON, None without a body."""
        status, headers = self.head()
        if status in (204, 304):
            return status, None
        if headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            size = int(headers.get("content-length", "0"))
            while len(self._received) < size:
                self._more()
            body, self._received = self._received[:size], self._received[size:]
        return status, json.loads(body) if body.strip() else None

    def end_input(self) -> None:
        """Send no more; reading goes on."""
        self._socket.shutdown(socket.SHUT_WR)

    def rest(self) -> bytes:
        """Everything until the other side closes."""
        while True:
            try:
                self._more()
            except ConnectionError:
                rest, self._received = self._received, b""
                return rest

    def until(self, text: bytes) -> bytes:
        """Everything up to ``text``."""
        while text not in self._received:
            self._more()
        before, _, self._received = self._received.partition(text)
        return before + text

    def _chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._received:
                self._more()
            size_text, _, self._received = self._received.partition(b"\r\n")
            size = int(size_text, 16)
            while len(self._received) < size + 2:
                self._more()
            body += self._received[:size]
            self._received = self._received[size + 2 :]
            if not size:
                return body

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError(f"the engine closed the connection after {self._received[-500:]!r}")
        self._received += data


class RawApi:
    """Requests, each on a connection of its own."""

    def __init__(self, path: str) -> None:
        self._path = path

    def connect(self) -> RawConnection:
        """A new connection."""
        return RawConnection(self._path)

    def __call__(self, method: str, target: str, body: object = b"", **headers: str) -> tuple[int, Any]:
        """Send a request (``body``: bytes as they are, anything else as JSON); status and JSON of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with self.connect() as connection:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, target, data, headers=given)
            return connection.answer()


def streams_of(data: bytes) -> dict[Stream, bytes]:
    """What multiplexed bytes carry, by stream."""
    found: dict[Stream, bytes] = {}
    for stream, part in Decoder().feed(data):
        found[stream] = found.get(stream, b"") + part
    return found
