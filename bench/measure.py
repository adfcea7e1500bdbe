"""Times of commands, sides taken in turn, and memory of processes."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """What several rounds gave: the middle and the least, in the row's unit."""

    median: float
    least: float


def summary(values: Sequence[float]) -> Sample:
    """Median and minimum."""
    return Sample(median(values), min(values))


def run(argv: Sequence[str]) -> None:
    """Run a command; its failure is an error with what it said."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")


def timed(action: Callable[[], None]) -> float:
    """Milliseconds that ``action`` takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def in_turn(actions: Mapping[str, Callable[[], None]], rounds: int, warm_up: int = 2) -> dict[str, Sample]:
    """Each side's times, one round of each after the other, so that noise meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for round_ in range(rounds + warm_up):
        for name, action in actions.items():
            took = timed(action)
            if round_ >= warm_up:
                times[name].append(took)
    return {name: summary(values) for name, values in times.items()}


def in_batches(actions: Mapping[str, Callable[[], None]], rounds: int, warm_up: int = 2) -> dict[str, Sample]:
    """Each side's times, all rounds of one before the next: what a loop of one user sees."""
    found = {}
    for name, action in actions.items():
        for _ in range(warm_up):
            action()
        found[name] = summary([timed(action) for _ in range(rounds)])
    return found


def memory_mb(pids: Sequence[int], field: str = "Pss") -> float:
    """Proportional (``Pss``) or resident (``Rss``) memory of processes, in megabytes of 2**20 bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(f"{field}:"):
                    total += int(line.split()[1])
    return total / 1024


def processes_named(*names: str) -> set[int]:
    """Pids by command name."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text().strip() in names:
                found.add(int(entry.name))
    return found
