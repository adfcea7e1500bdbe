"""``sampan events``."""

from __future__ import annotations

import json
import sys
import time

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import Object, as_object, number, text
from sampan.client.api import Client

_NANOS = 1_000_000_000


def _run(client: Client, parsed: Parsed) -> int:
    values = [(flag, parsed.text(flag)) for flag in ("since", "until") if parsed.text(flag)]
    form = parsed.text("format")
    rest = b""
    for data in client.stream("GET", "/events", [*values, *chosen(parsed)]):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                sys.stdout.write(_shown(as_object(json.loads(line)), form) + "\n")
        sys.stdout.flush()
    return 0


def _shown(event: Object, form: str) -> str:
    if form == "json":
        return json.dumps(event, separators=(",", ":"))
    if form:
        from sampan.cli.template.render import render

        return render(form, event)
    nanos = number(event, "timeNano")
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(nanos // _NANOS))
    zone = time.strftime("%z", time.localtime(nanos // _NANOS))
    shown_zone = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    actor = as_object(event.get("Actor"))
    attributes = as_object(actor.get("Attributes"))
    details = ", ".join(f"{key}={value}" for key, value in sorted(attributes.items()))
    line = f"{at}.{nanos % _NANOS:09d}{shown_zone} {text(event, 'Type')} {text(event, 'Action')} {text(actor, 'ID')}"
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
