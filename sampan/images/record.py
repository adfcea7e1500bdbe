"""What is stored of an image."""

from __future__ import annotations

import msgspec

from sampan.oci.digest import Digest
from sampan.oci.image_config import ImageConfig


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image this host has, unpacked and ready to run.

    ``id`` is the digest of the config blob, which the content store keeps byte for byte;
    ``config`` is what was read from it. ``chain_id`` names the committed snapshot of all
    layers and is empty for an image without layers. ``size_bytes`` is the sum of the
    layers' file contents, ``layer_sizes`` has one entry a layer. ``manifest`` is the blob
    that names the layers' blobs; None means they are made from the snapshots when the
    image leaves. ``parent`` is the image it was built upon here, if known.
    """

    id: Digest
    config: ImageConfig
    chain_id: str = ""
    size_bytes: int = 0
    layer_sizes: list[int] = []
    created_ns: int = 0
    manifest: Digest | None = None
    parent: Digest | None = None

    @property
    def diff_ids(self) -> list[Digest]:
        """The layers' DiffIDs, lowest first."""
        return self.config.rootfs.diff_ids

    @property
    def labels(self) -> dict[str, str]:
        """The config's labels; empty if it has none."""
        return self.config.config.labels or {}
