"""``sampan rmi``."""

from __future__ import annotations

import sys
from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.cli.platforms import PLATFORMS, chosen_platforms
from sampan.cli.values import objects, text
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    values = [("force", "1")] if parsed.flag("force") else []
    values += chosen_platforms(parsed, "platforms")
    values += [("noprune", "1")] if parsed.flag("no-prune") else []

    def remove(name: str) -> None:
        for item in objects(client.delete(f"/images/{quote(name)}", values)):
            if item.get("Untagged"):
                sys.stdout.write(f"Untagged: {text(item, 'Untagged')}\n")
            else:
                sys.stdout.write(f"Deleted: {text(item, 'Deleted')}\n")

    return for_each(parsed.arguments, remove, echo=False)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [IMAGE...]",
    help="Remove images",
    flags=(
        Flag("force", "f", "bool", "Remove even if stopped containers use it"),
        Flag("no-prune", "", "bool", "Keep parents without a name"),
        PLATFORMS,
    ),
    least=1,
    most=-1,
    examples=("rmi debian",),
)
