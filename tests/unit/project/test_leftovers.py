"""The check at the end of a run finds what tests leave, and only what this run made."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leftovers import Watch, mounts_below


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    made = Watch(tmp_path)
    yield made
    made.end()


def test_a_clean_run(watch: Watch) -> None:
    with tempfile.TemporaryDirectory():
        pass
    assert watch.found() == []


def test_a_directory_is_found(watch: Watch) -> None:
    made = tempfile.mkdtemp()
    try:
        assert watch.found() == [f"directory {made}"]
    finally:
        os.rmdir(made)
    assert watch.found() == []


def _waiting(argument: str) -> subprocess.Popen[bytes]:
    """A process with ``argument`` in its command line, that ends when its input does."""
    program = [sys.executable, "-c", "print(flush=True); input()", argument]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_process_is_found_by_the_directory_it_names(watch: Watch, tmp_path: Path) -> None:
    with _waiting(f"{tmp_path}/data") as ours, _waiting("/elsewhere") as other:
        left = watch.found()
        for process in (ours, other):
            process.communicate(b"\n")
    assert [line.partition(":")[0] for line in left] == [f"process {ours.pid}"]
    assert watch.found() == []


def test_tempfile_is_given_back(tmp_path: Path) -> None:
    before = tempfile.mkdtemp
    watch = Watch(tmp_path)
    assert tempfile.mkdtemp is not before
    watch.end()
    assert tempfile.mkdtemp == before


def test_mounts_are_those_in_the_directories() -> None:
    text = (
        "22 1 0:21 / /proc rw - proc proc rw\n"
        "60 22 0:50 / /tmp/stst-a/run/rootfs rw - overlay overlay rw\n"
        "61 22 0:51 / /tmp/stst-ab rw - tmpfs tmpfs rw\n"
        "62 22 0:52 / /tmp/stst-c rw - tmpfs tmpfs rw\n"
    )
    assert mounts_below(text, ["/tmp/stst-a", "/tmp/stst-c"]) == ["/tmp/stst-a/run/rootfs", "/tmp/stst-c"]
