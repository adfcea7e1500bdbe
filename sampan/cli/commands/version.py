"""``sampan version``."""

from __future__ import annotations

import platform
import sys

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import Object, as_object, objects, text
from sampan.client.api import Client
from sampan.errors import Unavailable
from sampan.version import API_VERSION, VERSION


def _client() -> Object:
    return {
        "Version": VERSION,
        "ApiVersion": API_VERSION,
        "Os": sys.platform,
        "Arch": platform.machine(),
        "Context": "default",
    }


def _run(client: Client, parsed: Parsed) -> int:
    server: Object | None = None
    problem = ""
    try:
        server = as_object(client.get("/version"))
    except Unavailable as error:
        problem = error.message
    form = parsed.text("format")
    if form:
        from sampan.cli.output import print_inspected

        print_inspected([{"Client": _client(), "Server": server}], form)
    else:
        sys.stdout.write(_shown(server))
    if problem:
        sys.stdout.flush()
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _shown(server: Object | None) -> str:
    client = _client()
    lines = [
        "Client:",
        f" Version:           {client['Version']}",
        f" API version:       {client['ApiVersion']}",
        f" OS/Arch:           {client['Os']}/{client['Arch']}",
    ]
    if server is not None:
        name = text(as_object(server.get("Platform")), "Name")
        lines += ["", f"Server: {name}"]
        for component in objects(server.get("Components")):
            lines.append(f" {text(component, 'Name')}:")
            lines.append(f"  Version:          {text(component, 'Version')}")
            details = as_object(component.get("Details"))
            lines += [f"  {key + ':':<18}{value}" for key, value in details.items()]
    return "\n".join([*lines, ""])


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Show the versions of client and engine",
    flags=(Flag("format", "f", "string", "'json', or a template"),),
    examples=("version", "version --format '{{.Server.Version}}'"),
)
