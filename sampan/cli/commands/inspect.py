"""``sampan inspect``."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.commands.inspecting import inspect_each
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client
from sampan.errors import InvalidArgument, NotFound

_TYPES = ("container", "image", "network", "volume")


def _run(client: Client, parsed: Parsed) -> int:
    kind = parsed.text("type")
    if kind and kind not in _TYPES:
        known = ", ".join(f'"{name}"' for name in _TYPES)
        raise InvalidArgument(f'unknown type: "{kind}": must be one of {known}', kind="flag", ref=kind)
    size = [("size", "1")] if parsed.flag("size") else []

    def look(name: str) -> object:
        looks: dict[str, Callable[[], object]] = {
            "container": lambda: client.get(path_of(name, "/json"), size),
            "image": lambda: client.get(f"/images/{quote(name)}/json"),
            "network": lambda: client.get(f"/networks/{quote(name, safe='')}"),
            "volume": lambda: client.get(f"/volumes/{quote(name, safe='')}"),
        }
        for found_kind, get in looks.items():
            if kind in ("", found_kind):
                try:
                    return get()
                except NotFound:
                    # Perhaps it is of the next kind.
                    if kind:
                        raise
        raise NotFound(f"No such object: {name}", kind="object", ref=name)

    return inspect_each(parsed.arguments, look, parsed.text("format"), kind=kind)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] NAME|ID [NAME|ID...]",
    help="Show everything about containers, images or networks",
    flags=(
        Flag("format", "f", "string", "'json', or a template"),
        Flag("size", "s", "bool", "Show sizes of containers"),
        Flag("type", "", "string", "Look at things of this kind only"),
    ),
    least=1,
    most=-1,
    examples=("inspect web", "inspect -f '{{.State.Status}}' web"),
)
