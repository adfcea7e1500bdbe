"""Loading images from an archive."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sampan.engine.images.announce import announce
from sampan.engine.images.collect import CollectGarbage
from sampan.events.bus import EventBus
from sampan.oci import digest as digests
from sampan.oci.index import parse_platform
from sampan.transfer.load import (
    ImageLoaded,
    LayerProgress,
    Loader,
    LoadEvent,
    NameMoved,
)
from sampan.wire.jsonmessage import JSONMessage, Progress


class LoadImages:
    """``POST /images/load``."""

    def __init__(self, *, loader: Loader, collect: CollectGarbage, events: EventBus) -> None:
        self._loader = loader
        self._collect = collect
        self._events = events

    async def __call__(
        self, stream: AsyncIterator[bytes], *, quiet: bool = False, platform: str = ""
    ) -> AsyncIterator[JSONMessage]:
        """Awaiting this checks ``platform``; the iterator it gives loads, and tells how it goes.

        ``quiet`` leaves out the progress of layers. Iteration raises InvalidArgument for a
        damaged, hostile or empty archive, and NotFound if it has nothing for ``platform``.
        """
        wanted = parse_platform(platform) if platform else None
        return self._run(self._loader.load(stream, platform=wanted), quiet=quiet)

    async def _run(self, events: AsyncIterator[LoadEvent], *, quiet: bool) -> AsyncIterator[JSONMessage]:
        try:
            async for event in events:
                match event:
                    case LayerProgress():
                        if not quiet:
                            yield _layer_message(event)
                    case NameMoved():
                        yield JSONMessage(
                            stream=f"The image {event.name.familiar()} already exists, renaming the old one "
                            f"with ID {event.previous} to empty string\n"
                        )
                    case ImageLoaded():
                        announce(self._events, event.image, "load")
                        for text in _loaded(event):
                            yield JSONMessage(stream=text)
        finally:
            # Whatever came with the archive and no image needs, or came with a broken one.
            await self._collect()


def _layer_message(event: LayerProgress) -> JSONMessage:
    return JSONMessage(
        status="Loading layer",
        id=digests.short(event.diff_id),
        progress_detail=Progress(current=event.current_bytes, total=event.total_bytes),
    )


def _loaded(event: ImageLoaded) -> list[str]:
    if not event.names:
        return [f"Loaded image ID: {event.image.id}\n"]
    return [f"Loaded image: {name.familiar()}\n" for name in event.names]
