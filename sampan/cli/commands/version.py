"""``sampan version``."""

from __future__ import annotations

import platform
import sys
import time

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.outcome import FAILED
from sampan.cli.values import Object, as_object, objects, text
from sampan.client.api import Client
from sampan.errors import Unavailable
from sampan.version import API_VERSION, VERSION

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
# Details of the engine that have a line of their own, by the words before them.
_LINES = {"Go version": "GoVersion", "Git commit": "GitCommit", "Built": "BuildTime"}
_OF_LINES = frozenset(
    {*_LINES.values(), "ApiVersion", "MinAPIVersion", "Os", "Arch", "KernelVersion", "Experimental"}
)


def _client(spoken: str) -> Object:
    return {
        "Version": VERSION,
        "ApiVersion": spoken,
        "DefaultAPIVersion": API_VERSION,
        "Os": "windows" if sys.platform == "win32" else sys.platform,
        "Arch": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "Context": "default",
    }


def _run(client: Client, parsed: Parsed) -> int:
    server: Object | None = None
    problem, spoken = "", API_VERSION
    try:
        server = as_object(client.get("/version"))
        spoken = client.version_path().removeprefix("/v")
    except Unavailable as error:
        problem = error.message
    form = parsed.text("format")
    if form:
        from sampan.cli.output import print_inspected

        whole = {"Client": _client(spoken), "Server": server}
        print_inspected([whole], "{{json .}}" if form == "json" else form)
    else:
        sys.stdout.write("\n".join([*_client_lines(_client(spoken)), *_server_lines(server), ""]))
    if problem:
        sys.stdout.flush()
        sys.stderr.write(f"{problem}\n")
        return FAILED
    return 0


def _client_lines(client: Object) -> list[str]:
    spoken = text(client, "ApiVersion")
    older = f" (downgraded from {API_VERSION})" if spoken != API_VERSION else ""
    return [
        "Client:",
        f" Version:           {client['Version']}",
        f" API version:       {spoken}{older}",
        f" OS/Arch:           {client['Os']}/{client['Arch']}",
        f" Context:           {client['Context']}",
    ]


def _server_lines(server: Object | None) -> list[str]:
    if server is None:
        return []
    lines = ["", f"Server: {text(as_object(server.get('Platform')), 'Name')}".rstrip()]
    for component in objects(server.get("Components")):
        details = as_object(component.get("Details"))
        lines += [f" {text(component, 'Name')}:", f"  Version:          {text(component, 'Version')}"]
        if "ApiVersion" in details:
            lines += _engine_lines(details)
        lines += [
            f"  {key + ':':<18}{value}"
            for key, value in details.items()
            if key not in _OF_LINES or "ApiVersion" not in details
        ]
    return lines


def _engine_lines(details: Object) -> list[str]:
    least = text(details, "MinAPIVersion")
    lines = [
        f"  API version:      {text(details, 'ApiVersion')}{f' (minimum version {least})' if least else ''}"
    ]
    lines += [
        f"  {words + ':':<18}{_built(text(details, key))}"
        for words, key in _LINES.items()
        if text(details, key)
    ]
    lines.append(f"  OS/Arch:          {text(details, 'Os')}/{text(details, 'Arch')}")
    if text(details, "Experimental"):
        lines.append(f"  Experimental:     {text(details, 'Experimental')}")
    return lines


def _built(value: str) -> str:
    """A build's time as people read it; another text as it is."""
    try:
        return time.strftime("%a %b %e %H:%M:%S %Y", time.strptime(value[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return value


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Show the versions of client and engine",
    flags=(Flag("format", "f", "string", "'json', or a template"),),
    examples=("version", "version --format '{{.Server.Version}}'"),
)
