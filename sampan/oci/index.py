"""Image indexes: manifests to choose from (OCI image spec, "Image Index" and "Image Layout")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci.descriptor import OCI_INDEX, Descriptor, OciStruct, Platform
from sampan.oci.digest import parse


class Index(OciStruct, frozen=True, kw_only=True, omit_defaults=False):
    """A list of manifests or further indexes, in order of preference."""

    schema_version: Literal[2] = 2
    media_type: str = OCI_INDEX
    manifests: list[Descriptor]
    annotations: dict[str, str] | msgspec.UnsetType | None = msgspec.UNSET


class Layout(OciStruct, frozen=True, kw_only=True, omit_defaults=False):
    """The file ``oci-layout``."""

    image_layout_version: str = "1.0.0"


def parse_index(data: bytes) -> Index:
    """``data`` as an index, its digests checked for form. Raises InvalidArgument if it is none."""
    try:
        index = msgspec.json.decode(data, type=Index)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid image index: {error}", kind="index") from error
    for blob in index.manifests:
        parse(blob.digest)
        if blob.size < 0:
            raise InvalidArgument("invalid image index: negative size", kind="index", ref=blob.digest)
    return index


def encode_index(index: Index) -> bytes:
    """The bytes whose digest names the index."""
    return msgspec.json.encode(index)


def parse_platform(text: str) -> Platform:
    """``os[/architecture[/variant]]`` as ``--platform`` takes it; an architecture alone means linux.

    Raises InvalidArgument if it has not that form.
    """
    parts = text.strip().lower().split("/")
    if not 1 <= len(parts) <= 3 or not all(parts) or not all(_is_word(part) for part in parts):
        raise InvalidArgument(f'invalid platform "{text}": want os/architecture[/variant]', ref=text)
    if len(parts) == 1:
        if parts[0] in _SYSTEMS:
            return Platform(os=parts[0], architecture="")
        return normalized(Platform(os="linux", architecture=parts[0]))
    return normalized(
        Platform(os=parts[0], architecture=parts[1], variant=parts[2] if len(parts) == 3 else "")
    )


def normalized(platform: Platform) -> Platform:
    """The platform in Go's own names: ``x86_64`` is ``amd64``, ``arm64/v8`` is ``arm64``."""
    architecture, variant = _ALIASES.get(platform.architecture, (platform.architecture, platform.variant))
    if not variant:
        variant = platform.variant
    if architecture == "arm64" and variant in ("8", "v8"):
        variant = ""
    elif architecture == "arm" and variant in ("", "7"):
        variant = "v7"
    elif architecture == "arm" and variant in ("5", "6", "8"):
        variant = f"v{variant}"
    elif architecture == "amd64" and variant == "v1":
        variant = ""
    return msgspec.structs.replace(platform, architecture=architecture, variant=variant)


def runs_on(image: Platform, host: Platform) -> bool:
    """Whether an image for ``image`` is one for ``host``; an empty host architecture accepts any.

    An arm host also runs lower variants of arm.
    """
    image, host = normalized(image), normalized(host)
    if image.os != host.os:
        return False
    if not host.architecture:
        return True
    if image.architecture != host.architecture:
        return False
    if image.architecture == "arm":
        return image.variant <= host.variant
    return not image.variant or image.variant == host.variant


def choose(manifests: Iterable[Descriptor], host: Platform) -> Descriptor | None:
    """The manifest for ``host``: the closest variant first, the index's order next.

    Entries without a platform match anything, but lose against one that names it.
    Attestations, whose platform is ``unknown``, never match.
    """
    candidates = [entry for entry in manifests if entry.platform is None or runs_on(entry.platform, host)]
    if not candidates:
        return None
    wanted = normalized(host).variant

    def rank(entry: Descriptor) -> tuple[bool, bool]:
        if entry.platform is None:
            return (True, True)
        return (False, normalized(entry.platform).variant != wanted)

    return min(candidates, key=rank)


_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd"})
_ALIASES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "i386": ("386", ""),
}


def _is_word(part: str) -> bool:
    return part.isascii() and all(char.isalnum() or char in "_.-" for char in part)
