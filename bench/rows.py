"""The rows of the table: what is measured, and the goal."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.engines import Engine, start_sampand
from bench.measure import Sample, in_batches, in_turn, memory_mb, processes_named, run, summary, timed


class Row(NamedTuple):
    """One line of the table; ``goal`` is an upper bound of ours divided by Docker's, or of our value."""

    name: str
    unit: str
    values: dict[str, Sample]
    goal: float | None = None
    goal_is_ratio: bool = True


def _name() -> str:
    return f"sbench-{secrets.token_hex(3)}"


def run_rm(engines: Sequence[Engine], rounds: int) -> Row:
    """A whole life through the stock CLI on the default bridge."""
    actions = {e.name: (lambda e=e: run(e.docker("run", "--rm", e.image, "true"))) for e in engines}
    return Row("`docker run --rm busybox true`", "ms", in_turn(actions, rounds), 0.25)


def exec_true(engines: Sequence[Engine], rounds: int) -> list[Row]:
    """An exec in a running container, sides in turn and each in a loop of its own."""
    names = {e.name: _name() for e in engines}
    try:
        for e in engines:
            run(e.docker("run", "-d", "--name", names[e.name], e.image, "sleep", "1000"))
        actions = {e.name: (lambda e=e: run(e.docker("exec", names[e.name], "true"))) for e in engines}
        return [
            Row("`docker exec` true, sides in turn", "ms", in_turn(actions, rounds), 0.4),
            Row("`docker exec` true, each side in a loop", "ms", in_batches(actions, rounds), 0.4),
        ]
    finally:
        for e in engines:
            run(e.docker("rm", "-f", names[e.name]))


def create_and_start(engines: Sequence[Engine], count: int) -> Row:
    """``count`` containers one after the other, left running; once a side."""
    values = {}
    for e in engines:
        made = [_name() for _ in range(count)]

        def work(e: Engine = e, made: list[str] = made) -> None:
            for name in made:
                run(e.docker("run", "-d", "--name", name, e.image, "sleep", "1000"))

        try:
            values[e.name] = summary([timed(work)])
        finally:
            run(e.docker("rm", "-f", *made))
    return Row(f"create and start {count} containers", "ms", values)


def list_stopped(engines: Sequence[Engine], count: int, rounds: int) -> Row:
    """``ps -a`` with ``count`` containers that do not run."""
    made = {e.name: [_name() for _ in range(count)] for e in engines}
    try:
        for e in engines:
            for name in made[e.name]:
                run(e.docker("create", "--name", name, e.image, "true"))
        actions = {e.name: (lambda e=e: run(e.docker("ps", "-a"))) for e in engines}
        return Row(f"`docker ps -a` of {count} stopped containers", "ms", in_turn(actions, rounds), 1.0)
    finally:
        for e in engines:
            run(e.docker("rm", "-f", *made[e.name]))


def daemon_memory(engines: Sequence[Engine], when: str) -> list[Row]:
    """Resident and proportional memory of the daemons."""
    rows = []
    for field, goal in (("Rss", 60.0), ("Pss", None)):
        values = {e.name: summary([memory_mb(e.daemons, field)]) for e in engines}
        rows.append(Row(f"daemon's memory {when} ({field.upper()})", "MB", values, goal, goal_is_ratio=False))
    return rows


def memory_per_container(engines: Sequence[Engine], count: int) -> Row:
    """What the host keeps beside each running container: monitors or shims, and the daemons' growth."""
    values = {}
    for e in engines:
        made = [_name() for _ in range(count)]
        helpers = processes_named("conmon", "containerd-shim", "containerd-shim-runc-v2"[:15])
        before = memory_mb(e.daemons)
        try:
            for name in made:
                run(e.docker("run", "-d", "--name", name, e.image, "sleep", "1000"))
            new = processes_named("conmon", "containerd-shim", "containerd-shim-runc-v2"[:15]) - helpers
            grown = max(0.0, memory_mb(e.daemons) - before) + memory_mb(sorted(new))
            values[e.name] = summary([grown / count])
        finally:
            run(e.docker("rm", "-f", *made))
    return Row("memory a running container, outside it (PSS)", "MB", values, 3.0, goal_is_ratio=False)


def start_up(rounds: int) -> Row:
    """From the start of ``sampand``'s process to its first answer, on an empty root."""
    times = []
    for _ in range(rounds):
        root = Path(tempfile.mkdtemp(prefix="sbench-"))
        prefix = f"sb{secrets.token_hex(2)}"
        try:
            began = time.perf_counter()
            process = start_sampand(root, prefix)
            times.append((time.perf_counter() - began) * 1000)
            process.terminate()
            process.wait()
        finally:
            words = [
                "--data-root",
                f"{root}/data",
                "--exec-root",
                f"{root}/run",
                "--prefix",
                prefix,
                "--teardown",
            ]
            subprocess.run(
                [sys.executable, "-m", "sampan.daemon.main", *words, "--log-level", "error"], check=True
            )
            shutil.rmtree(root)
    return Row(
        "`sampand` from its start to answering", "ms", {"Sampan": summary(times)}, 500.0, goal_is_ratio=False
    )
