"""``sampan image prune``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.confirm import confirmed
from sampan.cli.filters import LONG_FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import as_object, number, objects, text
from sampan.client.api import Client
from sampan.wire.units import human_size


def _run(client: Client, parsed: Parsed) -> int:
    everything = parsed.flag("all")
    warning = (
        "This will remove all images without at least one container associated to them."
        if everything
        else "This will remove all dangling images."
    )
    if not confirmed(warning, force=parsed.flag("force")):
        return 0
    filters = chosen(parsed, dangling="false" if everything else "true")
    report = as_object(client.post("/images/prune", filters))
    deleted = objects(report.get("ImagesDeleted"))
    if deleted:
        sys.stdout.write("Deleted Images:\n")
        for item in deleted:
            word = "Untagged" if item.get("Untagged") else "Deleted"
            sys.stdout.write(f"{word.lower()}: {text(item, word)}\n")
        sys.stdout.write("\n")
    sys.stdout.write(f"Total reclaimed space: {human_size(number(report, 'SpaceReclaimed'))}\n")
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Remove unused images",
    flags=(
        Flag("all", "a", "bool", "Remove all images that no container uses, not only dangling ones"),
        LONG_FILTER,
        Flag("force", "f", "bool", "Do not ask"),
    ),
    examples=("image prune", "image prune -af"),
)
