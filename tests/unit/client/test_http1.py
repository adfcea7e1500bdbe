"""The client's HTTP: answers cut anywhere, damaged ones, taken-over connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.client.http1 import AnswerParser, query, request_head
from sampan.errors import InternalError, Interrupted


def _chunked(parts: list[bytes]) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


def _parse(data: bytes, step: int) -> tuple[AnswerParser, bytes]:
    parser = AnswerParser()
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
    return parser, parser.take()


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(1, 30))
def test_chunks_survive_any_cutting(parts: list[bytes], step: int) -> None:
    parser, body = _parse(_chunked(parts), step)
    assert (parser.status, body, parser.done) == (200, b"".join(parts), True)


@given(st.binary(max_size=100), st.integers(1, 30))
def test_a_length_is_kept_to(body: bytes, step: int) -> None:
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\nX-A: b\r\n\r\n" % len(body)
    parser, found = _parse(head + body, step)
    assert (parser.status, found, parser.done, parser.headers["x-a"]) == (404, body, True, "b")


@given(st.binary(max_size=200), st.integers(1, 30))
def test_any_bytes_are_an_answer_or_are_told(data: bytes, step: int) -> None:
    parser = AnswerParser()
    try:
        for start in range(0, len(data), step):
            parser.feed(data[start : start + step])
        parser.feed(b"")
    except (InternalError, Interrupted):
        return
    assert parser.done


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(1, 30))
def test_a_taken_over_stream_is_whole_however_it_was_cut(before: bytes, after: bytes, step: int) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    parser = AnswerParser(method="POST")
    data = head + before
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
    assert parser.upgraded
    if after:
        parser.feed(after)
    assert parser.rest == before + after


def test_nothing_behind_a_body_belongs_to_it() -> None:
    parser = AnswerParser()
    parser.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd")
    assert (parser.done, parser.take()) == (True, b"ab")


def test_what_follows_a_take_over_is_left_raw() -> None:
    parser = AnswerParser(method="POST")
    parser.feed(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\nraw\r\nbytes")
    assert parser.upgraded
    assert parser.rest == b"raw\r\nbytes"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200",
        b"",
    ],
)
def test_an_early_end_is_told(data: bytes) -> None:
    parser = AnswerParser()
    if data:
        parser.feed(data)
    with pytest.raises(Interrupted, match="closed the connection"):
        parser.feed(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told(data: bytes) -> None:
    with pytest.raises(InternalError):
        AnswerParser().feed(data)


def test_an_endless_head_is_cut_off() -> None:
    with pytest.raises(InternalError, match="endless head"):
        AnswerParser().feed(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000)


def test_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(InternalError, match="line end"):
        request_head("GET", "/", {"X": "a\r\nY: b"})
    assert query([("a b", "c&d=é")]) == "?a%20b=c%26d%3D%C3%A9"
