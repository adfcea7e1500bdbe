"""``sampan import``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.files import open_binary
from sampan.cli.flags import Flag, Parsed
from sampan.cli.progress import show_messages
from sampan.client.api import Client
from sampan.errors import NotImplementedHere


def _run(client: Client, parsed: Parsed) -> int:
    path, *name = parsed.arguments
    if path.startswith(("http://", "https://")):
        raise NotImplementedHere(
            "importing from an address is not offered: download the file first", kind="file"
        )
    values = [("fromSrc", "-"), ("repo", "".join(name)), ("message", parsed.text("message"))]
    values += [("platform", parsed.text("platform"))]
    values += [("changes", change) for change in parsed.texts("change")]
    given = [(key, value) for key, value in values if value]
    with sys.stdin.buffer if path == "-" else open_binary(path) as source:
        show_messages(client.stream("POST", "/images/create", given, source))
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    help="Make an image of a file system in a tar archive",
    flags=(
        Flag("change", "c", "list", "Apply a Dockerfile instruction"),
        Flag("message", "m", "string", "Say how it was made"),
        Flag("platform", "", "string", "Platform, os/architecture"),
    ),
    least=1,
    most=2,
    examples=("import rootfs.tar.gz app:1", "import -c 'CMD [\"sh\"]' - app:1 < rootfs.tar"),
)
