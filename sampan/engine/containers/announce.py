"""Container events, with the attributes that Docker gives them."""

from __future__ import annotations

from sampan.containers.record import ContainerRecord
from sampan.events.bus import EventBus


def announce(events: EventBus, record: ContainerRecord, action: str, **attributes: str) -> None:
    """Publish ``action`` of a container with its labels, image and name, and ``attributes``."""
    values = {**(record.config.labels or {}), **attributes, "image": record.config.image, "name": record.name}
    events.publish("container", action, record.id, dict(sorted(values.items())))
