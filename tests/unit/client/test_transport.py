"""Addresses of the daemon, and how their failure is told."""

from __future__ import annotations

import socket
import threading

import pytest

from sampan.client.api import Client
from sampan.client.transport import DEFAULT_HOST, choose_host, connect, is_default
from sampan.errors import Interrupted, InvalidArgument, NotFound, NotImplementedHere, SampanError, Unavailable


def test_the_flag_counts_before_our_variable_before_docker_s() -> None:
    both = {"SAMPAN_HOST": "unix:///s", "DOCKER_HOST": "unix:///d"}
    assert choose_host("unix:///f", both) == "unix:///f"
    assert choose_host("", both) == "unix:///s"
    assert choose_host("", {"DOCKER_HOST": "unix:///d"}) == "unix:///d"
    assert choose_host("", {}) == DEFAULT_HOST
    assert [is_default("", {}), is_default("x", {}), is_default("", both)] == [True, False, False]


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("/no/scheme", InvalidArgument),
        ("pigeon://x", InvalidArgument),
        ("ssh://x", NotImplementedHere),
        ("npipe:////./pipe/x", NotImplementedHere),
        ("unix:///no/such/socket", Unavailable),
        ("tcp://127.0.0.1:1", Unavailable),
    ],
)
def test_a_bad_address_is_told(host: str, error: type[SampanError]) -> None:
    with pytest.raises(error):
        connect(host)


def _serve_once(answers: list[bytes]) -> tuple[str, threading.Thread]:
    """A server on loopback that gives each connection one answer, then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}", thread


def _answer(status: str, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %b\r\nApi-Version: 1.40\r\nContent-Length: %d\r\n\r\n%b" % (
        status.encode(),
        len(body),
        body,
    )


def test_an_older_daemon_is_spoken_to_in_its_version() -> None:
    host, thread = _serve_once([_answer("200 OK"), _answer("200 OK", b"[1]")])
    client = Client(host)
    assert client.version_path() == "/v1.40"
    assert client.get("/containers/json") == [1]
    thread.join()


def test_an_error_is_the_daemon_s_own_words() -> None:
    host, thread = _serve_once([_answer("404 Not Found", b'{"message": "No such container: x"}')])
    with pytest.raises(NotFound, match="No such container: x") as told:
        Client(host, version="1.51").get("/containers/x/json")
    assert told.value.kind == "daemon"
    thread.join()


def test_a_daemon_that_hangs_up_is_told() -> None:
    host, thread = _serve_once([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
    with pytest.raises(Interrupted, match="closed the connection"):
        Client(host, version="1.51").get("/info")
    thread.join()
