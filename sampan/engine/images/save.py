"""Saving images to an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sampan.engine.images.announce import announce
from sampan.errors import InvalidArgument
from sampan.events.bus import EventBus
from sampan.linux.offload import offload
from sampan.transfer.save import SavedImage, Saver


class SaveImages:
    """``GET /images/get`` and ``GET /images/{name}/get``."""

    def __init__(self, *, saver: Saver, events: EventBus) -> None:
        self._saver = saver
        self._events = events

    async def __call__(self, names: Sequence[str]) -> AsyncIterator[bytes]:
        """Awaiting this finds the images; the iterator it gives is the archive.

        Raises NotFound or InvalidArgument before the first byte.
        """
        if not names:
            raise InvalidArgument("name at least one image to save", kind="image")
        saved = await offload(self._saver.find, names)
        return self._stream(saved)

    async def _stream(self, saved: Sequence[SavedImage]) -> AsyncIterator[bytes]:
        async for piece in self._saver.save(saved):
            yield piece
        for one in saved:
            announce(self._events, one.image, "save")
