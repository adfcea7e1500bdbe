"""The table, as text and as a page of the documentation."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row

_SIDES = ("Sampan", "Docker", "Podman")


def ratio(row: Row, other: str) -> float | None:
    """Ours divided by another's, of medians; None where one is missing."""
    ours, theirs = row.values.get("Sampan"), row.values.get(other)
    return ours.median / theirs.median if ours and theirs and theirs.median else None


def reached(row: Row) -> bool | None:
    """Whether the goal is reached; None without goal or figure."""
    if row.goal is None:
        return None
    value = ratio(row, "Docker") if row.goal_is_ratio else row.values["Sampan"].median
    return None if value is None else value <= row.goal


def cells(row: Row) -> list[str]:
    """A row as texts."""
    shown = [f"{row.values[side].median:.1f}" if side in row.values else "" for side in _SIDES]
    ratios = [ratio(row, other) for other in _SIDES[1:]]
    goal = "" if row.goal is None else f"{row.goal:g}" + ("" if row.goal_is_ratio else f" {row.unit}")
    verdict = {True: "yes", False: "no", None: ""}[reached(row)]
    return [
        f"{row.name} ({row.unit})",
        *shown,
        *("" if value is None else f"{value:.2f}" for value in ratios),
        goal,
        verdict,
    ]


HEADER = ("what", *_SIDES, "to Docker", "to Podman", "goal", "reached")


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [list(HEADER), ["---"] * len(HEADER), *(cells(row) for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def page(rows: Sequence[Row], rounds: int) -> str:
    """docs/performance.md."""
    cgroup = "2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "1"
    machine = f"{os.cpu_count()} cores, Linux {os.uname().release}, cgroup v{cgroup}"
    return (
        "# Performance\n\n"
        "Written by `./dev bench --write-docs`; do not edit by hand.\n\n"
        f"Machine: {machine}. {rounds} rounds, medians, the sides in turn unless the row says otherwise. "
        "Docker 26 and Podman 5 of Debian 13 run on the same machine in the same run; Docker and Sampan are "
        "driven by the same docker CLI, so that its own time (about 10 ms) is in both. A ratio below 1 means "
        "that Sampan takes less.\n\n"
        f"{table(rows)}\n"
        "## Reading the exec rows\n\n"
        "Moving a process into a cgroup makes the kernel wait for an RCU grace period (10 to 20 ms) unless "
        "another move has just happened. A loop of execs pays it seldom, execs with pauses between them pay it "
        "each time, with every engine.\n"
    )
