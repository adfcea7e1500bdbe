"""The event bus: order, history, slow readers."""

from __future__ import annotations

import itertools

import pytest
from msgspec import UNSET

from sampan.errors import Unavailable
from sampan.events.bus import EventBus
from sampan.models.event import Event


def _bus() -> EventBus:
    ticks = itertools.count(1_000_000_000, 1_000_000_000)
    return EventBus(clock=lambda: next(ticks))


async def _take(stream: object, count: int) -> list[Event]:
    return [await anext(stream) for _ in range(count)]  # type: ignore[call-overload]


async def test_a_subscriber_sees_what_follows_in_order() -> None:
    bus = _bus()
    bus.publish("container", "create", "1", {"image": "busybox"})
    async with bus.subscribe() as events:
        bus.publish("container", "start", "1", {"image": "busybox"})
        bus.publish("network", "connect", "2")
        first, second = await _take(events, 2)
    assert (first.action, first.status, first.from_, first.time) == ("start", "start", "busybox", 2)
    assert (second.type, second.status, second.id) == ("network", UNSET, UNSET)
    assert bus.listeners == 0


async def test_history_has_both_edges() -> None:
    bus = _bus()
    for number in range(5):
        bus.publish("image", "tag", str(number))
    seconds = [event.time for event in bus.history(2_000_000_000, 4_000_000_000)]
    assert seconds == [2, 3, 4]


async def test_history_is_bounded() -> None:
    bus = _bus()
    for number in range(300):
        bus.publish("image", "tag", str(number))
    assert next(event.actor.id for event in bus.history(0)) == "44"


async def test_a_reader_that_falls_behind_is_told() -> None:
    bus = _bus()
    async with bus.subscribe() as events:
        for number in range(1500):
            bus.publish("image", "tag", str(number))
        read = 0
        with pytest.raises(Unavailable, match="read faster"):
            async for _ in events:
                read += 1
    assert read == 1024


async def test_closing_the_bus_ends_every_stream() -> None:
    bus = _bus()
    async with bus.subscribe() as events:
        bus.publish("image", "tag", "1")
        bus.close()
        assert [event.actor.id async for event in events] == ["1"]
