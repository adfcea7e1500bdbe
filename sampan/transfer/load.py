"""Images from an uploaded archive into the store."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

from sampan.errors import InvalidArgument, NotFound
from sampan.images.holds import Hold, Holds
from sampan.images.layers import Layer
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.linux.offload import offload
from sampan.oci.descriptor import Platform
from sampan.oci.digest import Digest
from sampan.oci.image_config import parse_image_config, platform_of
from sampan.oci.index import runs_on
from sampan.oci.reference import Reference
from sampan.transfer.archive import Archive
from sampan.transfer.compose import put_image
from sampan.transfer.docker_archive import read_docker_archive
from sampan.transfer.found import FoundImage
from sampan.transfer.incoming import LayerBlob, diff_id_of, layer_type, plain, sniff
from sampan.transfer.legacy_archive import read_legacy_archive
from sampan.transfer.oci_layout import read_oci_layout
from sampan.transfer.ports import BlobStore
from sampan.transfer.unpack import Unpacker


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayerProgress:
    """A layer is being unpacked: ``current_bytes`` of its blob's ``total_bytes`` are done."""

    diff_id: Digest
    current_bytes: int
    total_bytes: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class NameMoved:
    """``name`` pointed at another image, which lost it."""

    name: Reference
    previous: Digest


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageLoaded:
    """An image is in the store, with the names the archive gave it."""

    image: ImageRecord
    names: Sequence[Reference]


LoadEvent = LayerProgress | NameMoved | ImageLoaded


class Loader:
    """Loads docker-archives (new and legacy) and OCI layouts; ``host`` chooses in an index."""

    def __init__(
        self,
        *,
        content: BlobStore,
        images: ImageStore,
        unpacker: Unpacker,
        holds: Holds,
        spool: Path,
        host: Platform,
    ) -> None:
        self._content = content
        self._images = images
        self._unpacker = unpacker
        self._holds = holds
        self._spool = spool
        self._host = host

    async def load(
        self, chunks: AsyncIterator[bytes], *, platform: Platform | None = None
    ) -> AsyncIterator[LoadEvent]:
        """Take the archive in, then unpack and name its images one after another.

        The archive may be compressed. With ``platform``, only images for it are loaded;
        else an index gives the image for this host. Before the first image nothing in the
        store has changed; a failure in a later one leaves the earlier ones loaded.

        Raises:
            InvalidArgument: the archive is damaged, cut short, hostile, or holds no image.
            NotFound: it has no image for the platform.
        """
        with self._holds.hold() as hold:
            archive = Archive(content=self._content, hold=hold)
            compression, whole = await sniff(chunks)
            await archive.receive(plain(whole, compression, self._spool))
            for found in await offload(self._read, archive, platform):
                async for event in self._put(found, hold):
                    yield event

    def _read(self, archive: Archive, platform: Platform | None) -> list[FoundImage]:
        """The archive's images, by whichever description it has."""
        try:
            if archive.has("manifest.json"):
                found = read_docker_archive(archive)
            elif archive.has("index.json"):
                return read_oci_layout(archive, host=self._host, wanted=platform)
            elif archive.has("repositories"):
                found = read_legacy_archive(archive, partial(diff_id_of, self._content))
            else:
                raise InvalidArgument(
                    "the archive holds no image: it has neither manifest.json nor index.json "
                    "(a plain root filesystem is for import)",
                    kind="archive",
                )
        except NotFound as error:
            if error.kind != "member":
                raise
            raise InvalidArgument(
                f"the archive is incomplete: it has no file {error.ref!r}", kind="archive", ref=error.ref
            ) from error
        if platform is None:
            return found
        chosen = [image for image in found if _is_for(image, platform)]
        if not chosen:
            raise NotFound("the archive has no image for the requested platform", kind="image")
        return chosen

    async def _put(self, found: FoundImage, hold: Hold) -> AsyncIterator[LoadEvent]:
        config = parse_image_config(found.config)
        diff_ids = config.rootfs.diff_ids
        system = platform_of(config).os
        if system != self._host.os:
            raise InvalidArgument(f"cannot load {system} image on {self._host.os}", kind="image")
        if len(diff_ids) != len(found.layers):
            raise InvalidArgument(
                f"invalid manifest, layers length mismatch: expected {len(diff_ids)}, got {len(found.layers)}",
                kind="image",
            )
        done: list[tuple[Layer, LayerBlob]] = []
        for position, (diff_id, digest) in enumerate(zip(diff_ids, found.layers, strict=True)):
            blob = await offload(self._layer_blob, digest)
            below = diff_ids[:position]
            layer = await self._unpacker.known(below, diff_id, hold)
            if layer is None:
                yield LayerProgress(diff_id=diff_id, current_bytes=0, total_bytes=blob.size_bytes)
                layer = await self._unpacker.unpack(blob, below=below, diff_id=diff_id, hold=hold)
                yield LayerProgress(
                    diff_id=diff_id, current_bytes=blob.size_bytes, total_bytes=blob.size_bytes
                )
            done.append((layer, blob))
        moved = await offload(self._moved, found)
        image = await offload(
            put_image,
            found.config,
            done,
            content=self._content,
            images=self._images,
            hold=hold,
            names=[*found.names, *found.digest_names],
            manifest=found.manifest,
            parent=await offload(self._parent, found),
        )
        for event in moved:
            if event.previous != image.id:
                yield event
        yield ImageLoaded(image=image, names=found.names)

    def _layer_blob(self, digest: Digest) -> LayerBlob:
        return LayerBlob(
            digest=digest,
            size_bytes=self._content.info(digest).size_bytes,
            media_type=layer_type(self._content, digest),
        )

    def _moved(self, found: FoundImage) -> list[NameMoved]:
        """The names that now point at an image."""
        events: list[NameMoved] = []
        for name in found.names:
            events += [
                NameMoved(name=name, previous=known.image_id)
                for known in self._images.names_in(name.without_tag())
                if known.reference == name
            ]
        return events

    def _parent(self, found: FoundImage) -> Digest | None:
        """The parent the archive speaks of, if it is here and really below."""
        if found.parent is None:
            return None
        try:
            parent = self._images.get(found.parent)
        except NotFound:
            return None
        config = parse_image_config(found.config)
        below = config.rootfs.diff_ids[: len(parent.diff_ids)]
        return parent.id if below == parent.diff_ids else None


def _is_for(image: FoundImage, platform: Platform) -> bool:
    return runs_on(platform_of(parse_image_config(image.config)), platform)
