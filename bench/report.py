"""The results: as a table, as a page of the documentation, as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row

_SIDES = ("Sampan", "Docker", "Podman")
HEADER = ("what", *_SIDES, "of Docker", "of Podman", "goal", "reached")


def ratio(row: Row, other: str) -> float | None:
    """Ours divided by another's, of medians; None where one is missing."""
    ours, theirs = row.values.get("Sampan"), row.values.get(other)
    return ours.median / theirs.median if ours and theirs and theirs.median else None


def reached(row: Row) -> bool | None:
    """Whether every goal that can be judged is reached; None if there is none."""
    verdicts = []
    if row.limit is not None and "Sampan" in row.values:
        verdicts.append(row.values["Sampan"].median <= row.limit)
    for other, goal in row.goals.items():
        value = ratio(row, other)
        if value is not None:
            verdicts.append(value <= goal)
    return all(verdicts) if verdicts else None


def _goal(row: Row) -> str:
    texts = [f"{goal:g} of {other}" for other, goal in row.goals.items()]
    if row.limit is not None:
        texts.append(f"{row.limit:g} {row.unit}")
    return ", ".join(texts)


def cells(row: Row) -> list[str]:
    """A row as texts; a value is the median, and the least of several rounds in brackets."""
    shown = []
    for side in _SIDES:
        sample = row.values.get(side)
        if sample is None:
            shown.append("")
        elif sample.least == sample.median:
            shown.append(f"{sample.median:.1f}")
        else:
            shown.append(f"{sample.median:.1f} ({sample.least:.1f})")
    ratios = [ratio(row, other) for other in _SIDES[1:]]
    verdict = {True: "yes", False: "no", None: ""}[reached(row)]
    return [
        f"{row.name}, {row.unit}",
        *shown,
        *("" if value is None else f"{value:.2f}" for value in ratios),
        _goal(row),
        verdict,
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table whose columns stand one below the other."""
    lines = [list(HEADER), *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    lines.insert(1, ["-" * width for width in widths])
    return "".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |\n"
        for line in lines
    )


def machine() -> dict[str, str | int]:
    """What the figures depend on."""
    version = 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1
    release = os.uname().release.partition("-")[0]
    return {"cores": os.cpu_count() or 0, "kernel": release, "cgroup": version}


def document(rows: Sequence[Row], rounds: int, load: float) -> dict[str, object]:
    """The results for programs; ``load`` is the machine's load average before the run."""
    return {
        "machine": {**machine(), "load_before": round(load, 1)},
        "rounds": rounds,
        "rows": [
            {
                "name": row.name,
                "unit": row.unit,
                "values": {side: sample._asdict() for side, sample in row.values.items()},
                "ratios": {side: ratio(row, side) for side in _SIDES[1:] if side in row.values},
                "goals": dict(row.goals),
                "limit": row.limit,
                "reached": reached(row),
            }
            for row in rows
        ],
    }


def page(rows: Sequence[Row], rounds: int, load: float) -> str:
    """docs/performance.md; ``load`` is the machine's load average before the run."""
    facts = machine()
    return _PAGE.format(
        machine=f"{facts['cores']} cores, Linux {facts['kernel']}, cgroup v{facts['cgroup']}",
        load=f"{load:.1f}",
        rounds=rounds,
        table=table(rows),
    )


_PAGE = """# Performance

Written by `./dev bench --write-docs`; do not edit by hand.

Machine: {machine}; load average before the run {load} (on a machine with other work, ratios tell
more than times, and the least of a row more than its median). Docker 26 and Podman 5 of Debian 13 run on the
same machine in the same run. A value is the median of {rounds} rounds (fewer where a round is long), with the
least in brackets; a row with one value was measured once. The sides take turns unless the row says otherwise.
A ratio, of medians, below 1 means that Sampan takes less.

{table}
## How it is measured

- Sampan and Docker are driven by the same docker CLI, so that its own time (about 10 ms) is in both. Podman
  is its own CLI. All three run a static busybox on their default bridge.
- The daemon's memory is `sampand` on one side, `dockerd` and `containerd` on the other. *Idle* is before the
  first container of this run, *afterwards* after all rows above. Docker's daemon may have been used before.
- Memory outside a container is the proportional share of its conmon, or of containerd's shim. What the daemons
  grow by is in the row *afterwards*.

## Reading the exec rows

Moving a process into a cgroup makes the kernel wait for an RCU grace period (10 to 20 ms) unless another move
has just happened. A loop of execs pays it seldom, execs with pauses between them pay it each time, with every
engine.
"""
