"""The C library's memory: how much of it a long-lived process keeps."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Let threads share two heaps (mallopt(3)): by default each worker thread grows one of its own.

    Does nothing on a C library that is not glibc, which has no such heaps.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
