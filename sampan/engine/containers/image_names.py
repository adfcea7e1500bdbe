"""How a container's image is named in listings."""

from __future__ import annotations

from sampan.errors import InvalidArgument, NotFound
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore


class ImageNames:
    """The image store as the container use cases see it."""

    def __init__(self, *, store: ImageStore) -> None:
        self._store = store

    def resolve(self, text: str) -> ImageRecord:
        """The image that a person means. Raises NotFound, InvalidArgument."""
        return self._store.resolve(text)

    def has(self, image_id: str) -> bool:
        """Whether that image is still here."""
        try:
            self._store.get(image_id)
        except NotFound:
            return False
        return True

    def shown_name(self, name: str, image_id: str) -> str:
        """``name`` if it still means that image, else the image's short id."""
        try:
            if self._store.resolve(name).id == image_id:
                return name
        except (NotFound, InvalidArgument):
            # The name went with its image, or begins several ids now.
            pass
        return image_id.removeprefix("sha256:")[:12]

    def descended_from(self, name: str) -> set[str]:
        """Ids of the image and of those whose layers begin with its. Raises NotFound, InvalidArgument."""
        ancestor = self._store.resolve(name)
        layers = ancestor.diff_ids
        return {
            str(image.id)
            for image in self._store.list()
            if image.id == ancestor.id or (layers and image.diff_ids[: len(layers)] == layers)
        }
