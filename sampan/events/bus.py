"""Publishing events, following them, and the recent past.

Every event goes to the subscribers of the moment and into a ring of the last ones, which
answers ``since``. A subscriber that does not keep up is cut off with an error rather than
filling the daemon's memory.
"""

from __future__ import annotations

import asyncio
import collections
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from msgspec import UNSET

from sampan.errors import Unavailable
from sampan.models.event import Event, EventActor

_HISTORY = 256
_BACKLOG = 1024

NANOS = 1_000_000_000


class Subscription:
    """Events since the subscription began, in order: ``async with`` it, ``async for`` over it.

    Iteration raises Unavailable when more than 1,024 events are waiting.
    """

    def __init__(self, leave: Callable[[Subscription], None]) -> None:
        self._leave = leave
        self._waiting: collections.deque[Event] = collections.deque()
        self._wake = asyncio.Event()
        self._overrun = False
        self._closed = False

    def deliver(self, event: Event) -> None:
        """Hand an event over; never blocks."""
        if len(self._waiting) >= _BACKLOG:
            self._overrun = True
        else:
            self._waiting.append(event)
        self._wake.set()

    def close(self) -> None:
        """End the iteration after the events already delivered; idempotent."""
        self._closed = True
        self._leave(self)
        self._wake.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            if self._waiting:
                return self._waiting.popleft()
            if self._overrun:
                raise Unavailable(f"more than {_BACKLOG} events were waiting: read faster", kind="events")
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventBus:
    """The daemon's one source of events; call it from the event loop's thread."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._recent: collections.deque[Event] = collections.deque(maxlen=_HISTORY)
        self._subscriptions: set[Subscription] = set()

    def publish(
        self, kind: str, action: str, actor_id: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        """Tell everyone that ``action`` happened to the ``kind`` with that id.

        Publish after the transaction that made it true, never before.
        """
        now = self._clock()
        values = dict(attributes or {})
        legacy = kind in ("container", "image")
        event = Event(
            status=action if legacy else UNSET,
            id=actor_id if legacy else UNSET,
            from_=values["image"] if kind == "container" and "image" in values else UNSET,
            type=kind,
            action=action,
            actor=EventActor(id=actor_id, attributes=values),
            time=now // NANOS,
            time_nano=now,
        )
        self._recent.append(event)
        for subscription in tuple(self._subscriptions):
            subscription.deliver(event)

    def subscribe(self) -> Subscription:
        """Follow events from now on; close the subscription, or use ``async with``."""
        subscription = Subscription(self._subscriptions.discard)
        self._subscriptions.add(subscription)
        return subscription

    def history(self, since_ns: int, until_ns: int | None = None) -> list[Event]:
        """The events of the recent past (at most 256) between two times, oldest first."""
        return [
            event
            for event in self._recent
            if event.time_nano >= since_ns and (until_ns is None or event.time_nano <= until_ns)
        ]

    @property
    def listeners(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    def close(self) -> None:
        """End every subscription, when the daemon stops."""
        for subscription in tuple(self._subscriptions):
            subscription.close()
