"""Doing one thing to several arguments: each is tried, each failure told."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from sampan.cli.outcome import described
from sampan.errors import SampanError, Unavailable

# How many are worked on at once; stopping takes seconds each.
_AT_ONCE = 50


def for_each(
    names: Sequence[str],
    act: Callable[[str], object],
    *,
    echo: bool = True,
    together: bool = False,
    failed: list[str] | None = None,
) -> int:
    """Call ``act`` with every name and print those that succeeded, in order; 1 if any failed.

    With ``together`` they are worked on at the same time. Those that failed are added to
    ``failed``. A daemon that does not answer ends it at once.
    """
    problems = [] if failed is None else failed
    outcomes = _together(names, act) if together and len(names) > 1 else (_one(name, act) for name in names)
    for name, error in zip(names, outcomes, strict=True):
        if error is None:
            if echo:
                sys.stdout.write(f"{name}\n")
            continue
        if isinstance(error, Unavailable) and error.kind != "daemon":
            raise error
        sys.stdout.flush()
        sys.stderr.write(f"{described(error)}\n")
        problems.append(name)
    return 1 if problems else 0


def _one(name: str, act: Callable[[str], object]) -> SampanError | None:
    try:
        act(name)
    except SampanError as error:
        return error
    return None


def _together(names: Sequence[str], act: Callable[[str], object]) -> list[SampanError | None]:
    outcomes: list[SampanError | None] = [None] * len(names)
    room = threading.Semaphore(_AT_ONCE)

    def work(position: int) -> None:
        with room:
            outcomes[position] = _one(names[position], act)

    # Daemonic, so that an interrupted client does not wait for what it has asked for.
    threads = [threading.Thread(target=work, args=(position,), daemon=True) for position in range(len(names))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
