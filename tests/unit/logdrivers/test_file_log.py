"""Reading log files: selection, tails, growth."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.logdrivers.entry import docker_time, parse_entry, parse_time
from sampan.logdrivers.file_log import LogQuery, read_log
from sampan.wire.stdcopy import Stream

_OUT, _ERR = Stream.STDOUT, Stream.STDERR


def _line(second: int, stream: str, flag: str, text: str) -> str:
    return f"2026-01-02T03:04:{second:02d}.000000001+00:00 {stream} {flag} {text}\n"


_LOG = "".join(
    (
        _line(1, "stdout", "F", "one"),
        _line(2, "stderr", "F", "bad"),
        _line(3, "stdout", "P", "tw"),
        _line(4, "stderr", "P", "wor"),
        _line(5, "stdout", "F", "o"),
        _line(6, "stderr", "F", "se"),
        _line(7, "stdout", "F", ""),
        _line(8, "stdout", "P", "open"),
    )
)
_FIRST_NS = parse_time(b"2026-01-02T03:04:01.000000001+00:00")


def _at(second: int) -> int:
    return _FIRST_NS + (second - 1) * 1_000_000_000


async def _text(path: Path, query: LogQuery, ended: asyncio.Event | None = None) -> bytes:
    stop = ended or asyncio.Event()
    return b"".join([data async for _, data in read_log(path, query, stop)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_text(_LOG)
    return path


async def test_streams_are_kept_apart(log: Path) -> None:
    frames = [frame async for frame in read_log(log, LogQuery(), asyncio.Event())]
    out = b"".join(data for stream, data in frames if stream is _OUT)
    err = b"".join(data for stream, data in frames if stream is _ERR)
    assert (out, err) == (b"one\ntwo\n\nopen", b"bad\nworse\n")
    assert await _text(log, LogQuery(stderr=False)) == out
    assert await _text(log, LogQuery(stdout=False)) == err


async def test_times_stand_once_before_a_line(log: Path) -> None:
    shown = await _text(log, LogQuery(stderr=False, timestamps=True))
    assert shown == (
        b"2026-01-02T03:04:01.000000001Z one\n2026-01-02T03:04:03.000000001Z two\n"
        b"2026-01-02T03:04:07.000000001Z \n2026-01-02T03:04:08.000000001Z open"
    )


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (0, b""),
        (1, b"open"),
        (2, b"\nopen"),
        (3, b"two\n\nopen"),
        (4, b"one\ntwo\n\nopen"),
        (99, b"one\ntwo\n\nopen"),
    ],
)
async def test_a_tail_counts_lines_not_pieces(log: Path, tail: int, expected: bytes) -> None:
    assert await _text(log, LogQuery(stderr=False, tail=tail)) == expected


async def test_since_and_until_are_inclusive(log: Path) -> None:
    query = LogQuery(stderr=False, since_ns=_at(3), until_ns=_at(7))
    assert await _text(log, query) == b"two\n\n"


async def test_a_missing_file_is_an_empty_log(tmp_path: Path) -> None:
    assert await _text(tmp_path / "none", LogQuery(follow=True)) == b""


async def test_following_ends_after_the_last_line(log: Path) -> None:
    ended = asyncio.Event()

    async def write() -> None:
        with log.open("a") as file:
            for number in range(20):
                file.write(_line(9, "stdout", "F", f"more {number}"))
                file.flush()
                await asyncio.sleep(0.002)
            file.write(_line(10, "stdout", "F", "last"))
        ended.set()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_text(log, LogQuery(stderr=False, follow=True, tail=0), ended))
        await asyncio.sleep(0.01)
        group.create_task(write())
    assert reading.result() == b"".join(b"more %d\n" % number for number in range(20)) + b"last\n"


async def test_following_stops_at_until(log: Path) -> None:
    assert await _text(log, LogQuery(stderr=False, follow=True, until_ns=_at(5))) == b"one\ntwo\n"


async def test_a_half_written_line_waits_for_its_end(log: Path) -> None:
    ended = asyncio.Event()
    whole = _line(9, "stdout", "F", "split")
    with log.open("a") as file:
        file.write(whole[:40])

    async def finish() -> None:
        await asyncio.sleep(0.01)
        with log.open("a") as file:
            file.write(whole[40:])
        ended.set()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_text(log, LogQuery(stderr=False, follow=True), ended))
        group.create_task(finish())
    assert reading.result().endswith(b"opensplit\n")


@pytest.mark.parametrize("line", [b"", b"x", b"2026-01-02T03:04:05Z nostream F x", b"\xff\xff \xff"])
def test_a_strange_line_is_no_entry(line: bytes) -> None:
    assert parse_entry(line) is None


def test_times_of_other_zones_are_turned_to_utc() -> None:
    assert docker_time(b"2026-01-02T03:04:05.5+02:00") == b"2026-01-02T01:04:05.500000000Z"


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.sampled_from("FP")), max_size=30))
def test_any_tail_is_the_end_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, shape: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_text("".join(_line(n % 60, stream, flag, str(n)) for n, (stream, flag) in enumerate(shape)))

    async def check() -> None:
        query = LogQuery(stderr=False)
        whole = await _text(path, query)
        lines = whole.splitlines(keepends=True)
        for tail in range(len(lines) + 2):
            expected = b"".join(lines[len(lines) - tail :] if tail < len(lines) else lines)
            assert await _text(path, LogQuery(stderr=False, tail=tail)) == expected

    asyncio.run(check())
