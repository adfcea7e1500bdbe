"""``sampan events``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.times import moment, rfc3339
from sampan.cli.values import Object, as_object, number, text
from sampan.client.api import Client
from sampan.errors import InvalidArgument

_NANOS = 1_000_000_000


def _run(client: Client, parsed: Parsed) -> int:
    now = time.time()
    try:
        values = [
            (flag, moment(parsed.text(flag), now=now)) for flag in ("since", "until") if parsed.text(flag)
        ]
    except ValueError as error:
        raise InvalidArgument(str(error), kind="flag", ref="since") from error
    show = _renderer(parsed.text("format"))
    rest = b""
    for data in client.stream("GET", "/events", [*values, *chosen(parsed)]):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                sys.stdout.write(show(line.decode(errors="replace")) + "\n")
        sys.stdout.flush()
    return 0


def _renderer(form: str) -> Callable[[str], str]:
    """How a line of the daemon's is shown."""
    if not form:
        return lambda line: _plain(as_object(json.loads(line)))
    if form == "json":
        return lambda line: json.dumps(_ordered(json.loads(line)), separators=(",", ":"), ensure_ascii=False)
    from sampan.cli.template.parse import parse
    from sampan.cli.template.render import Renderer
    from sampan.cli.template.values import typed

    try:
        renderer = Renderer(parse(form.replace("\\t", "\t").replace("\\n", "\n")))
    except InvalidArgument as error:
        raise InvalidArgument(f"Error parsing format: {error.message}", kind="flag", ref="format") from error
    return lambda line: renderer.render(typed(json.loads(line)))


def _ordered(event: object) -> object:
    """An event with its attributes in the order of their names."""
    actor = as_object(as_object(event).get("Actor"))
    attributes = as_object(actor.get("Attributes"))
    if not attributes:
        return event
    return {**as_object(event), "Actor": {**actor, "Attributes": dict(sorted(attributes.items()))}}


def _plain(event: Object) -> str:
    nanos = number(event, "timeNano")
    at = rfc3339(nanos // _NANOS, nanos=nanos % _NANOS)
    actor = as_object(event.get("Actor"))
    attributes = as_object(actor.get("Attributes"))
    details = ", ".join(f"{key}={value}" for key, value in sorted(attributes.items()))
    line = f"{at} {text(event, 'Type')} {text(event, 'Action')} {text(actor, 'ID')}"
    return f"{line} ({details})" if details else line


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Follow what happens in the engine",
    flags=(
        FILTER,
        Flag("format", "", "string", "'json', or a template"),
        Flag("since", "", "string", "Begin with what happened since then"),
        Flag("until", "", "string", "End at this time"),
    ),
    examples=("events", "events --since 10m --filter type=container"),
)
