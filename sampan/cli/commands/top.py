"""``sampan top``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Parsed
from sampan.cli.output import table
from sampan.cli.values import as_list, as_object, texts
from sampan.client.api import Client

_LEAST_WIDTH = 20


def _run(client: Client, parsed: Parsed) -> int:
    name, *options = parsed.arguments
    values = [("ps_args", " ".join(options))] if options else []
    answer = as_object(client.get(path_of(name, "/top"), values))
    rows = [[str(cell) for cell in as_list(row)] for row in as_list(answer.get("Processes"))]
    sys.stdout.write(table(texts(answer, "Titles"), rows, least_width=_LEAST_WIDTH))
    return 0


COMMAND = Command(
    run=_run,
    usage="CONTAINER [ps OPTIONS]",
    help="Show the processes of a container",
    least=1,
    most=-1,
    interspersed=False,
    examples=("top web", "top web -o pid,comm"),
)
