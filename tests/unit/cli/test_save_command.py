"""``save -o``: whole archives only, and never in place of what is no file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from sampan.cli.commands.save import COMMAND
from sampan.cli.flags import parse
from sampan.client.api import Client, Query
from sampan.errors import Interrupted, InvalidArgument


class _Engine(Client):
    """Gives an archive in two pieces, or breaks off after the first."""

    def __init__(self, *, breaks: bool = False) -> None:
        super().__init__("unix:///nonexistent")
        self._breaks = breaks

    def stream(
        self, method: str, path: str, values: Query = (), upload: BinaryIO | None = None
    ) -> Iterator[bytes]:
        assert (method, path, list(values)) == ("GET", "/images/get", [("names", "img")])
        yield b"one"
        if self._breaks:
            raise Interrupted("the connection broke")
        yield b"two"


def _save(path: Path, *, breaks: bool = False) -> int:
    return COMMAND.run(_Engine(breaks=breaks), parse(["-o", str(path), "img"], COMMAND.flags))


def test_a_file_is_made_or_replaced_through_a_link_too(tmp_path: Path) -> None:
    target, link = tmp_path / "a.tar", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    assert _save(link) == 0
    assert target.read_bytes() == b"onetwo"
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "link"]


def test_half_an_archive_is_no_archive(tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    target.write_bytes(b"old")
    with pytest.raises(Interrupted):
        _save(target, breaks=True)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.tar"]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in (
        (pipe, "cannot write to a named pipe"),
        (tmp_path, "cannot write to a directory"),
        (Path(os.devnull), "cannot write to a character device file"),
        (tmp_path / "no" / "such", "no such file or directory"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            _save(path)
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]
