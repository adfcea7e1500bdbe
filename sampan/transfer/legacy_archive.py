"""The archive format of before Docker 1.10: ``repositories``, and a directory a layer.

Each directory ``<id>/`` has ``json`` (a config of its own, with the ``parent`` id) and
``layer.tar``. The image's config is put together from the chain of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci.digest import Digest
from sampan.oci.image_config import (
    History,
    ImageConfig,
    RootFs,
    encode_image_config,
    parse_image_config,
)
from sampan.oci.reference import Reference, parse_normalized
from sampan.transfer.archive import Archive
from sampan.transfer.found import FoundImage

_ID = re.compile(r"[a-f0-9]{64}")
_MOST_LAYERS = 1000


class _Command(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    cmd: list[str] | None = None


class _Build(msgspec.Struct, frozen=True, kw_only=True):
    """How the layer was made: the part of ``json`` that is no config."""

    container_config: _Command | None = None


def read_legacy_archive(archive: Archive, diff_id_of: Callable[[Digest], Digest]) -> list[FoundImage]:
    """The images that ``repositories`` names; ``diff_id_of`` gives a layer blob's DiffID. Blocking.

    Raises:
        InvalidArgument: a document is malformed or the chain of parents is endless.
        NotFound (kind "member"): a file of a layer is missing.
    """
    try:
        repositories = msgspec.json.decode(archive.document("repositories"), type=dict[str, dict[str, str]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"invalid repositories file: {error}", kind="archive") from error
    names: dict[str, list[Reference]] = {}
    for repository, tags in repositories.items():
        for tag, layer in tags.items():
            names.setdefault(layer, []).append(parse_normalized(repository).with_tag(tag))
    return [_image(archive, top, given, diff_id_of) for top, given in names.items()]


def _image(
    archive: Archive, top: str, names: list[Reference], diff_id_of: Callable[[Digest], Digest]
) -> FoundImage:
    steps = _steps(archive, top)
    layers = [archive.blob(f"{step}/layer.tar") for step, _, _ in steps]
    _, tip, _ = steps[-1]
    config = msgspec.structs.replace(
        tip,
        parent="",
        container=msgspec.UNSET,
        os=tip.os or "linux",
        rootfs=RootFs(diff_ids=[diff_id_of(layer) for layer in layers]),
        history=[
            History(created=step.created, author=step.author, comment=step.comment, created_by=created_by)
            for _, step, created_by in steps
        ],
    )
    return FoundImage(config=encode_image_config(config), layers=layers, names=names)


def _steps(archive: Archive, top: str) -> list[tuple[str, ImageConfig, str]]:
    """Each layer's id, config and command, lowest first."""
    steps: list[tuple[str, ImageConfig, str]] = []
    current = top
    while current:
        if _ID.fullmatch(current) is None:
            raise InvalidArgument(f"invalid layer id {current!r}", kind="archive", ref=current)
        if len(steps) >= _MOST_LAYERS:
            raise InvalidArgument("the chain of layers has no end", kind="archive", ref=top)
        raw = archive.document(f"{current}/json")
        config = parse_image_config(raw)
        steps.append((current, config, _created_by(raw)))
        current = config.parent.removeprefix("sha256:")
    return steps[::-1]


def _created_by(raw: bytes) -> str:
    try:
        build = msgspec.json.decode(raw, type=_Build)
    except msgspec.DecodeError as error:
        raise InvalidArgument(f"invalid layer config: {error}", kind="archive") from error
    command = build.container_config.cmd if build.container_config is not None else None
    return " ".join(command or [])
