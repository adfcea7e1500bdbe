"""Reading apt's source lists, and choosing mirrors for a base system."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sampan.errors import InvalidArgument
from sampan.transfer.apt_sources import (
    AptSource,
    choose_sources,
    parse_deb822,
    parse_one_line,
    read_apt_sources,
)
from sampan.transfer.bootstrap_busybox import is_static
from sampan.transfer.bootstrap_debian import plan_debian

DEBIAN = """\
# the mirror of this network
Types: deb deb-src
URIs: http://mirror.example/debian http://second.example/debian/
Suites: bookworm bookworm-updates
 bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
"""
ONE_LINE = """\
deb http://archive.example/ubuntu jammy main universe # comment
# deb http://archive.example/ubuntu jammy-proposed main
deb-src http://archive.example/ubuntu jammy main
deb [arch=amd64 signed-by=/etc/key.gpg trusted=yes] http://archive.example/ubuntu jammy-security main
deb http://flat.example/ ./
"""


def test_deb822_is_read() -> None:
    found = parse_deb822(DEBIAN)
    assert [(one.uri, one.suite) for one in found] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://mirror.example/debian", "bookworm-backports"),
        ("http://second.example/debian/", "bookworm"),
        ("http://second.example/debian/", "bookworm-updates"),
        ("http://second.example/debian/", "bookworm-backports"),
        ("http://mirror.example/debian-security", "bookworm-security"),
    ]
    assert found[0].components == ("main", "contrib")
    assert found[0].line() == (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        " http://mirror.example/debian bookworm main contrib"
    )
    assert found[-1].line() == "deb http://mirror.example/debian-security bookworm-security main"


def test_one_line_lists_are_read() -> None:
    assert [one.line() for one in parse_one_line(ONE_LINE)] == [
        "deb http://archive.example/ubuntu jammy main universe",
        "deb [signed-by=/etc/key.gpg trusted=yes] http://archive.example/ubuntu jammy-security main",
        "deb http://flat.example/ ./",
    ]


def test_files_are_read_by_their_kind(tmp_path: Path) -> None:
    lists = tmp_path / "sources.list.d"
    lists.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a/debian one main\n")
    (lists / "b.list").write_text("deb http://b/debian two main\n")
    (lists / "c.sources").write_text("Types: deb\nURIs: http://c/debian\nSuites: three\nComponents: main\n")
    (lists / "d.list.disabled").write_text("deb http://d/debian four main\n")
    assert [one.suite for one in read_apt_sources(tmp_path)] == ["one", "two", "three"]
    assert read_apt_sources(tmp_path / "missing") == []


def chosen(distribution: str, suite: str, text: str = DEBIAN) -> tuple[str, list[str]]:
    wanted, sources = choose_sources(
        [*parse_deb822(text), *parse_one_line(ONE_LINE)],
        distribution=distribution,
        host="debian",
        codename="bookworm",
        suite=suite,
    )
    return wanted, [f"{one.uri} {one.suite}" for one in sources]


def test_the_hosts_release_is_the_default() -> None:
    wanted, sources = chosen("debian", "")
    assert wanted == "bookworm"
    assert sources[0] == "http://mirror.example/debian bookworm"
    assert "http://mirror.example/debian bookworm-updates" in sources
    assert "http://mirror.example/debian-security bookworm-security" in sources
    assert not any("backports" in source for source in sources)


def test_another_suite_has_its_own_updates() -> None:
    wanted, sources = chosen("debian", "trixie")
    assert wanted == "trixie"
    assert "http://mirror.example/debian-security trixie-security" in sources
    assert not any("bookworm" in source for source in sources)


def test_another_distribution_comes_from_its_mirror() -> None:
    wanted, sources = chosen("ubuntu", "")
    assert wanted == "jammy"
    assert sources == ["http://archive.example/ubuntu jammy", "http://archive.example/ubuntu jammy-security"]


def test_without_a_mirror_there_is_nothing() -> None:
    found = choose_sources([], distribution="ubuntu", host="debian", codename="bookworm", suite="noble")
    assert found == ("noble", [])


def test_an_odd_path_counts_for_the_hosts_own_distribution() -> None:
    odd = AptSource(uri="http://cache.example/pkgs", suite="bookworm", components=("main",))
    wanted, sources = choose_sources(
        [odd], distribution="debian", host="debian", codename="bookworm", suite="sid"
    )
    assert (wanted, [one.line() for one in sources]) == ("sid", ["deb http://cache.example/pkgs sid main"])


@pytest.mark.parametrize("suite", ["-x", "--help", "a b", "a;b", "../x", "a/b", "A", "x\n"])
async def test_a_malformed_suite_is_refused(suite: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument):
        await plan_debian("debian", suite, apt=tmp_path)


def elf(*kinds: int) -> bytes:
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, len(kinds), 0, 0, 0)
    )
    return header + b"".join(struct.pack("<I", kind) + bytes(52) for kind in kinds)


def test_a_static_program_is_told_by_its_headers() -> None:
    assert is_static(elf(1, 1, 4))
    assert not is_static(elf(1, 3, 1))
    assert not is_static(b"#!/bin/sh\n" + bytes(100))
    assert not is_static(elf(1, 1)[:-1])
    assert not is_static(b"")
