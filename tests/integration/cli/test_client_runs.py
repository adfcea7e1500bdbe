"""``sampan run`` and its relatives against our engine: streams, exit codes, signals."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest


def test_streams_and_exit_codes_are_the_container_s(sampan: Any) -> None:
    with sampan.start("run", "--rm", sampan.image, "sh", "-c", "echo out; echo err >&2; exit 7") as running:
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (7, b"out\n", b"err\n")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["nosuchcommand"], 127, "not found"),
        (["/etc"], 126, ""),
        (["sh", "-c", "kill -9 -1; exit 3"], 3, ""),
        (["sh", "-c", "exec sh -c 'exit 42'"], 42, ""),
    ],
)
def test_exit_codes_of_run(sampan: Any, command: list[str], code: int, words: str) -> None:
    assert words in sampan("run", "--rm", sampan.image, *command, code=code)
    assert sampan("ps", "-aq") == ""


def test_a_missing_image_is_told(sampan: Any) -> None:
    shown = sampan("run", "stst-nosuch:1", "true", code=125)
    assert shown.startswith(
        "Unable to find image 'stst-nosuch:1' locally\nsampan: Error response from daemon: "
    )
    assert sampan("create", "stst-nosuch:1", code=1).startswith("Unable to find image")


def test_input_goes_through_whole(sampan: Any) -> None:
    data = os.urandom(2_000_000)
    with sampan.start("run", "--rm", "-i", sampan.image, "cat") as running:
        out, err = running.communicate(data, timeout=60)
    assert (running.returncode, out == data, err) == (0, True, b"")


def test_a_detached_container_lives_on(sampan: Any, tmp_path: Path) -> None:
    name, cidfile = sampan.name(), tmp_path / "cid"
    container = sampan(
        "run", "-d", "--name", name, "--cidfile", str(cidfile), sampan.image, "sleep", "100"
    ).strip()
    assert cidfile.read_text() == container
    assert sampan("ps", "-q", "--no-trunc").strip() == container
    assert sampan("exec", name, "sh", "-c", "echo here; exit 5", code=5) == "here\n"
    assert "sleep 100" in sampan("top", name)
    assert sampan("inspect", "-f", "{{.State.Status}} {{.State.Health}}", name) == "running <nil>\n"
    assert sampan("stop", "-t", "0", name) == f"{name}\n"
    assert sampan("wait", name) == "137\n"
    assert (
        sampan("rm", name, "nosuch", code=1)
        == f"{name}\nError response from daemon: No such container: nosuch\n"
    )


def test_signals_go_to_the_container(sampan: Any) -> None:
    script = 'trap "echo got; exit 3" USR1; echo ready; while :; do sleep 0.05; done'
    with sampan.start("run", "--rm", sampan.image, "sh", "-c", script) as running:
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGUSR1)
        out, _ = running.communicate(timeout=30)
    assert (running.returncode, out) == (3, b"got\n")


def test_start_attached_gives_output_and_exit_code(sampan: Any) -> None:
    name = sampan.name()
    sampan("create", "-i", "--name", name, sampan.image, "sh", "-c", "read x; echo $x; exit 4")
    assert sampan("start", "-ai", name, stdin=b"word\n", code=4) == "word\n"
    assert sampan("logs", name) == "word\n"


def test_several_are_stopped_at_once(sampan: Any) -> None:
    names = [sampan.name() for _ in range(3)]
    for name in names:
        sampan("run", "-d", "--name", name, sampan.image, "sleep", "100")
    assert sampan("stop", "-t", "0", *names).split() == names


def test_images_travel(sampan: Any, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    sampan("tag", sampan.image, "stst-copy:2")
    sampan("save", "-o", str(archive), "stst-copy:2")
    assert "Untagged: stst-copy:2" in sampan("rmi", "stst-copy:2")
    assert sampan("load", "-i", str(archive)) == "Loaded image: stst-copy:2\n"
    assert sampan("load", "-q", "--platform", "linux", "-i", str(archive)) == "Loaded image: stst-copy:2\n"
    assert "no image for the requested platform" in sampan(
        "load", "--platform", "linux/sparc", "-i", str(archive), code=1
    )
    (shown,) = json.loads(sampan("image", "inspect", "stst-copy:2"))
    assert shown["RepoTags"].count("stst-copy:2") == 1
    sampan("rmi", "stst-copy:2")


def test_events_are_replayed(sampan: Any) -> None:
    name = sampan.name()
    sampan("run", "--rm", "--name", name, sampan.image, "true")
    form = "{{.Action}}"
    seen = sampan(
        "events",
        "--since",
        "1m",
        "--until",
        f"{time.time():.9f}",
        "-f",
        f"container={name}",
        "--format",
        form,
    )
    assert [word for word in seen.split() if word in ("create", "start", "die", "destroy")] == [
        "create", "start", "die", "destroy",
    ]  # fmt: skip


def test_a_container_that_is_gone_stops_logs(sampan: Any) -> None:
    name = sampan.name()
    sampan("run", "-d", "--name", name, sampan.image, "sh", "-c", "echo one; sleep 100")
    with sampan.start("logs", "-f", name) as following:
        assert following.stdout.readline() == b"one\n"
        sampan("rm", "-f", name)
        out, err = following.communicate(timeout=30)
    assert (following.returncode, out, err) == (0, b"", b"")


def test_a_reader_that_leaves_is_no_traceback(sampan: Any) -> None:
    with sampan.start("run", "--rm", sampan.image, "sh", "-c", "seq 1 200000") as running:
        running.stdout.readline()
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()
    assert running.returncode == 1
