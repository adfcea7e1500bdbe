"""The flag ``--platform`` of commands that look at an image's platforms."""

from __future__ import annotations

import json
import re

from sampan.cli.flags import Flag, Parsed
from sampan.errors import InvalidArgument

PLATFORM = Flag("platform", "", "string", "Only this platform, os[/architecture[/variant]]")
PLATFORMS = PLATFORM._replace(kind="strings", help="Only these platforms, os[/architecture[/variant]]")
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "wasip1"})
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}


def chosen_platforms(parsed: Parsed, query: str = "platform") -> list[tuple[str, str]]:
    """The query values of every ``--platform`` given. Raises InvalidArgument, quoting the text."""
    return [
        (query, platform_json(text))
        for given in parsed.texts("platform")
        for text in given.split(",")
        if text
    ]


def platform_json(text: str) -> str:
    """A platform as the API takes it. Raises InvalidArgument, quoting the text."""
    parts = text.split("/")
    for part in parts:
        if not _COMPONENT.fullmatch(part):
            raise InvalidArgument(
                f'invalid platform: "{part}" is an invalid component of "{text}": platform specifier component '
                f'must match "^{_COMPONENT.pattern}$": invalid argument',
                kind="flag",
                ref=text,
            )
    if len(parts) == 1 and parts[0].lower() not in _SYSTEMS:
        # An architecture alone: containers are Linux's.
        parts = ["linux", *parts]
    if len(parts) > 3:
        raise InvalidArgument(
            f'invalid platform: "{text}": give os, os/architecture or os/architecture/variant',
            kind="flag",
            ref=text,
        )
    system, architecture, variant = (*(part.lower() for part in parts), "", "")[:3]
    values = {
        "architecture": _ARCHITECTURES.get(architecture, architecture),
        "os": system,
        "variant": variant,
    }
    return json.dumps({name: value for name, value in values.items() if value}, separators=(",", ":"))
