"""``--security-opt``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sampan.cli.files import file_error
from sampan.errors import InvalidArgument

Paths = list[str] | None


def security(texts: Sequence[str]) -> tuple[list[str] | None, Paths, Paths]:
    """The options, and the masked and read-only paths if they are to differ from the default.

    A seccomp profile is read here, where the file lies: the daemon gets its content. Raises
    InvalidArgument for a profile that cannot be read, and for an option without a value.
    """
    if not texts:
        return None, None, None
    options: list[str] = []
    masked: Paths = None
    readonly: Paths = None
    for text in texts:
        if text == "systempaths=unconfined":
            masked, readonly = [], []
            continue
        name, mark, value = text.partition("=")
        if not mark and name != "no-new-privileges":
            name, mark, value = text.partition(":")
            if not mark:
                raise InvalidArgument(f'Invalid --security-opt: "{text}"', kind="flag", ref="security-opt")
        if name == "seccomp" and value not in ("unconfined", "builtin"):
            options.append(f"seccomp={_profile(value)}")
        else:
            options.append(text)
    return options, masked, readonly


def _profile(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return json.dumps(json.load(file), separators=(",", ":"), ensure_ascii=False)
    except OSError as error:
        reason = file_error(error, path).message
        raise InvalidArgument(
            f"opening seccomp profile ({path}) failed: {reason}", kind="file", ref=path
        ) from error
    except ValueError as error:
        raise InvalidArgument(
            f"compacting json for seccomp profile ({path}) failed: {error}", kind="file", ref=path
        ) from error
