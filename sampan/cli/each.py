"""Doing one thing to several arguments: each is tried, each failure told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from sampan.errors import SampanError, Unavailable


def for_each(names: Iterable[str], act: Callable[[str], object], *, echo: bool = True) -> int:
    """Call ``act`` with every name and print those that succeeded; 1 if any failed.

    A daemon that does not answer ends it at once.
    """
    failed = 0
    for name in names:
        try:
            act(name)
        except Unavailable:
            raise
        except SampanError as error:
            sys.stdout.flush()
            sys.stderr.write(f"Error response from daemon: {error.message}\n")
            failed = 1
        else:
            if echo:
                sys.stdout.write(f"{name}\n")
    return failed
