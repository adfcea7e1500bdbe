"""A flat tar of a root filesystem becomes an image of one layer."""

from __future__ import annotations

import datetime
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from sampan.images.holds import Holds
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.linux.offload import offload
from sampan.oci.descriptor import Platform
from sampan.oci.image_config import (
    ExecutionConfig,
    History,
    ImageConfig,
    RootFs,
    encode_image_config,
)
from sampan.oci.reference import Reference
from sampan.transfer.compose import put_image
from sampan.transfer.incoming import receive_layer
from sampan.transfer.ports import BlobStore
from sampan.transfer.unpack import Unpacker


class Importer:
    """Imports flat archives; ``spool`` is a directory on the data root's filesystem."""

    def __init__(
        self,
        *,
        content: BlobStore,
        images: ImageStore,
        unpacker: Unpacker,
        holds: Holds,
        spool: Path,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._content = content
        self._images = images
        self._unpacker = unpacker
        self._holds = holds
        self._spool = spool
        self._clock = clock

    async def __call__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        config: ExecutionConfig,
        platform: Platform,
        names: Sequence[Reference] = (),
        message: str = "",
        created_by: str = "",
    ) -> ImageRecord:
        """Store the tar in ``chunks`` (plain, gzip, bzip2, xz or zstd) as an image.

        Raises InvalidArgument for an archive that is empty, damaged, cut short or hostile;
        nothing refers to what was stored by then.
        """
        with self._holds.hold() as hold:
            blob = await receive_layer(chunks, content=self._content, hold=hold, spool=self._spool)
            layer = await self._unpacker.unpack(blob, below=[], diff_id=None, hold=hold)
            created = rfc3339(self._clock())
            image = ImageConfig(
                created=created,
                architecture=platform.architecture,
                variant=platform.variant,
                os=platform.os,
                comment=message,
                config=config,
                rootfs=RootFs(diff_ids=[layer.diff_id]),
                history=[History(created=created, created_by=created_by, comment=message)],
            )
            return await offload(
                put_image,
                encode_image_config(image),
                [(layer, blob)],
                content=self._content,
                images=self._images,
                hold=hold,
                names=names,
            )


def rfc3339(time_ns: int) -> str:
    """``time_ns`` in UTC with nanoseconds, trailing zeros dropped (Go's RFC3339Nano)."""
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    fraction = f".{nanos:09d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
