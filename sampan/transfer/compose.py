"""Making an image of unpacked layers and a config."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.images.holds import Hold
from sampan.images.layers import Layer
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.oci.chain import chain_id
from sampan.oci.descriptor import OCI_CONFIG, Descriptor
from sampan.oci.digest import Digest
from sampan.oci.image_config import parse_image_config
from sampan.oci.manifest import Manifest, encode_manifest
from sampan.oci.reference import Reference
from sampan.transfer.incoming import LayerBlob, add_held
from sampan.transfer.ports import BlobStore


def put_image(
    raw_config: bytes,
    layers: Sequence[tuple[Layer, LayerBlob]],
    *,
    content: BlobStore,
    images: ImageStore,
    hold: Hold,
    names: Sequence[Reference] = (),
    manifest: Digest | None = None,
    parent: Digest | None = None,
) -> ImageRecord:
    """Store the config, a manifest (unless the image has one: ``manifest``) and the record.

    Blocking. The layers are unpacked already and agree with the config.
    """
    config = parse_image_config(raw_config)
    image_id = add_held(content, raw_config, hold)
    if manifest is None:
        manifest = add_held(
            content,
            encode_manifest(manifest_of(image_id, len(raw_config), [blob for _, blob in layers])),
            hold,
        )
    diff_ids = [layer.diff_id for layer, _ in layers]
    record = ImageRecord(
        id=image_id,
        config=config,
        chain_id=chain_id(diff_ids) if diff_ids else "",
        size_bytes=sum(layer.size_bytes for layer, _ in layers),
        layer_sizes=[layer.size_bytes for layer, _ in layers],
        manifest=manifest,
        parent=parent,
    )
    images.put(record, names)
    return images.get(image_id)


def manifest_of(image_id: Digest, config_size: int, layers: Sequence[LayerBlob]) -> Manifest:
    """The manifest of an image with these layers, lowest first."""
    return Manifest(
        config=Descriptor(media_type=OCI_CONFIG, digest=image_id, size=config_size),
        layers=[
            Descriptor(media_type=blob.media_type, digest=blob.digest, size=blob.size_bytes)
            for blob in layers
        ],
    )
