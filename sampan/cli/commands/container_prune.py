"""``sampan container prune``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.confirm import confirmed
from sampan.cli.filters import LONG_FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import as_object, number, texts
from sampan.client.api import Client
from sampan.wire.units import human_size


def _run(client: Client, parsed: Parsed) -> int:
    if not confirmed("This will remove all stopped containers.", force=parsed.flag("force")):
        return 0
    report = as_object(client.post("/containers/prune", chosen(parsed)))
    deleted = texts(report, "ContainersDeleted")
    if deleted:
        sys.stdout.write("Deleted Containers:\n" + "".join(f"{name}\n" for name in deleted) + "\n")
    freed = human_size(number(report, "SpaceReclaimed"))
    sys.stdout.write(f"Total reclaimed space: {freed}\n")
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Remove all stopped containers",
    flags=(LONG_FILTER, Flag("force", "f", "bool", "Do not ask")),
    examples=("container prune -f",),
)
