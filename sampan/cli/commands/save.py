"""``sampan save``."""

from __future__ import annotations

import os
import stat
import sys
import tempfile

from sampan.cli.command import Command
from sampan.cli.files import file_error
from sampan.cli.flags import Flag, Parsed
from sampan.cli.platforms import PLATFORM, chosen_platforms
from sampan.cli.terminal import is_terminal
from sampan.client.api import Client
from sampan.errors import InvalidArgument

_NO_FILES = {
    "directory": stat.S_ISDIR,
    "character device file": stat.S_ISCHR,
    "block device file": stat.S_ISBLK,
    "named pipe (FIFO)": stat.S_ISFIFO,
    "socket": stat.S_ISSOCK,
}


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
    target = _target(path)
    try:
        fd, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".sampan-save-")
    except OSError as error:
        raise _cannot(file_error(error, path).message, path) from error
    try:
        with open(fd, "wb") as file:
            for data in client.stream("GET", "/images/get", values):
                file.write(data)
        os.replace(temporary, target)
    except OSError as error:
        os.unlink(temporary)
        raise _cannot(file_error(error, path, "write").message, path) from error
    except BaseException:
        os.unlink(temporary)
        raise


def _target(path: str) -> str:
    """The file that ``path`` leads to. Raises InvalidArgument for what must not be replaced by a file."""
    target = os.path.realpath(path)
    parent = os.path.dirname(target)
    if not os.path.isdir(parent):
        raise _cannot(f"invalid output path: stat {parent}: no such file or directory", path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return target
    for what, test in _NO_FILES.items():
        if test(mode):
            raise _cannot(f"cannot write to a {what}", path)
    return target


def _cannot(reason: str, path: str) -> InvalidArgument:
    return InvalidArgument(f"failed to save image: {reason}", kind="file", ref=path)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [IMAGE...]",
    help="Save images to an archive",
    flags=(Flag("output", "o", "string", "File to write in place of stdout"), PLATFORM),
    least=1,
    most=-1,
    examples=("save -o debian.tar debian", "save debian busybox | gzip > images.tar.gz"),
)
