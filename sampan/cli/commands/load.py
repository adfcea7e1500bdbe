"""``sampan load``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.files import open_binary
from sampan.cli.flags import Flag, Parsed
from sampan.cli.platforms import PLATFORM, chosen_platforms
from sampan.cli.progress import show_messages
from sampan.cli.terminal import is_terminal
from sampan.client.api import Client
from sampan.errors import InvalidArgument


def _run(client: Client, parsed: Parsed) -> int:
    path = parsed.text("input")
    # Progress is for a person who watches.
    quiet = parsed.flag("quiet") or not is_terminal(sys.stdout.fileno())
    values = [("quiet", "1" if quiet else "0")]
    values += chosen_platforms(parsed)
    if not path and is_terminal(sys.stdin.fileno()):
        raise InvalidArgument("requested load from stdin, but stdin is empty", kind="file", ref="-")
    with open_binary(path) if path else sys.stdin.buffer as source:
        show_messages(client.stream("POST", "/images/load", values, source))
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Load images from an archive that save made, or an OCI layout",
    flags=(
        Flag("input", "i", "string", "File to read in place of stdin"),
        PLATFORM,
        Flag("quiet", "q", "bool", "Show no progress"),
    ),
    examples=("load -i images.tar", "load < images.tar.gz"),
)
