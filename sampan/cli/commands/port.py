"""``sampan port``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Parsed
from sampan.cli.values import Object, as_object, objects, text
from sampan.client.api import Client
from sampan.errors import NotFound


def _run(client: Client, parsed: Parsed) -> int:
    name, *wanted = parsed.arguments
    settings = as_object(as_object(client.get(path_of(name, "/json"))).get("NetworkSettings"))
    ports = as_object(settings.get("Ports"))
    if wanted:
        port = wanted[0] if "/" in wanted[0] else f"{wanted[0]}/tcp"
        bindings = objects(ports.get(port))
        if not bindings:
            raise NotFound(f"no public port '{port}' published for {name}", kind="host", ref=port)
        sys.stdout.write("".join(f"{_address(binding)}\n" for binding in bindings))
        return 0
    for port in sorted(ports):
        for binding in objects(ports[port]):
            sys.stdout.write(f"{port} -> {_address(binding)}\n")
    return 0


def _address(binding: Object) -> str:
    host = text(binding, "HostIp")
    return f"[{host}]:{text(binding, 'HostPort')}" if ":" in host else f"{host}:{text(binding, 'HostPort')}"


COMMAND = Command(
    run=_run,
    usage="CONTAINER [PRIVATE_PORT[/PROTO]]",
    help="List the published ports of a container",
    least=1,
    most=2,
    examples=("port web", "port web 80/tcp"),
)
