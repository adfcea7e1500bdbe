"""``sampan network inspect``."""

from __future__ import annotations

from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.commands.inspecting import inspect_each
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    def look(name: str) -> object:
        verbose = [("verbose", "true")] if parsed.flag("verbose") else []
        return client.get(f"/networks/{quote(name, safe='')}", verbose)

    return inspect_each(parsed.arguments, look, parsed.text("format"), kind="network")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] NETWORK [NETWORK...]",
    help="Show everything about networks",
    flags=(
        Flag("format", "f", "string", "'json', or a template"),
        Flag("verbose", "v", "bool", "Show what only helps to find faults"),
    ),
    least=1,
    most=-1,
    examples=("network inspect NAME",),
)
