"""Doing one thing to several arguments: each is tried, each failure told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from sampan.cli.outcome import described
from sampan.errors import SampanError, Unavailable


def for_each(
    names: Iterable[str], act: Callable[[str], object], *, echo: bool = True, failed: list[str] | None = None
) -> int:
    """Call ``act`` with every name and print those that succeeded; 1 if any failed.

    Those that failed are added to ``failed``. A daemon that does not answer ends it at once.
    """
    problems = [] if failed is None else failed
    for name in names:
        try:
            act(name)
        except SampanError as error:
            if isinstance(error, Unavailable) and error.kind != "daemon":
                raise
            sys.stdout.flush()
            sys.stderr.write(f"{described(error)}\n")
            problems.append(name)
        else:
            if echo:
                sys.stdout.write(f"{name}\n")
    return 1 if problems else 0
