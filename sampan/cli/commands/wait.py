"""``sampan wait``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.each import for_each
from sampan.cli.flags import Parsed
from sampan.cli.values import as_object, number
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    def wait(name: str) -> None:
        sys.stdout.write(f"{number(as_object(client.post(path_of(name, '/wait'))), 'StatusCode')}\n")

    return for_each(parsed.arguments, wait, echo=False)


COMMAND = Command(
    run=_run,
    usage="CONTAINER [CONTAINER...]",
    help="Wait until containers stop, and print their exit codes",
    least=1,
    most=-1,
    examples=("wait job",),
)
