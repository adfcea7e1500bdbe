"""``sampan image inspect``."""

from __future__ import annotations

from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.commands.inspecting import inspect_each
from sampan.cli.flags import Flag, Parsed
from sampan.cli.platforms import PLATFORM, chosen_platforms
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    platform = chosen_platforms(parsed)

    def look(name: str) -> object:
        return client.get(f"/images/{quote(name)}/json", platform)

    return inspect_each(parsed.arguments, look, parsed.text("format"), kind="image")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [IMAGE...]",
    help="Show everything about images",
    flags=(Flag("format", "f", "string", "'json', or a template"), PLATFORM),
    least=1,
    most=-1,
    examples=("image inspect NAME",),
)
