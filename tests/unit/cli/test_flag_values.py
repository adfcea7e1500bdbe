"""Values of flags: times, platforms, sizes; and how times are shown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from sampan.cli.creating.fields import fields_of
from sampan.cli.platforms import platform_json
from sampan.cli.sizes import parse_cpus, parse_size, parse_swap
from sampan.cli.times import go_time, go_time_of, moment, rfc3339
from sampan.errors import InvalidArgument

_NOW = 1_700_000_000.5


@pytest.fixture
def _two_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "EET-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_two_hours_east")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", "1699999400"),
        ("0s", "1700000000"),
        ("1h30m", "1699994600"),
        ("1700000000", "1700000000"),
        ("1700000000.25", "1700000000.25"),
        ("2023-11-14T22:13:20Z", "1700000000.000000000"),
        ("2023-11-14T22:13:20.5+00:00", "1700000000.500000000"),
        ("2023-11-15T00:13:20", "1700000000.000000000"),
        ("2023-11-15T00:13", "1699999980.000000000"),
        ("2023-11-15", "1699999200.000000000"),
    ],
)
def test_a_moment_is_told_in_unix_seconds(text: str, seconds: str) -> None:
    assert moment(text, now=_NOW) == seconds


@pytest.mark.parametrize("text", ["soon", "2023-13", "-", "2023-11-14T22:13:20 EST", "10 m"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="failed to parse value as time or duration"):
        moment(text, now=_NOW)


@pytest.mark.usefixtures("_two_hours_east")
def test_times_are_shown_as_go_shows_them() -> None:
    assert go_time(1_700_000_000) == "2023-11-15 00:13:20 +0200 EET"
    assert rfc3339(1_700_000_000) == "2023-11-15T00:13:20+02:00"
    assert rfc3339(1_700_000_000, nanos=5) == "2023-11-15T00:13:20.000000005+02:00"
    assert go_time_of("2026-11-24T12:19:04.900Z") == "2026-11-24 12:19:04.9 +0000 UTC"
    assert go_time_of("2026-11-24T12:19:04+02:00") == "2026-11-24 12:19:04 +0200 +0200"
    assert go_time_of("nonsense") == "nonsense"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("linux/amd64", {"os": "linux", "architecture": "amd64"}),
        ("linux/arm64/v8", {"os": "linux", "architecture": "arm64", "variant": "v8"}),
        ("Linux/x86_64", {"os": "linux", "architecture": "amd64"}),
        ("linux", {"os": "linux"}),
        ("aarch64", {"os": "linux", "architecture": "arm64"}),
    ],
)
def test_platforms_are_sent_as_json(text: str, values: dict[str, str]) -> None:
    assert json.loads(platform_json(text)) == values


@pytest.mark.parametrize("text", ["", "a/", "a b", "linux/a/b/c"])
def test_what_is_no_platform_is_told(text: str) -> None:
    with pytest.raises(InvalidArgument, match="invalid platform"):
        platform_json(text)


def test_sizes() -> None:
    assert [parse_size(text) for text in ("1", "1k", "1.5G", "2 mb", "3MiB")] == [
        1,
        1024,
        1610612736,
        2 << 20,
        3 << 20,
    ]
    assert (parse_swap("-1"), parse_swap("1m")) == (-1, 1 << 20)
    assert (parse_cpus("0.5"), parse_cpus("1/2")) == (500_000_000, 500_000_000)
    for text in ("", "-1", "1x", "1.k", " 1"):
        with pytest.raises(ValueError, match="invalid size"):
            parse_size(text)


def test_fields_hold_quoted_commas() -> None:
    assert fields_of('a=1,"b=2,3",c') == ["a=1", "b=2,3", "c"]
    assert fields_of("") == []
    with pytest.raises(ValueError, match="parse error"):
        fields_of('"open,')
