"""Image events, with the attributes that Docker gives them."""

from __future__ import annotations

from sampan.events.bus import EventBus
from sampan.images.record import ImageRecord


def announce(events: EventBus, image: ImageRecord, action: str, name: str = "") -> None:
    """Publish ``action`` of an image with its labels and ``name``, by default its id."""
    values = {**image.labels, "name": name or image.id}
    events.publish("image", action, image.id, dict(sorted(values.items())))
