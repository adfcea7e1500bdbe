"""``sampan image bootstrap``."""

from __future__ import annotations

from sampan.cli.command import Command
from sampan.cli.flags import Parsed
from sampan.cli.progress import show_messages
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    name, _, suite = parsed.arguments[0].partition(":")
    values = [("name", name), *([("suite", suite)] if suite else [])]
    show_messages(client.stream("POST", "/images/bootstrap", values))
    return 0


COMMAND = Command(
    run=_run,
    usage="NAME[:SUITE]",
    help="Make a base image from a distribution's packages: busybox, debian or ubuntu",
    least=1,
    most=1,
    examples=("image bootstrap busybox", "image bootstrap debian:trixie"),
)
