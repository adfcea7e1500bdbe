"""A server that records what a client asks, and answers what it was told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

import pytest


class Asked(NamedTuple):
    """A request: its path without the version."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: bytes


class Recorder:
    """An engine's socket without an engine behind it."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        self.asked: list[Asked] = []
        self.answers: dict[tuple[str, str], tuple[int, object]] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self) -> None:
        """End the server."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, cast("BinaryIO", connection.makefile("rwb")) as stream:
                method, target, _ = stream.readline().decode().split(" ", 2)
                length, chunked = 0, False
                while line := stream.readline().strip():
                    name, _, value = line.decode().partition(":")
                    if name.lower() == "content-length":
                        length = int(value)
                    chunked |= name.lower() == "transfer-encoding"
                body = _chunks(stream) if chunked else stream.read(length)
                stream.write(self._answer(method, target, body))

    def _answer(self, method: str, target: str, body: bytes) -> bytes:
        parts = urlsplit(target)
        path = "/" + parts.path.split("/", 2)[2] if parts.path.startswith("/v1.") else parts.path
        if path == "/_ping":
            return b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        self.asked.append(Asked(method, path, parse_qsl(parts.query, keep_blank_values=True), body))
        status, answer = self.answers.get((method, path), (404, {"message": "not recorded"}))
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        return head % (status, len(content)) + content


def _chunks(stream: BinaryIO) -> bytes:
    parts = []
    while length := int(stream.readline(), 16):
        parts.append(stream.read(length))
        stream.readline()
    stream.readline()
    return b"".join(parts)


@pytest.fixture
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """A recording server on a socket of its own."""
    made = Recorder(tmp_path_factory.mktemp("r") / "s")
    yield made
    made.close()
