"""``sampan rename``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Parsed
from sampan.cli.outcome import Failed, described
from sampan.client.api import Client
from sampan.errors import SampanError


def _run(client: Client, parsed: Parsed) -> int:
    old, new = parsed.arguments
    try:
        client.post(path_of(old, "/rename"), [("name", new)])
    except SampanError as error:
        raise Failed(f"{described(error)}\nError: failed to rename container named {old}") from error
    return 0


COMMAND = Command(
    run=_run,
    usage="CONTAINER NEW_NAME",
    help="Give a container another name",
    least=2,
    most=2,
    examples=("rename web old-web",),
)
