"""An image as an archive describes it, before it is unpacked."""

from __future__ import annotations

import dataclasses

from sampan.oci.digest import Digest
from sampan.oci.reference import Reference


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoundImage:
    """``layers`` are blobs in the content store, lowest first.

    ``names`` have tags. ``manifest`` is set when the archive brought one, a blob too;
    ``digest_names`` then are the same repositories at its digest.
    """

    config: bytes
    layers: list[Digest]
    names: list[Reference] = dataclasses.field(default_factory=list)
    digest_names: list[Reference] = dataclasses.field(default_factory=list)
    manifest: Digest | None = None
    parent: Digest | None = None
