"""Names in layers: whiteouts, and the paths that a layer may use."""

from __future__ import annotations

from sampan.errors import InvalidArgument

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."


def clean(name: str) -> tuple[str, ...]:
    """A member's path as components below the root; empty for the root itself.

    ``.`` and repeated slashes vanish, an absolute name is taken from the root. Raises
    InvalidArgument for ``..`` and for a null byte: no honest layer has them.
    """
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts or "\0" in name:
        raise InvalidArgument(f"the layer names {name!r}, which is outside its root", kind="layer", ref=name)
    return parts


def whiteout_target(name: str) -> str | None:
    """What a whiteout hides; None for another name. Raises InvalidArgument for a hidden ``.``, ``..`` or nothing."""
    if not name.startswith(WHITEOUT) or name.startswith(_RESERVED):
        return None
    target = name.removeprefix(WHITEOUT)
    if target in ("", ".", ".."):
        raise InvalidArgument(f"the layer has a whiteout of {target!r}", kind="layer", ref=name)
    return target


def is_reserved(name: str) -> bool:
    """Whether a name is of the storage drivers' own (``.wh..wh.plnk`` and the like), to be left out."""
    return name.startswith(_RESERVED) and name != OPAQUE
