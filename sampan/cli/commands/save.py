"""``sampan save``."""

from __future__ import annotations

import os
import sys
import tempfile

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.platforms import PLATFORM, chosen_platforms
from sampan.cli.terminal import is_terminal
from sampan.client.api import Client
from sampan.errors import InvalidArgument


def _run(client: Client, parsed: Parsed) -> int:
    path = parsed.text("output")
    values = [*(("names", name) for name in parsed.arguments), *chosen_platforms(parsed)]
    if not path:
        if is_terminal(sys.stdout.fileno()):
            raise InvalidArgument(
                "cowardly refusing to save to a terminal. Use the -o flag or redirect", kind="file"
            )
        for data in client.stream("GET", "/images/get", values):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return 0
    _save(client, values, path)
    return 0


def _save(client: Client, values: list[tuple[str, str]], path: str) -> None:
    """Write beside the target and rename: half an archive never has its name."""
    directory = os.path.dirname(os.path.abspath(path))
    try:
        fd, temporary = tempfile.mkstemp(dir=directory, prefix=".sampan-save-")
    except OSError as error:
        raise InvalidArgument(f"cannot write {path}: {error.strerror}", kind="file", ref=path) from error
    try:
        with open(fd, "wb") as file:
            for data in client.stream("GET", "/images/get", values):
                file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [IMAGE...]",
    help="Save images to an archive",
    flags=(Flag("output", "o", "string", "File to write in place of stdout"), PLATFORM),
    least=1,
    most=-1,
    examples=("save -o debian.tar debian", "save debian busybox | gzip > images.tar.gz"),
)
