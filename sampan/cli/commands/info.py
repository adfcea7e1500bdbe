"""``sampan info``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import Object, as_object, number, text, texts
from sampan.client.api import Client
from sampan.version import VERSION
from sampan.wire.units import binary_size


def _run(client: Client, parsed: Parsed) -> int:
    info = as_object(client.get("/info"))
    form = parsed.text("format")
    if form:
        from sampan.cli.output import print_inspected

        if form == "json":
            print_inspected([info], "{{json .}}")
        else:
            print_inspected([info], form)
        return 0
    sys.stdout.write(_shown(info))
    sys.stdout.flush()
    for warning in texts(info, "Warnings"):
        sys.stderr.write(f"{warning}\n")
    return 0


def _shown(info: Object) -> str:
    plugins = as_object(info.get("Plugins"))
    lines = [
        "Client:",
        f" Version:    {VERSION}",
        "",
        "Server:",
        f" Containers: {number(info, 'Containers')}",
        f"  Running: {number(info, 'ContainersRunning')}",
        f"  Paused: {number(info, 'ContainersPaused')}",
        f"  Stopped: {number(info, 'ContainersStopped')}",
        f" Images: {number(info, 'Images')}",
        f" Server Version: {text(info, 'ServerVersion')}",
        f" Storage Driver: {text(info, 'Driver')}",
        f" Logging Driver: {text(info, 'LoggingDriver')}",
        f" Cgroup Driver: {text(info, 'CgroupDriver')}",
        f" Cgroup Version: {text(info, 'CgroupVersion')}",
        " Plugins:",
        *(f"  {kind}: {' '.join(texts(plugins, kind))}" for kind in ("Volume", "Network", "Log")),
        f" Runtimes: {' '.join(as_object(info.get('Runtimes')))}",
        f" Default Runtime: {text(info, 'DefaultRuntime')}",
        " Security Options:",
        *(f"  {option}" for option in texts(info, "SecurityOptions")),
        f" Kernel Version: {text(info, 'KernelVersion')}",
        f" Operating System: {text(info, 'OperatingSystem')}",
        f" OSType: {text(info, 'OSType')}",
        f" Architecture: {text(info, 'Architecture')}",
        f" CPUs: {number(info, 'NCPU')}",
        f" Total Memory: {binary_size(number(info, 'MemTotal'))}",
        f" Name: {text(info, 'Name')}",
        f" ID: {text(info, 'ID')}",
        f" Root Dir: {text(info, 'DockerRootDir')}",
        f" Live Restore Enabled: {str(bool(info.get('LiveRestoreEnabled'))).lower()}",
        "",
    ]
    return "\n".join(lines)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Show what the engine is, has and runs",
    flags=(Flag("format", "f", "string", "'json', or a template"),),
    examples=("info", "info -f '{{.ServerVersion}}'"),
)
