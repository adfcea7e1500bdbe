"""The manifest of an image that leaves: the one it came with, or one made for it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from sampan.errors import InternalError
from sampan.images.holds import Hold
from sampan.images.layers import Layer, LayerStore
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.linux.offload import offload
from sampan.oci.chain import chain_ids
from sampan.oci.descriptor import OCI_LAYER
from sampan.oci.digest import Digest, of_hex
from sampan.oci.manifest import encode_manifest, parse_manifest
from sampan.transfer.archive import read_document
from sampan.transfer.compose import manifest_of
from sampan.transfer.incoming import (
    PIECE_SIZE,
    LayerBlob,
    add_held,
    commit_held,
    new_key,
    open_spool,
)
from sampan.transfer.ports import BlobStore, Snapshots


class WriteLayer(Protocol):
    """``sampan.diff``: the tar of a snapshot's own files."""

    def __call__(self, source: Path, *, target: int) -> Awaitable[object]:
        """Write the tar of the directory ``source`` to the file descriptor ``target``."""


class Manifests:
    """Manifests of stored images; layers made here get their blobs when they are first needed."""

    def __init__(
        self,
        *,
        content: BlobStore,
        images: ImageStore,
        layers: LayerStore,
        snapshots: Snapshots,
        write_layer: WriteLayer,
        spool: Path,
    ) -> None:
        self._content = content
        self._images = images
        self._layers = layers
        self._snapshots = snapshots
        self._write_layer = write_layer
        self._spool = spool

    async def of(self, image: ImageRecord, hold: Hold) -> Digest:
        """The digest of the image's manifest, which is in the content store with all it names.

        Raises InternalError if a layer made here does not come out as its DiffID says.
        """
        if image.manifest is not None:
            hold.keep(image.manifest, *await offload(self._blobs_of, image.manifest))
            return image.manifest
        hold.keep(image.id)
        blobs = [
            await self._blob(diff_id, chain, hold)
            for diff_id, chain in zip(image.diff_ids, chain_ids(image.diff_ids), strict=True)
        ]
        size = self._content.info(image.id).size_bytes
        manifest = await offload(
            add_held, self._content, encode_manifest(manifest_of(image.id, size, blobs)), hold
        )
        await offload(self._images.put, msgspec.structs.replace(image, manifest=manifest))
        return manifest

    def _blobs_of(self, manifest: Digest) -> list[Digest]:
        parsed = parse_manifest(read_document(self._content, manifest))
        return [parsed.config.digest, *(layer.digest for layer in parsed.layers)]

    async def _blob(self, diff_id: Digest, chain: Digest, hold: Hold) -> LayerBlob:
        """The layer's blob: the known one, or one made now of its snapshot."""
        known = await offload(self._layers.find, diff_id)
        if known is None:
            raise InternalError(f"layer {diff_id} is not known", kind="layer", ref=diff_id)
        if known.blob is not None:
            hold.keep(known.blob)
            if await offload(self._content.has, known.blob):
                size = (await offload(self._content.info, known.blob)).size_bytes
                return LayerBlob(digest=known.blob, size_bytes=size, media_type=known.media_type)
        file = await offload(open_spool, self._spool)
        try:
            await self._write_layer(await offload(self._snapshots.upper_dir, chain), target=file.fileno())
            blob = await offload(self._take, file, diff_id, hold)
        finally:
            await offload(file.close)
        await offload(
            self._layers.put,
            Layer(diff_id=diff_id, size_bytes=known.size_bytes, media_type=OCI_LAYER, blob=blob.digest),
        )
        return blob

    def _take(self, file: BinaryIO, diff_id: Digest, hold: Hold) -> LayerBlob:
        file.seek(0)
        with self._content.ingest(new_key("layer")) as ingest:
            try:
                hasher = hashlib.sha256()
                while piece := file.read(PIECE_SIZE):
                    hasher.update(piece)
                    ingest.write(piece)
                if of_hex(hasher.hexdigest()) != diff_id:
                    raise InternalError(
                        f"the snapshot of layer {diff_id} does not give back its content",
                        kind="layer",
                        ref=diff_id,
                    )
                return commit_held(ingest, hold, OCI_LAYER)
            except BaseException:
                ingest.abort()
                raise
