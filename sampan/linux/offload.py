"""Blocking calls, off the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

# One pool for the whole daemon. Its threads mostly wait for the kernel, so there are more of
# them than cores; each costs about 30 kB once started, and they start on demand.
_WORKERS = 16
_pool = concurrent.futures.ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="offload")


async def offload(fn: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run ``fn`` on a worker thread and return its result.

    Context variables (log fields) go with it. A call that has begun cannot be stopped:
    when the awaiting task is cancelled, ``fn`` runs to its end and its result is dropped,
    so ``fn`` must leave things in a state that recovery understands.
    """
    call = functools.partial(contextvars.copy_context().run, fn, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)
