"""Inspection of several things: those found are printed, those missing are told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from sampan.cli.output import print_inspected
from sampan.errors import NotFound


def inspect_each(names: Sequence[str], look: Callable[[str], object], form: str, *, kind: str = "") -> int:
    """Print what ``look`` finds for every name; 1 if one is missing."""
    found: list[object] = []
    problems: list[str] = []
    for name in names:
        try:
            found.append(look(name))
        except NotFound as error:
            problems.append(
                f"Error response from daemon: {error.message}" if kind else f"Error: No such object: {name}"
            )
    if found or form in ("", "json"):
        print_inspected(found, form)
    sys.stdout.flush()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0
