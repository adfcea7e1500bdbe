"""Image manifests: a config and its layers (OCI image spec, "Image Manifest")."""

from __future__ import annotations

from typing import Literal

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci.descriptor import OCI_MANIFEST, Descriptor, OciStruct
from sampan.oci.digest import parse


class Manifest(OciStruct, frozen=True, kw_only=True, omit_defaults=False):
    """One image for one platform; ``layers`` lowest first."""

    schema_version: Literal[2] = 2
    media_type: str = OCI_MANIFEST
    config: Descriptor
    layers: list[Descriptor]
    annotations: dict[str, str] | msgspec.UnsetType | None = msgspec.UNSET


def parse_manifest(data: bytes) -> Manifest:
    """``data`` as a manifest, its digests checked for form.

    Raises InvalidArgument if it is none, an index for instance.
    """
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid image manifest: {error}", kind="manifest") from error
    for blob in (manifest.config, *manifest.layers):
        parse(blob.digest)
        if blob.size < 0:
            raise InvalidArgument("invalid image manifest: negative size", kind="manifest", ref=blob.digest)
    return manifest


def encode_manifest(manifest: Manifest) -> bytes:
    """The bytes whose digest names the manifest; the same value gives the same bytes."""
    return msgspec.json.encode(manifest)
