"""The OCI image layout in a tar: ``index.json`` and ``blobs/`` (OCI image spec)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sampan.errors import InvalidArgument, NotFound
from sampan.oci import digest as digests
from sampan.oci.descriptor import (
    ANNOTATION_IMAGE_NAME,
    ANNOTATION_REF_NAME,
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    Platform,
)
from sampan.oci.digest import Digest
from sampan.oci.image_config import parse_image_config, platform_of
from sampan.oci.index import choose, parse_index, runs_on
from sampan.oci.manifest import parse_manifest
from sampan.oci.reference import Reference, parse_normalized
from sampan.transfer.archive import Archive
from sampan.transfer.found import FoundImage

_DEEPEST = 8


def read_oci_layout(archive: Archive, *, host: Platform, wanted: Platform | None) -> list[FoundImage]:
    """The images that ``index.json`` names: of each multi-platform one, that for ``wanted``.

    Without ``wanted`` an index gives what ``host`` runs, and an image that comes for one
    platform only is taken whatever that is. Blocking.

    Raises:
        InvalidArgument: a document is malformed or a blob not as its descriptor says.
        NotFound: kind "member": a blob is missing; kind "image": none is for the platform.
    """
    index = parse_index(archive.document("index.json"))
    found: dict[Digest, FoundImage] = {}
    for name, entry in _one_for_each_name(index.manifests, wanted or host):
        image = _image(archive, entry, host=host, wanted=wanted)
        if image is None:
            continue
        manifest = image.manifest or entry.digest
        known = found.get(manifest, image)
        if name is not None:
            known = dataclasses.replace(
                known,
                names=[*known.names, name],
                digest_names=[*known.digest_names, name.with_digest(manifest)],
            )
        found[manifest] = known
    if not found:
        asked = wanted or host
        text = "/".join(part for part in (asked.os, asked.architecture, asked.variant) if part)
        raise NotFound(f"the archive has no image for {text}", kind="image")
    return list(found.values())


def manifests_by_content(archive: Archive) -> dict[tuple[Digest, ...], Digest]:
    """The manifests that ``index.json`` names, by the config and layers they stand for. Blocking.

    Raises InvalidArgument if a document is malformed.
    """
    found: dict[tuple[Digest, ...], Digest] = {}
    for entry in parse_index(archive.document("index.json")).manifests:
        if entry.media_type in MANIFEST_TYPES and archive.has(_path(entry)):
            manifest = parse_manifest(_document(archive, entry))
            content = (manifest.config.digest, *(layer.digest for layer in manifest.layers))
            found[content] = _blob(archive, entry)
    return found


def _one_for_each_name(
    entries: list[Descriptor], platform: Platform
) -> Iterator[tuple[Reference | None, Descriptor]]:
    """Entries of one name are one image for several platforms; so are many without a name."""
    groups: dict[Reference | None, list[Descriptor]] = {}
    for entry in entries:
        groups.setdefault(_name(entry), []).append(entry)
    for name, group in groups.items():
        if name is None and any(entry.platform is None for entry in group):
            yield from ((None, entry) for entry in group)
        elif len(group) == 1:
            yield name, group[0]
        elif (chosen := choose(group, platform)) is not None:
            yield name, chosen


def _image(
    archive: Archive, entry: Descriptor, *, host: Platform, wanted: Platform | None, depth: int = 0
) -> FoundImage | None:
    """The image an entry leads to; None if it is none, or none for the platform."""
    if depth > _DEEPEST:
        raise InvalidArgument("indexes are nested too deeply", kind="index", ref=entry.digest)
    if entry.platform is not None and entry.platform.os == "unknown":
        # An attestation about another entry.
        return None
    if entry.media_type in INDEX_TYPES:
        nested = parse_index(_document(archive, entry))
        chosen = choose(nested.manifests, wanted or host)
        if chosen is None:
            return None
        return _image(archive, chosen, host=host, wanted=wanted, depth=depth + 1)
    if entry.media_type and entry.media_type not in MANIFEST_TYPES:
        return None
    manifest = parse_manifest(_document(archive, entry))
    if manifest.config.media_type not in CONFIG_TYPES:
        # An artifact: something else than an image, in an image's manifest.
        return None
    raw = _document(archive, manifest.config)
    if wanted is not None and not runs_on(platform_of(parse_image_config(raw)), wanted):
        return None
    return FoundImage(
        config=raw,
        layers=[_blob(archive, layer) for layer in manifest.layers],
        manifest=_blob(archive, entry),
    )


def _document(archive: Archive, descriptor: Descriptor) -> bytes:
    data = archive.document(_path(descriptor))
    if len(data) != descriptor.size:
        raise InvalidArgument(
            f"{descriptor.digest} has {len(data)} bytes, its descriptor says {descriptor.size}",
            kind="blob",
            ref=descriptor.digest,
        )
    _check(descriptor, digests.of_bytes(data))
    return data


def _blob(archive: Archive, descriptor: Descriptor) -> Digest:
    digest = archive.blob(_path(descriptor))
    _check(descriptor, digest)
    return digest


def _check(descriptor: Descriptor, digest: Digest) -> None:
    if digest != descriptor.digest:
        raise InvalidArgument(
            f"{descriptor.digest} is damaged: its content is {digest}", kind="blob", ref=descriptor.digest
        )


def _path(descriptor: Descriptor) -> str:
    if digests.algorithm(descriptor.digest) != digests.CANONICAL:
        raise InvalidArgument("unsupported digest algorithm", kind="blob", ref=descriptor.digest)
    return f"blobs/{digests.CANONICAL}/{digests.encoded(descriptor.digest)}"


def _name(entry: Descriptor) -> Reference | None:
    """The full name an entry carries; a bare tag, as the spec allows, is none."""
    annotations = entry.annotations or {}
    text = annotations.get(ANNOTATION_IMAGE_NAME)
    if text is None:
        text = annotations.get(ANNOTATION_REF_NAME)
        if text is None or not any(mark in text for mark in ":/"):
            return None
    name = parse_normalized(text).with_default_tag()
    return None if name.tag is None else name.with_tag(name.tag)
