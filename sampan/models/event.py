"""Events, as ``GET /events`` streams them."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from sampan.models.base import Model


class EventActor(Model, frozen=True, kw_only=True):
    """The thing an event is about."""

    id: str = field(name="ID")
    attributes: dict[str, str] = {}


class Event(Model, frozen=True, kw_only=True):
    """One event; ``time`` in seconds, ``time_nano`` in nanoseconds since 1970.

    ``status``, ``id`` and ``from_`` repeat the action, id and image for old clients, and
    are present for container and image events only.
    """

    status: str | UnsetType = field(default=UNSET, name="status")
    id: str | UnsetType = field(default=UNSET, name="id")
    from_: str | UnsetType = field(default=UNSET, name="from")
    type: str
    action: str
    actor: EventActor
    scope: str = field(default="local", name="scope")
    time: int = field(name="time")
    time_nano: int = field(name="timeNano")
