"""``sampan logs``."""

from __future__ import annotations

import sys
import time

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Flag, Parsed
from sampan.cli.times import moment
from sampan.cli.values import as_object, text
from sampan.client.api import Client
from sampan.errors import InvalidArgument
from sampan.wire.stdcopy import Decoder, Stream


def _run(client: Client, parsed: Parsed) -> int:
    name = parsed.arguments[0]
    found = as_object(client.get(path_of(name, "/json")))
    config, container = as_object(found.get("Config")), text(found, "Id")
    values = [("stdout", "1"), ("stderr", "1"), ("tail", parsed.text("tail"))]
    values += [(flag, "1") for flag in ("follow", "timestamps", "details") if parsed.flag(flag)]
    values += [(flag, _moment(flag, parsed.text(flag))) for flag in ("since", "until") if parsed.text(flag)]
    decoder = Decoder()
    for data in client.stream("GET", path_of(container, "/logs"), values):
        if config.get("Tty"):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            continue
        for stream, part in decoder.feed(data):
            target = sys.stderr if stream is Stream.STDERR else sys.stdout
            target.buffer.write(part)
            target.buffer.flush()
    return 0


def _moment(flag: str, given: str) -> str:
    try:
        return moment(given, now=time.time())
    except ValueError as error:
        raise InvalidArgument(f'invalid value for "{flag}": {error}', kind="flag", ref=flag) from error


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER",
    help="Show a container's output",
    flags=(
        Flag("details", "", "bool", "Show extra details"),
        Flag("follow", "f", "bool", "Go on as it grows"),
        Flag("since", "", "string", "From this time on, or this long ago (10m)"),
        Flag("tail", "n", "string", "The last lines only", "all"),
        Flag("timestamps", "t", "bool", "Show times"),
        Flag("until", "", "string", "Up to this time, or this long ago"),
    ),
    least=1,
    most=1,
    examples=("logs web", "logs -f --tail 20 web"),
)
