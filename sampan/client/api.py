"""A connection to the Engine API: requests, streams, and connections that are taken over."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from sampan.client.http1 import AnswerParser, query, request_head
from sampan.client.transport import connect
from sampan.errors import InternalError, Interrupted, SampanError, Unavailable
from sampan.version import API_VERSION, VERSION
from sampan.wire.errors import error_from

_READ = 1 << 16
_NEWEST = tuple(int(part) for part in API_VERSION.split("."))
Query = Iterable[tuple[str, str]]


class Hijacked:
    """A connection that is a raw stream: what came already, and the socket."""

    def __init__(self, connection: socket.socket, received: bytes, content_type: str) -> None:
        self.socket = connection
        self.received = received
        self.multiplexed = content_type == "application/vnd.docker.multiplexed-stream"

    def end_input(self) -> None:
        """No more input; the other direction stays open."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            # The daemon has closed already: there is nobody left to tell.
            return

    def receive(self, most: int) -> bytes:
        """What has come; nothing if the other side has ended or gone."""
        try:
            return self.socket.recv(most)
        except OSError:
            # However it ended, no more will come; the container's state tells why.
            return b""

    def abandon(self) -> None:
        """End both directions, so that a receiving thread returns."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended by itself.
            return

    def close(self) -> None:
        """Leave; may be called twice."""
        self.socket.close()


class Client:
    """Requests to one daemon, each on a connection of its own; blocking.

    Every method raises Unavailable if nobody answers, and the error that an answer's status
    stands for, with the daemon's own words.
    """

    def __init__(self, host: str, *, version: str = "") -> None:
        self.host = host
        self._version = version

    def version_path(self) -> str:
        """``/v1.51``, or the newest version the daemon speaks if that is older."""
        if not self._version:
            parser, _ = self._exchange("HEAD", "/_ping", (), b"", {})
            offered = parser.headers.get("api-version", API_VERSION)
            numbers = tuple(int(part) for part in offered.split(".") if part.isdigit())
            self._version = offered if numbers < _NEWEST else API_VERSION
        return f"/v{self._version}"

    def get(self, path: str, values: Query = ()) -> object:
        """JSON of a GET."""
        return self._json("GET", path, values, None)

    def get_bytes(self, path: str, values: Query = ()) -> bytes:
        """The body of a GET."""
        return self._whole("GET", path, values, b"", {})

    def post(self, path: str, values: Query = (), body: bytes | None = None) -> object:
        """JSON of a POST whose body, if there is one, is JSON; None for an empty answer."""
        return self._json("POST", path, values, body)

    def delete(self, path: str, values: Query = ()) -> object:
        """JSON of a DELETE; None for an empty answer."""
        return self._json("DELETE", path, values, None)

    def stream(
        self, method: str, path: str, values: Query = (), upload: BinaryIO | None = None
    ) -> Iterator[bytes]:
        """The body of an answer as it comes; ``upload`` is sent as the request's body."""
        headers = {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"} if upload else {}
        connection = self._send(method, self.version_path() + path, values, headers, b"")
        try:
            if upload is not None:
                _upload(connection, upload)
            parser = AnswerParser(method=method)
            _receive_head(connection, parser)
            if parser.status >= 400:
                raise _failure(parser, _rest_of(connection, parser))
            yield parser.take()
            while not parser.done:
                parser.feed(_receive(connection))
                yield parser.take()
        finally:
            connection.close()

    def hijack(self, path: str, values: Query = (), body: bytes = b"") -> Hijacked:
        """POST, and take the connection over."""
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
        if body:
            headers["Content-Type"] = "application/json"
        connection = self._send("POST", self.version_path() + path, values, headers, body)
        parser = AnswerParser(method="POST")
        try:
            _receive_head(connection, parser)
            if not parser.upgraded:
                raise _failure(parser, _rest_of(connection, parser))
        except BaseException:
            connection.close()
            raise
        return Hijacked(connection, parser.rest, parser.headers.get("content-type", ""))

    def begin(self, path: str, values: Query = ()) -> Pending:
        """POST, wait for the head alone, and return the answer to come."""
        connection = self._send("POST", self.version_path() + path, values, {}, b"")
        parser = AnswerParser(method="POST")
        try:
            _receive_head(connection, parser)
            if parser.status >= 400:
                raise _failure(parser, _rest_of(connection, parser))
        except BaseException:
            connection.close()
            raise
        return Pending(connection, parser)

    def _json(self, method: str, path: str, values: Query, body: bytes | None) -> object:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = self._whole(method, path, values, body or b"", headers)
        return _decoded(data)

    def _whole(self, method: str, path: str, values: Query, body: bytes, headers: dict[str, str]) -> bytes:
        parser, data = self._exchange(method, self.version_path() + path, values, body, headers)
        if parser.status >= 400:
            raise _failure(parser, data)
        return data

    def _exchange(
        self, method: str, path: str, values: Query, body: bytes, headers: dict[str, str]
    ) -> tuple[AnswerParser, bytes]:
        connection = self._send(method, path, values, headers, body)
        with connection:
            parser = AnswerParser(method=method)
            _receive_head(connection, parser)
            return parser, _rest_of(connection, parser)

    def _send(
        self, method: str, path: str, values: Query, headers: dict[str, str], body: bytes
    ) -> socket.socket:
        connection = connect(self.host)
        head = {"Host": "sampan", "User-Agent": f"Sampan-Client/{VERSION}", **headers}
        if "Transfer-Encoding" not in headers and (body or method == "POST"):
            head["Content-Length"] = str(len(body))
        if "Connection" not in headers:
            head["Connection"] = "close"
        try:
            connection.sendall(request_head(method, path + query(values), head) + body)
        except OSError as error:
            connection.close()
            raise Unavailable(
                f"the daemon at {self.host} hung up: {error}", kind="host", ref=self.host
            ) from error
        return connection


class Pending:
    """An answer whose body has not come yet."""

    def __init__(self, connection: socket.socket, parser: AnswerParser) -> None:
        self._socket = connection
        self._parser = parser

    def result(self) -> object:
        """Wait for the body; its JSON. Raises Interrupted if the daemon goes away."""
        with self._socket:
            return _decoded(_rest_of(self._socket, self._parser))

    def close(self) -> None:
        """Wait no longer; may be called twice."""
        self._socket.close()


def _decoded(data: bytes) -> object:
    if not data.strip():
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        raise InternalError(f"the daemon's answer is no JSON: {data[:100]!r}", kind="connection") from error


def _upload(connection: socket.socket, source: BinaryIO) -> None:
    """Send ``source`` in chunks; a daemon that hangs up has refused, and its answer says why."""
    try:
        while block := source.read(_READ):
            connection.sendall(b"%x\r\n%b\r\n" % (len(block), block))
        connection.sendall(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        return


def _receive(connection: socket.socket) -> bytes:
    """What has come; nothing at the end. Raises Interrupted if the connection broke."""
    try:
        return connection.recv(_READ)
    except OSError as error:
        raise Interrupted(f"the connection to the daemon broke: {error}", kind="connection") from error


def _receive_head(connection: socket.socket, parser: AnswerParser) -> None:
    while not parser.head_done:
        parser.feed(_receive(connection))


def _rest_of(connection: socket.socket, parser: AnswerParser) -> bytes:
    parts = [parser.take()]
    while not parser.done:
        parser.feed(_receive(connection))
        parts.append(parser.take())
    return b"".join(parts)


def _failure(parser: AnswerParser, body: bytes) -> SampanError:
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace").strip() or f"the daemon answered with status {parser.status}"
    error = error_from(parser.status, message)
    error.kind = "daemon"
    return error
