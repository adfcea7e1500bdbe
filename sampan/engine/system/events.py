"""Following events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from sampan.events.bus import EventBus
from sampan.models.event import Event
from sampan.wire.filters import Filters

_NANOS = 1_000_000_000
_FILTERS = frozenset(
    {
        "config",
        "container",
        "daemon",
        "event",
        "image",
        "label",
        "network",
        "node",
        "plugin",
        "scope",
        "secret",
        "service",
        "type",
        "volume",
    }
)


class SubscribeEvents:
    """``GET /events``."""

    def __init__(self, *, events: EventBus, clock: Callable[[], int] = time.time_ns) -> None:
        self._events = events
        self._clock = clock

    async def __call__(
        self, *, since_ns: int = 0, until_ns: int = 0, filters: Filters
    ) -> AsyncIterator[Event]:
        """Past events since ``since_ns`` (0: none), then new ones until ``until_ns`` (0: for ever).

        The subscription is in place when this returns, so that nothing is missed between the
        answer's head and its first event. Raises InvalidArgument for an unknown filter.
        """
        filters.require(_FILTERS)
        subscription = self._events.subscribe()
        past = self._events.history(since_ns, until_ns or None) if since_ns else []

        async def stream() -> AsyncIterator[Event]:
            async with subscription:
                for event in past:
                    if matches(event, filters):
                        yield event
                try:
                    async with asyncio.timeout(self._left_s(until_ns)):
                        async for event in subscription:
                            if matches(event, filters):
                                yield event
                except TimeoutError:
                    return

        return stream()

    def _left_s(self, until_ns: int) -> float | None:
        return None if not until_ns else max(0.0, (until_ns - self._clock()) / _NANOS)


def matches(event: Event, filters: Filters) -> bool:
    """Whether an event passes every filter; values of one filter are alternatives."""
    attributes = event.actor.attributes
    kinds = filters.get("type")
    if kinds and event.type not in kinds:
        return False
    actions = filters.get("event")
    # ``exec_create: sh`` is an event of the kind ``exec_create``.
    if actions and event.action not in actions and event.action.partition(":")[0] not in actions:
        return False
    scopes = filters.get("scope")
    if scopes and event.scope not in scopes:
        return False
    if filters.get("label") and not filters.match_labels(attributes):
        return False
    return all(
        _is_subject(event, noun, filters.get(noun))
        for noun in ("container", "image", "network", "volume", "daemon")
        if filters.get(noun)
    )


def _is_subject(event: Event, noun: str, values: frozenset[str]) -> bool:
    attributes = event.actor.attributes
    if noun == "image":
        named = {attributes.get("image", ""), attributes.get("name", "") if event.type == "image" else ""}
        named |= {name.partition(":")[0] for name in named}
        return event.type in ("image", "container") and bool(
            values & named or (event.type == "image" and event.actor.id in values)
        )
    if event.type != noun:
        return noun == "container" and any(
            attributes.get("container", "\0").startswith(value) for value in values if value
        )
    return any(
        value and (event.actor.id.startswith(value) or attributes.get("name") == value) for value in values
    )
