"""The body of a create request, in the very shape that the docker CLI gives it.

It is made of plain JSON objects: importing the models costs more time than all else that
``run`` does before the first byte is sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from sampan.cli.creating.checks import host_entry, ulimit
from sampan.cli.creating.devices import (
    bytes_device,
    cdi_request,
    device,
    gpu_request,
    iops_device,
    is_cdi,
    weight_device,
)
from sampan.cli.creating.mount import mount
from sampan.cli.creating.networks import networks
from sampan.cli.creating.ports import Bindings, exposed_ports, published_ports
from sampan.cli.creating.security import security
from sampan.cli.creating.variables import environment, labels, pairs
from sampan.cli.flags import Parsed
from sampan.cli.sizes import parse_cpus, parse_nanoseconds, parse_size, parse_swap
from sampan.errors import InvalidArgument, NotImplementedHere

Json = dict[str, object]
_MOST_SWAPPINESS = 100
_WINDOWS = ("cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops")
_HEALTH_TIMES = {
    "Interval": "health-interval",
    "Timeout": "health-timeout",
    "StartPeriod": "health-start-period",
    "StartInterval": "health-start-interval",
}


def build_request(parsed: Parsed, env: Mapping[str, str], *, detach: bool = False) -> Json:
    """The request that a command line asks for. Raises InvalidArgument, naming what is wrong.

    With ``detach`` no stream is attached.
    """
    _refuse_foreign(parsed)
    image, *command = parsed.arguments
    attached = set() if detach else _attached(parsed)
    interactive = parsed.flag("interactive")
    published = published_ports(parsed.texts("publish"))
    exposed: dict[str, dict[str, str]] = {port: {} for port in published} | exposed_ports(
        parsed.texts("expose")
    )
    mode, endpoints = networks(parsed)
    binds, volumes = _volumes(parsed.texts("volume"))
    host = _host_config(parsed, mode, published, binds)
    request: Json = {
        "Hostname": parsed.text("hostname"),
        "Domainname": parsed.text("domainname"),
        "User": parsed.text("user"),
        "AttachStdin": "stdin" in attached,
        "AttachStdout": "stdout" in attached,
        "AttachStderr": "stderr" in attached,
        "Tty": parsed.flag("tty"),
        "OpenStdin": interactive,
        "StdinOnce": interactive and "stdin" in attached,
        "Env": environment(parsed.texts("env-file"), parsed.texts("env"), env) or None,
        "Cmd": command or None,
        "Image": image,
        "Volumes": volumes,
        "WorkingDir": parsed.text("workdir"),
        "Entrypoint": [parsed.text("entrypoint")] if parsed.given("entrypoint") else None,
        "OnBuild": None,
        "Labels": labels(parsed.texts("label-file"), parsed.texts("label")),
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": endpoints},
    }
    health = _health(parsed)
    optional: Json = {
        "ExposedPorts": exposed,
        "Healthcheck": health,
        "StopSignal": parsed.text("stop-signal"),
    }
    request |= {name: value for name, value in optional.items() if value}
    if parsed.given("stop-timeout"):
        request["StopTimeout"] = parsed.number("stop-timeout")
    return request


def _refuse_foreign(parsed: Parsed) -> None:
    for flag in _WINDOWS:
        if parsed.given(flag):
            raise _bad(f'"--{flag}" is only supported by a daemon on windows, and this one is on linux', flag)
    if not parsed.flag("disable-content-trust"):
        raise NotImplementedHere("content trust is not offered: nothing was verified", kind="flag")
    if parsed.flag("use-api-socket"):
        raise NotImplementedHere("--use-api-socket is not offered yet", kind="flag", ref="use-api-socket")


def _host_config(parsed: Parsed, mode: str, published: Bindings, binds: list[str]) -> Json:
    options, masked, readonly = security(parsed.texts("security-opt"))
    config: Json = {
        "Binds": binds or None,
        "ContainerIDFile": parsed.text("cidfile"),
        "LogConfig": {"Type": parsed.text("log-driver"), "Config": _log_options(parsed)},
        "NetworkMode": mode,
        "PortBindings": published,
        "RestartPolicy": _restart(parsed),
        "AutoRemove": parsed.flag("rm"),
        "VolumeDriver": parsed.text("volume-driver"),
        "VolumesFrom": parsed.texts("volumes-from") or None,
        "ConsoleSize": [0, 0],
        "CapAdd": _capabilities(parsed.texts("cap-add")),
        "CapDrop": _capabilities(parsed.texts("cap-drop")),
        "CgroupnsMode": _mode(parsed, "cgroupns", "CGROUP", ("host", "private")),
        "Dns": parsed.texts("dns"),
        "DnsOptions": parsed.texts("dns-option"),
        "DnsSearch": parsed.texts("dns-search"),
        "ExtraHosts": [host_entry(text) for text in parsed.texts("add-host")] or None,
        "GroupAdd": parsed.texts("group-add") or None,
        "IpcMode": parsed.text("ipc"),
        "Cgroup": "",
        "Links": parsed.texts("link") or None,
        "OomScoreAdj": parsed.number("oom-score-adj"),
        "PidMode": _mode(parsed, "pid", "PID", ("host",), containers=True),
        "Privileged": parsed.flag("privileged"),
        "PublishAllPorts": parsed.flag("publish-all"),
        "ReadonlyRootfs": parsed.flag("read-only"),
        "SecurityOpt": options,
        "UTSMode": _mode(parsed, "uts", "UTS", ("host",)),
        "UsernsMode": _mode(parsed, "userns", "USER", ("host",)),
        "ShmSize": _bytes(parsed, "shm-size"),
        "Isolation": parsed.text("isolation"),
        "MaskedPaths": masked,
        "ReadonlyPaths": readonly,
        **_resources(parsed),
    }
    optional: Json = {
        "Annotations": pairs(parsed.texts("annotation")),
        "StorageOpt": _storage_options(parsed.texts("storage-opt")),
        "Tmpfs": dict(text.partition(":")[::2] for text in parsed.texts("tmpfs")),
        "Sysctls": pairs(parsed.texts("sysctl")),
        "Runtime": parsed.text("runtime"),
        "Mounts": [mount(text) for text in parsed.texts("mount")],
    }
    config |= {name: value for name, value in optional.items() if value}
    if parsed.given("init"):
        config["Init"] = parsed.flag("init")
    return config


def _resources(parsed: Parsed) -> Json:
    devices = parsed.texts("device")
    requests = [gpu_request(text) for text in parsed.texts("gpus")]
    named = [text for text in devices if is_cdi(text)]
    return {
        "CpuShares": parsed.number("cpu-shares"),
        "Memory": _bytes(parsed, "memory"),
        "NanoCpus": parse_cpus(parsed.text("cpus")) if parsed.given("cpus") else 0,
        "CgroupParent": parsed.text("cgroup-parent"),
        "BlkioWeight": parsed.number("blkio-weight"),
        "BlkioWeightDevice": [weight_device(text) for text in parsed.texts("blkio-weight-device")],
        "BlkioDeviceReadBps": [bytes_device(text) for text in parsed.texts("device-read-bps")],
        "BlkioDeviceWriteBps": [bytes_device(text) for text in parsed.texts("device-write-bps")],
        "BlkioDeviceReadIOps": [iops_device(text) for text in parsed.texts("device-read-iops")],
        "BlkioDeviceWriteIOps": [iops_device(text) for text in parsed.texts("device-write-iops")],
        "CpuPeriod": parsed.number("cpu-period"),
        "CpuQuota": parsed.number("cpu-quota"),
        "CpuRealtimePeriod": parsed.number("cpu-rt-period"),
        "CpuRealtimeRuntime": parsed.number("cpu-rt-runtime"),
        "CpusetCpus": parsed.text("cpuset-cpus"),
        "CpusetMems": parsed.text("cpuset-mems"),
        "Devices": [device(text) for text in devices if not is_cdi(text)],
        "DeviceCgroupRules": parsed.texts("device-cgroup-rule") or None,
        "DeviceRequests": [*requests, *([cdi_request(named)] if named else [])] or None,
        "MemoryReservation": _bytes(parsed, "memory-reservation"),
        "MemorySwap": parse_swap(parsed.text("memory-swap")) if parsed.given("memory-swap") else 0,
        "MemorySwappiness": _swappiness(parsed.number("memory-swappiness")),
        "OomKillDisable": parsed.flag("oom-kill-disable"),
        "PidsLimit": parsed.number("pids-limit"),
        "Ulimits": [ulimit(text) for text in parsed.texts("ulimit")],
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
    }


def _attached(parsed: Parsed) -> set[str]:
    named = {name.lower() for name in parsed.texts("attach")} or {"stdout", "stderr"}
    return named | ({"stdin"} if parsed.flag("interactive") else set())


def _volumes(texts: Sequence[str]) -> tuple[list[str], dict[str, Json]]:
    """Binds, and directories that get a volume of their own."""
    binds: list[str] = []
    volumes: dict[str, Json] = {}
    for text in texts:
        if not text:
            raise _bad("invalid empty volume spec", "volume")
        source, found, rest = text.partition(":")
        if not found:
            volumes[text] = {}
            continue
        if not all(text.split(":")):
            raise _bad(f"invalid spec: {text}: empty section between colons", "volume")
        if source in (".", "..") or source.startswith(("./", "../")):
            source = os.path.abspath(source)
        binds.append(f"{source}:{rest}")
    return binds, volumes


def _capabilities(texts: Sequence[str]) -> list[str] | None:
    names = {text.strip().upper() for text in texts} - {""}
    found = {name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}" for name in names}
    return sorted(found) or None


def _mode(parsed: Parsed, flag: str, shown: str, known: tuple[str, ...], *, containers: bool = False) -> str:
    text = parsed.text(flag)
    joined = containers and text.startswith("container:") and text != "container:"
    if text and text not in known and not joined:
        raise _bad(f"--{flag}: invalid {shown} mode", flag)
    return text


def _restart(parsed: Parsed) -> Json:
    name, found, count = parsed.text("restart").partition(":")
    if found and not name:
        raise _bad("invalid restart policy format: no policy provided before colon", "restart")
    if found and not count.removeprefix("-").isdigit():
        raise _bad("invalid restart policy format: maximum retry count must be an integer", "restart")
    if parsed.flag("rm") and name not in ("", "no"):
        raise _bad("conflicting options: cannot specify both --restart and --rm", "restart")
    return {"Name": name, "MaximumRetryCount": int(count or "0")}


def _log_options(parsed: Parsed) -> dict[str, str]:
    options = pairs(parsed.texts("log-opt"))
    if options and parsed.text("log-driver") == "none":
        raise _bad("invalid logging opts for driver none", "log-opt")
    return options


def _storage_options(texts: Sequence[str]) -> dict[str, str]:
    if any("=" not in text for text in texts):
        raise _bad("invalid storage option", "storage-opt")
    return pairs(texts)


def _swappiness(value: int) -> int:
    if not -1 <= value <= _MOST_SWAPPINESS:
        raise _bad(f"invalid value: {value}. Valid memory swappiness range is 0-100", "memory-swappiness")
    return value


def _bytes(parsed: Parsed, flag: str) -> int:
    return parse_size(parsed.text(flag)) if parsed.given(flag) else 0


def _health(parsed: Parsed) -> Json:
    """The health check; empty if nothing is said of it."""
    values: Json = {}
    if parsed.given("health-cmd"):
        values["Test"] = ["CMD-SHELL", parsed.text("health-cmd")]
    numbers = {
        name: parse_nanoseconds(parsed.text(flag))
        for name, flag in _HEALTH_TIMES.items()
        if parsed.given(flag)
    }
    numbers["Retries"] = parsed.number("health-retries")
    for name, flag in (*_HEALTH_TIMES.items(), ("Retries", "health-retries")):
        if numbers.get(name, 0) < 0:
            raise _bad(f"--{flag} cannot be negative", flag)
    values |= {name: value for name, value in numbers.items() if value}
    if not parsed.flag("no-healthcheck"):
        return values
    if values:
        raise _bad("--no-healthcheck conflicts with --health-* options", "no-healthcheck")
    return {"Test": ["NONE"]}


def _bad(reason: str, flag: str) -> InvalidArgument:
    return InvalidArgument(reason, kind="flag", ref=flag)
