"""Importing a flat archive of a root filesystem."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sampan.engine.images.announce import announce
from sampan.engine.images.collect import CollectGarbage
from sampan.engine.images.tag import new_name
from sampan.errors import InvalidArgument
from sampan.events.bus import EventBus
from sampan.images.record import ImageRecord
from sampan.oci.descriptor import Platform
from sampan.oci.image_config import ExecutionConfig
from sampan.oci.index import parse_platform
from sampan.oci.reference import Reference
from sampan.transfer.changes import apply_changes
from sampan.transfer.import_ import Importer
from sampan.wire.jsonmessage import JSONMessage


class ImportImage:
    """``POST /images/create?fromSrc=-``."""

    def __init__(
        self, *, importer: Importer, collect: CollectGarbage, events: EventBus, host: Platform
    ) -> None:
        self._importer = importer
        self._collect = collect
        self._events = events
        self._host = host

    async def __call__(
        self,
        stream: AsyncIterator[bytes],
        *,
        repo: str = "",
        tag: str = "",
        message: str = "",
        changes: Sequence[str] = (),
        platform: str = "",
    ) -> AsyncIterator[JSONMessage]:
        """Awaiting this checks the arguments; the iterator it gives imports, and ends in the id.

        The stream is a tar, plain or compressed with gzip, bzip2, xz or zstd. Raises
        InvalidArgument for a malformed argument at once, for a damaged or hostile archive
        when iterating.
        """
        name = new_name(repo, tag)
        config = apply_changes(ExecutionConfig(), changes)
        wanted = self._platform(platform)
        return self._run(stream, name=name, config=config, platform=wanted, message=message)

    async def run(
        self,
        stream: AsyncIterator[bytes],
        *,
        names: Sequence[Reference],
        config: ExecutionConfig,
        platform: Platform,
        message: str,
        created_by: str = "",
    ) -> ImageRecord:
        """Import, publish the events and return the image; what every way of importing shares."""
        try:
            image = await self._importer(
                stream,
                config=config,
                platform=platform,
                names=names,
                message=message,
                created_by=created_by,
            )
        finally:
            await self._collect()
        announce(self._events, image, "import")
        for name in names:
            announce(self._events, image, "tag", name.familiar())
        return image

    async def _run(
        self,
        stream: AsyncIterator[bytes],
        *,
        name: Reference | None,
        config: ExecutionConfig,
        platform: Platform,
        message: str,
    ) -> AsyncIterator[JSONMessage]:
        image = await self.run(
            stream, names=[name] if name else [], config=config, platform=platform, message=message
        )
        yield JSONMessage(status=image.id)

    def _platform(self, text: str) -> Platform:
        if not text:
            return self._host
        wanted = parse_platform(text)
        if wanted.os != self._host.os:
            raise InvalidArgument(
                f"operating system is not supported: {wanted.os}", kind="platform", ref=text
            )
        if not wanted.architecture:
            return self._host
        return wanted
