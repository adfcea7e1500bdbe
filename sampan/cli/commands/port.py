"""``sampan port``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Parsed
from sampan.cli.outcome import Failed
from sampan.cli.values import Object, as_object, objects, text
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    name, *wanted = parsed.arguments
    settings = as_object(as_object(client.get(path_of(name, "/json"))).get("NetworkSettings"))
    ports = as_object(settings.get("Ports"))
    if wanted:
        return _one(name, wanted[0], ports)
    for port in sorted(ports):
        for binding in objects(ports[port]):
            sys.stdout.write(f"{port} -> {_address(binding)}\n")
    return 0


def _one(name: str, port: str, ports: Object) -> int:
    number = port.partition("/")[0]
    if not number.isdigit():
        raise Failed(f'Error: invalid port ({number}): strconv.ParseUint: parsing "{number}": invalid syntax')
    bindings = objects(ports.get(port if "/" in port else f"{port}/tcp"))
    if not bindings:
        raise Failed(f"Error: No public port '{port}' published for {name}")
    sys.stdout.write("".join(f"{_address(binding)}\n" for binding in bindings))
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
