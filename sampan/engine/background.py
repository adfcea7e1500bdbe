"""Work that outlives the request that began it, owned by the daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

from sampan.errors import SampanError
from sampan.log import get_logger

log = get_logger(__name__)


class Background:
    """Tasks with one owner: ``async with`` it for the daemon's life.

    A task that fails is logged here, once, and does not disturb the others. ``finish``
    waits for tasks that must not be cut (cleaning up); leaving the block cancels the rest
    (watching).
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._work: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in list(self._group._tasks):  # noqa: SLF001 - TaskGroup has no public cancel in 3.11
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    def watch(self, coroutine: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Run until done, or until the daemon stops."""
        return self._group.create_task(_logged(coroutine, name), name=name)

    def work(self, coroutine: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Run until done; ``finish`` waits for it."""
        task = self.watch(coroutine, name=name)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    async def finish(self, timeout_s: float) -> int:
        """Wait for the work under way, also for what it starts; the number left when time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._work:
                    await asyncio.wait(set(self._work))
        except TimeoutError:
            log.warning("work left unfinished", tasks=len(self._work))
        return len(self._work)


async def _logged(coroutine: Coroutine[object, object, None], name: str) -> None:
    try:
        await coroutine
    except SampanError as error:
        log.error("background work failed", work=name, error=error)
    except Exception:
        log.exception("background work failed unexpectedly", work=name)
