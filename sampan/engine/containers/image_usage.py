"""Which containers use an image, for whoever wants to remove it."""

from __future__ import annotations

from sampan.containers.store import ContainerStore
from sampan.engine.images.ports import ContainerUse


class ContainersOfImage:
    """Answers from the container records."""

    def __init__(self, *, store: ContainerStore) -> None:
        self._store = store

    def containers_of(self, image_id: str) -> list[ContainerUse]:
        """The containers made from that image."""
        return [
            ContainerUse(id=record.id, name=record.name, running=record.phase.has_task)
            for record in self._store
            if record.image_id == image_id
        ]
