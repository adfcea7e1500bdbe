"""The docker-archive format: ``manifest.json``, configs and layers (Docker's image spec v1.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci import digest as digests
from sampan.oci.digest import Digest
from sampan.oci.reference import Reference, parse_normalized
from sampan.transfer.archive import Archive
from sampan.transfer.found import FoundImage
from sampan.transfer.oci_layout import manifests_by_content

_CONFIG_NAME = re.compile(r"([a-f0-9]{64})\.json")


class ManifestItem(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One image in ``manifest.json``; paths are members of the archive."""

    config: str
    repo_tags: list[str] | None = None
    layers: list[str] | None = None
    parent: str = ""


def read_docker_archive(archive: Archive) -> list[FoundImage]:
    """The images that ``manifest.json`` names. Blocking.

    Raises:
        InvalidArgument: a document or a name in it is malformed, or a config is not the
            one its file name says.
        NotFound (kind "member"): a file it names is missing.
    """
    try:
        items = msgspec.json.decode(archive.document("manifest.json"), type=list[ManifestItem])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid manifest.json: {error}", kind="archive") from error
    manifests = manifests_by_content(archive) if archive.has("index.json") else {}
    return [_image(archive, item, manifests) for item in items]


def tagged_name(text: str) -> Reference:
    """A name from an archive, which must have a tag. Raises InvalidArgument."""
    name = parse_normalized(text)
    if name.tag is None:
        raise InvalidArgument(f'invalid tag "{text}"', kind="reference", ref=text)
    return name.with_tag(name.tag)


def _image(
    archive: Archive, item: ManifestItem, manifests: Mapping[tuple[Digest, ...], Digest]
) -> FoundImage:
    config = archive.document(item.config)
    match = _CONFIG_NAME.fullmatch(item.config)
    if match is not None and digests.of_bytes(config) != digests.of_hex(match[1]):
        raise InvalidArgument(
            f"{item.config} is damaged: its content is {digests.of_bytes(config)}",
            kind="archive",
            ref=item.config,
        )
    layers = [archive.blob(path) for path in item.layers or []]
    return FoundImage(
        config=config,
        layers=layers,
        # An archive that is an OCI layout too brings the image's own manifest.
        manifest=manifests.get((digests.of_bytes(config), *layers)),
        names=[tagged_name(tag) for tag in item.repo_tags or []],
        parent=_parent(item.parent),
    )


def _parent(text: str) -> Digest | None:
    return digests.parse(text) if text else None
