"""Showing everything about one image."""

from __future__ import annotations

from sampan.engine.images.ports import SnapshotDirectories
from sampan.engine.images.show import inspection
from sampan.images.store import ImageStore
from sampan.models.image import ImageInspect


class InspectImage:
    """``GET /images/{name}/json``."""

    def __init__(self, *, images: ImageStore, snapshots: SnapshotDirectories) -> None:
        self._images = images
        self._snapshots = snapshots

    async def __call__(self, name: str) -> ImageInspect:
        """The image that ``name`` means. Raises NotFound, InvalidArgument."""
        image = self._images.resolve(name)
        directories = self._snapshots.directories(image.chain_id) if image.chain_id else {}
        return inspection(image, self._images.names_of(image.id), directories)
