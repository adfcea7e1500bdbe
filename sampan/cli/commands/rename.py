"""``sampan rename``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Parsed
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    old, new = parsed.arguments
    client.post(path_of(old, "/rename"), [("name", new)])
    return 0


COMMAND = Command(
    run=_run,
    usage="CONTAINER NEW_NAME",
    help="Give a container another name",
    least=2,
    most=2,
    examples=("rename web old-web",),
)
