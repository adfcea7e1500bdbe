"""``sampan container inspect``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.commands.inspecting import inspect_each
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    def look(name: str) -> object:
        return client.get(path_of(name, "/json"), [("size", "1")] if parsed.flag("size") else [])

    return inspect_each(parsed.arguments, look, parsed.text("format"), kind="container")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER [CONTAINER...]",
    help="Show everything about containers",
    flags=(
        Flag("format", "f", "string", "'json', or a template"),
        Flag("size", "s", "bool", "Show sizes"),
    ),
    least=1,
    most=-1,
    examples=("container inspect NAME",),
)
