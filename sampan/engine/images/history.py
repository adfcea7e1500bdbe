"""Showing how an image was made."""

from __future__ import annotations

import msgspec

from sampan.engine.images.show import history, tags
from sampan.errors import NotFound
from sampan.images.store import ImageStore
from sampan.models.image import HistoryItem


class ImageHistory:
    """``GET /images/{name}/history``."""

    def __init__(self, *, images: ImageStore) -> None:
        self._images = images

    async def __call__(self, name: str) -> list[HistoryItem]:
        """The steps, newest first: those made here carry their image's id and tags.

        Raises NotFound, InvalidArgument.
        """
        image = self._images.resolve(name)
        items = history(image)
        for position in range(len(items)):
            names = self._images.names_of(image.id)
            items[position] = msgspec.structs.replace(items[position], id=image.id, tags=tags(names) or None)
            if image.parent is None:
                break
            try:
                image = self._images.get(image.parent)
            except NotFound:
                # Removed meanwhile: the steps below are "<missing>", as of any foreign image.
                break
        return items
