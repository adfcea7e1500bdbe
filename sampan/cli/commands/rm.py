"""``sampan rm``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    values = [
        (name, "1")
        for name, flag in (("force", "force"), ("v", "volumes"), ("link", "link"))
        if parsed.flag(flag)
    ]

    def remove(name: str) -> None:
        client.delete(path_of(name), values)

    code = for_each(parsed.arguments, remove, together=True)
    # What could not be removed is told; with --force that is no failure, as in docker.
    return 0 if parsed.flag("force") else code


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
