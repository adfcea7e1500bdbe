"""How many bytes a container takes."""

from __future__ import annotations

from sampan.errors import NotFound
from sampan.images.store import ImageStore
from sampan.snapshots.snapshotter import OverlaySnapshotter


class MeasureContainer:
    """Bytes of a container's own changes, and of its whole root; blocking."""

    def __init__(self, *, snapshots: OverlaySnapshotter, images: ImageStore) -> None:
        self._snapshots = snapshots
        self._images = images

    def __call__(self, container_id: str, image_id: str) -> tuple[int, int]:
        """(own, whole). A snapshot or image that is being removed counts as empty."""
        try:
            own = self._snapshots.usage(container_id).size_bytes
        except NotFound:
            own = 0
        try:
            image = self._images.get(image_id).size_bytes
        except NotFound:
            image = 0
        return own, own + image
