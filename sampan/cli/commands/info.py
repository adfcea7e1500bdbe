"""``sampan info``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.values import Object, as_list, as_object, number, objects, text, texts
from sampan.client.api import Client
from sampan.version import VERSION
from sampan.wire.units import binary_size

_COMMITS = {"ContainerdCommit": "containerd", "RuncCommit": "runc", "InitCommit": "init"}


def _run(client: Client, parsed: Parsed) -> int:
    info = as_object(client.get("/info"))
    form = parsed.text("format")
    if form:
        from sampan.cli.output import print_inspected

        print_inspected([info], "{{json .}}" if form == "json" else form)
        return 0
    lines = [
        *("Client:", f" Version:    {VERSION}", " Context:    default", " Debug Mode: false", "", "Server:"),
        *_contents(info),
        *_parts(info),
        *_security(texts(info, "SecurityOptions")),
        *_host(info),
        *_settings(info),
    ]
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()
    for warning in texts(info, "Warnings"):
        sys.stderr.write(f"{warning}\n")
    return 0


def _contents(info: Object) -> list[str]:
    return [
        f" Containers: {number(info, 'Containers')}",
        f"  Running: {number(info, 'ContainersRunning')}",
        f"  Paused: {number(info, 'ContainersPaused')}",
        f"  Stopped: {number(info, 'ContainersStopped')}",
        f" Images: {number(info, 'Images')}",
        f" Server Version: {text(info, 'ServerVersion')}",
    ]


def _parts(info: Object) -> list[str]:
    plugins = as_object(info.get("Plugins"))
    status = [as_list(pair) for pair in as_list(info.get("DriverStatus"))]
    kinds = ("Volume", "Network", "Authorization", "Log")
    commits = [
        f" {name} version: {text(as_object(info[key]), 'ID')}"
        for key, name in _COMMITS.items()
        if key in info
    ]
    return [
        f" Storage Driver: {text(info, 'Driver')}",
        *(f"  {pair[0]}: {pair[1]}" for pair in status if len(pair) == 2),
        f" Logging Driver: {text(info, 'LoggingDriver')}",
        f" Cgroup Driver: {text(info, 'CgroupDriver')}",
        f" Cgroup Version: {text(info, 'CgroupVersion')}",
        " Plugins:",
        *(
            f"  {kind}: {' '.join(texts(plugins, kind))}"
            for kind in kinds
            if kind != "Authorization" or plugins.get(kind)
        ),
        f" Swarm: {text(as_object(info.get('Swarm')), 'LocalNodeState') or 'inactive'}",
        f" Runtimes: {' '.join(as_object(info.get('Runtimes')))}",
        f" Default Runtime: {text(info, 'DefaultRuntime')}",
        f" Init Binary: {text(info, 'InitBinary')}",
        *commits,
    ]


def _security(options: list[str]) -> list[str]:
    """``name=seccomp,profile=builtin`` is a line of its name, and one below for each setting."""
    lines = [" Security Options:"] if options else []
    for option in options:
        for field in option.split(","):
            name, found, value = field.partition("=")
            if name == "name" or not found:
                lines.append(f"  {value or name}")
            else:
                lines.append(f"   {name[:1].upper()}{name[1:]}: {value}")
    return lines


def _host(info: Object) -> list[str]:
    return [
        f" Kernel Version: {text(info, 'KernelVersion')}",
        f" Operating System: {text(info, 'OperatingSystem')}",
        f" OSType: {text(info, 'OSType')}",
        f" Architecture: {text(info, 'Architecture')}",
        f" CPUs: {number(info, 'NCPU')}",
        f" Total Memory: {binary_size(number(info, 'MemTotal'))}",
        f" Name: {text(info, 'Name')}",
        f" ID: {text(info, 'ID')}",
        f" Docker Root Dir: {text(info, 'DockerRootDir')}",
        f" Debug Mode: {_bool(info, 'Debug')}",
    ]


def _settings(info: Object) -> list[str]:
    registries = as_object(info.get("RegistryConfig"))
    cidrs, mirrors, labels = (
        texts(registries, "InsecureRegistryCIDRs"),
        texts(registries, "Mirrors"),
        texts(info, "Labels"),
    )
    proxies = {"HTTP Proxy": "HttpProxy", "HTTPS Proxy": "HttpsProxy", "No Proxy": "NoProxy"}
    pools = [
        f"   Base: {text(pool, 'Base')}, Size: {number(pool, 'Size')}"
        for pool in objects(info.get("DefaultAddressPools"))
    ]
    return [
        *(f" {words}: {text(info, key)}" for words, key in proxies.items() if text(info, key)),
        *_listed(" Labels:", [f"  {label}" for label in labels]),
        f" Experimental: {_bool(info, 'ExperimentalBuild')}",
        *_listed(" Insecure Registries:", [f"  {cidr}" for cidr in cidrs]),
        *_listed(" Registry Mirrors:", [f"  {mirror}" for mirror in mirrors]),
        f" Live Restore Enabled: {_bool(info, 'LiveRestoreEnabled')}",
        *_listed(" Default Address Pools:", pools),
    ]


def _listed(head: str, items: list[str]) -> list[str]:
    return [head, *items] if items else []


def _bool(info: Object, name: str) -> str:
    return "true" if info.get(name) else "false"


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="Show what the engine is, has and runs",
    flags=(Flag("format", "f", "string", "'json', or a template"),),
    examples=("info", "info -f '{{.ServerVersion}}'"),
)
