"""The codecs of the wire: frames, messages, filters, detach keys, signals, times, units, errors."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sampan.errors
from sampan.errors import InvalidArgument, SampanError
from sampan.wire import jsonmessage, stdcopy
from sampan.wire.detach import DEFAULT, DetachScanner, parse_detach_keys
from sampan.wire.errors import error_from, status_of
from sampan.wire.filters import Filters
from sampan.wire.jsonmessage import JSONMessage, Progress
from sampan.wire.names import require_container_name
from sampan.wire.signals import parse_signal
from sampan.wire.stdcopy import Stream
from sampan.wire.timestamps import parse_duration, parse_timestamp, rfc3339
from sampan.wire.units import binary_size, human_duration, human_size

_NOW = 1_700_000_000_000_000_000


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(
    st.lists(st.tuples(st.sampled_from(list(Stream)), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(0, 500), max_size=8),
)
def test_frames_survive_any_cutting(frames: list[tuple[Stream, bytes]], cuts: list[int]) -> None:
    decoder = stdcopy.Decoder()
    data = b"".join(stdcopy.encode(stream, part) for stream, part in frames)
    assert [frame for piece in _cut(data, cuts) for frame in decoder.feed(piece)] == frames
    assert decoder.pending == 0


def test_an_unknown_stream_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="unrecognized stream: 9"):
        stdcopy.Decoder().feed(b"\x09" + bytes(7))


@given(st.lists(st.integers(0, 500), max_size=8))
def test_messages_survive_any_cutting(cuts: list[int]) -> None:
    messages = [
        JSONMessage(status="Loading", id="a", progress_detail=Progress(current=1, total=2)),
        JSONMessage(stream="line\n"),
        jsonmessage.failure("no", 1),
    ]
    decoder = jsonmessage.Decoder()
    data = b"".join(jsonmessage.encode(message) for message in messages).rstrip()
    found = [message for piece in _cut(data, cuts) for message in decoder.feed(piece)]
    assert found + decoder.finish() == messages


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (None, frozenset()),
        ("", frozenset()),
        ("{}", frozenset()),
        ('{"label":["a","b=c"]}', frozenset({"a", "b=c"})),
        ('{"label":{"a":true,"x":false}}', frozenset({"a"})),
    ],
)
def test_filters_come_in_two_forms(text: str | None, values: frozenset[str]) -> None:
    assert Filters.parse(text).get("label") == values


@pytest.mark.parametrize("text", ["x", "[]", '{"a":1}', '{"a":[1]}', '"', '{"a":{"b":"c"}}'])
def test_other_filters_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid filters"):
        Filters.parse(text)


def test_labels_match_all_that_are_wanted_and_none_that_are_not() -> None:
    filters = Filters({"label": ["a", "b=1"], "label!": ["c"]})
    assert filters.match_labels({"a": "", "b": "1"})
    assert not filters.match_labels({"a": "", "b": "2"})
    assert not filters.match_labels({"a": "", "b": "1", "c": "x"})
    with pytest.raises(InvalidArgument, match="invalid filter 'label!'"):
        filters.require({"label"})


def test_detach_keys() -> None:
    assert parse_detach_keys(None) == DEFAULT == b"\x10\x11"
    assert parse_detach_keys("ctrl-a,b,ctrl-]") == b"\x01b\x1d"
    for bad in ("ctrl-", "ctrl-1", "abc", "a,", "alt-x"):
        with pytest.raises(InvalidArgument, match="Invalid detach keys"):
            parse_detach_keys(bad)


@given(
    st.binary(max_size=30).filter(lambda data: b"\x10\x11" not in data),
    st.lists(st.integers(0, 40), max_size=5),
)
def test_the_scanner_passes_on_all_but_the_sequence(data: bytes, cuts: list[int]) -> None:
    scanner = DetachScanner(b"\x10\x11")
    out, found = b"", False
    for piece in _cut(data + b"\x10\x11after", cuts):
        part, found = scanner.feed(piece)
        out += part
        if found:
            break
    assert found
    assert out == data


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("KILL", 9),
        ("sigterm", 15),
        ("9", 9),
        ("RTMIN", 34),
        ("SIGRTMIN+3", 37),
        ("RTMAX-1", 63),
        ("64", 64),
        ("POLL", 29),
    ],
)
def test_signals(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize(
    "text", ["", "NOPE", "0", "65", "-9", "RTMIN+99", "RTMAX+1", "9x", "SIGSIGKILL", "٩"]
)
def test_other_signals_are_named(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid signal"):
        parse_signal(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("1.5", 1_500_000_000),
        ("1136073845.000000001", 1136073845_000000001),
        ("2006-01-02T15:04:05Z", 1136214245_000000000),
        ("2006-01-02T15:04:05.5+02:00", 1136207045_500000000),
        ("2006-01-02", 1136160000_000000000),
        ("10m", _NOW - 600 * 10**9),
        ("1h30m", _NOW - 5400 * 10**9),
    ],
)
def test_times(text: str, expected: int) -> None:
    assert parse_timestamp(text, now_ns=_NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "2006-13-01", "1.2.3", "10", "ten minutes", "5 m", "\0"])
def test_only_times_are_times(text: str) -> None:
    if text == "10":
        assert parse_timestamp(text, now_ns=_NOW) == 10 * 10**9
        return
    with pytest.raises(InvalidArgument, match="invalid time"):
        parse_timestamp(text, now_ns=_NOW)


def test_durations_and_rfc3339() -> None:
    assert parse_duration("-1.5s") == -1_500_000_000
    assert parse_duration("") is None
    assert parse_duration("1x") is None
    assert rfc3339(0) == "0001-01-01T00:00:00Z"
    assert rfc3339(1_000_000_001) == "1970-01-01T00:00:01.000000001Z"
    assert rfc3339(1_500_000_000) == "1970-01-01T00:00:01.5Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (3600, "About an hour"),
        (7200, "2 hours"),
        (3 * 86400, "3 days"),
        (15 * 86400, "2 weeks"),
        (90 * 86400, "3 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_durations_read_as_dockers(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_sizes_read_as_dockers() -> None:
    assert [human_size(0), human_size(999), human_size(1_234_567), human_size(1_990_000, precision=3)] == [
        "0B",
        "999B",
        "1.235MB",
        "1.99MB",
    ]
    assert binary_size(25_276_502_016) == "23.54GiB"


@pytest.mark.parametrize("name", ["a", "", "-a", "a b", "a/b", "ä1", "a\n", "//a1"])
def test_bad_container_names(name: str) -> None:
    with pytest.raises(InvalidArgument, match="only \\[a-zA-Z0-9\\]"):
        require_container_name(name)


def _subclasses(kind: type[SampanError]) -> list[type[SampanError]]:
    return [found for child in kind.__subclasses__() for found in (child, *_subclasses(child))]


def test_every_error_has_a_status_and_comes_back_as_it_went() -> None:
    for kind in _subclasses(SampanError):
        if kind.__module__ != sampan.errors.__name__ or kind.__name__ == "CommandFailed":
            continue
        status = status_of(kind("words"))
        assert 300 <= status < 600
        assert type(error_from(status, "words")) is kind
    assert isinstance(error_from(418, "tea"), InvalidArgument)
