"""What a container may be called."""

from __future__ import annotations

import re

from sampan.errors import InvalidArgument

_NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")


def require_container_name(text: str) -> str:
    """The name without its leading slash. Raises InvalidArgument, as Docker words it."""
    if not _NAME.fullmatch(text):
        raise InvalidArgument(
            f"Invalid container name ({text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
            kind="container",
            ref=text,
        )
    return text.removeprefix("/")
