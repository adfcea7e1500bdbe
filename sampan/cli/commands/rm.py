"""``sampan rm``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client
from sampan.errors import NotFound


def _run(client: Client, parsed: Parsed) -> int:
    force = parsed.flag("force")
    values = [
        (name, "1")
        for name, flag in (("force", "force"), ("v", "volumes"), ("link", "link"))
        if parsed.flag(flag)
    ]

    def remove(name: str) -> None:
        try:
            client.delete(path_of(name), values)
        except NotFound:
            # What is gone is what --force asks for.
            if not force:
                raise

    return for_each(parsed.arguments, remove)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER [CONTAINER...]",
    help="Remove containers",
    flags=(
        Flag("force", "f", "bool", "Kill containers that run"),
        Flag("link", "l", "bool", "Remove the named link"),
        Flag("volumes", "v", "bool", "Remove their anonymous volumes too"),
    ),
    least=1,
    most=-1,
    examples=("rm web", "rm -f web db"),
)
