"""Times, sides taken in turn, and memory of processes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """What several rounds gave: the middle and the least, in the row's unit."""

    median: float
    least: float


def summary(values: Sequence[float]) -> Sample:
    """Median and minimum. Raises ValueError if there are no values."""
    if not values:
        raise ValueError("nothing was measured")
    return Sample(median(values), min(values))


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that ``action`` takes."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def in_turn(actions: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 2) -> dict[str, Sample]:
    """What each side's action gives, one round of each after the other, so that noise meets all alike."""
    given: dict[str, list[float]] = {name: [] for name in actions}
    for round_ in range(rounds + warm_up):
        for name, action in actions.items():
            value = action()
            if round_ >= warm_up:
                given[name].append(value)
    return {name: summary(values) for name, values in given.items()}


def in_batches(
    actions: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 2
) -> dict[str, Sample]:
    """The same, all rounds of one side before the next: what a loop of one user sees."""
    found = {}
    for name, action in actions.items():
        for _ in range(warm_up):
            action()
        found[name] = summary([action() for _ in range(rounds)])
    return found


def memory_mb(pids: Collection[int], field: str = "Pss") -> float:
    """Proportional (``Pss``) or resident (``Rss``) memory of processes, in megabytes of 2**20 bytes."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{field}:"):
                total += int(line.split()[1])
    return total / 1024


def processes(names: Collection[str], mentioning: Collection[str] = ()) -> set[int]:
    """Pids by program name, of those alone whose command line holds one of ``mentioning`` if it is given."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if not entry.name.isdigit():
                continue
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if command[0].decode(errors="replace").rpartition("/")[2] not in names:
                continue
            text = b" ".join(command).decode(errors="replace")
            if not mentioning or any(word in text for word in mentioning):
                found.add(int(entry.name))
    return found
