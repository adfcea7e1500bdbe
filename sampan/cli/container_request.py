"""From the flags of ``run`` and ``create`` to the body of a create request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from sampan.cli.flags import Parsed
from sampan.cli.mount_flag import parse_mount
from sampan.cli.port_flag import exposed_ports, published_ports
from sampan.cli.sizes import parse_cpus, parse_nanoseconds, parse_size
from sampan.errors import InvalidArgument
from sampan.models.container import (
    CreateRequest,
    DeviceMapping,
    HealthConfig,
    HostConfig,
    LogConfig,
    NetworkingConfig,
    RestartPolicy,
    Ulimit,
)
from sampan.models.network import EndpointIPAMConfig, EndpointSettings, PortBinding

_STREAMS = ("stdin", "stdout", "stderr")


def build_request(parsed: Parsed, env: Mapping[str, str], *, detach: bool = False) -> CreateRequest:
    """The request that a command line asks for. Raises InvalidArgument, naming flag and value."""
    image, *command = parsed.arguments
    attach = _attached(parsed, detach=detach)
    interactive = parsed.flag("interactive")
    ports = published_ports(parsed.texts("publish"))
    exposed = exposed_ports(parsed.texts("expose")) | {port: {} for port in ports}
    labels = _pairs([*_lines(parsed.texts("label-file")), *parsed.texts("label")])
    mode = parsed.text("network") or parsed.text("net") or "default"
    return CreateRequest(
        hostname=parsed.text("hostname"),
        domainname=parsed.text("domainname"),
        user=parsed.text("user"),
        attach_stdin="stdin" in attach,
        attach_stdout="stdout" in attach,
        attach_stderr="stderr" in attach,
        tty=parsed.flag("tty"),
        open_stdin=interactive,
        stdin_once=interactive and "stdin" in attach,
        env=environment(parsed, env),
        cmd=command or None,
        image=image,
        exposed_ports=exposed or UNSET,
        volumes={path: {} for path in parsed.texts("volume") if ":" not in path} or None,
        working_dir=parsed.text("workdir"),
        entrypoint=_entrypoint(parsed),
        labels=labels,
        stop_signal=parsed.text("stop-signal") or UNSET,
        stop_timeout=parsed.number("stop-timeout") if parsed.given("stop-timeout") else UNSET,
        healthcheck=_health(parsed),
        host_config=_host_config(parsed, mode, ports),
        networking_config=_networking(parsed, mode),
    )


def _host_config(parsed: Parsed, mode: str, ports: dict[str, list[PortBinding]]) -> HostConfig:
    mounts = [parse_mount(text) for text in parsed.texts("mount")]
    tmpfs = dict(text.partition(":")[::2] for text in parsed.texts("tmpfs"))
    return HostConfig(
        binds=[text for text in parsed.texts("volume") if ":" in text] or None,
        container_id_file=parsed.text("cidfile"),
        log_config=LogConfig(type=parsed.text("log-driver"), config=_pairs(parsed.texts("log-opt"))),
        network_mode=mode,
        port_bindings={**ports},
        restart_policy=_restart(parsed.text("restart")),
        auto_remove=parsed.flag("rm"),
        volume_driver=parsed.text("volume-driver"),
        volumes_from=parsed.texts("volumes-from") or None,
        annotations=_pairs(parsed.texts("annotation")) or UNSET,
        cap_add=parsed.texts("cap-add") or None,
        cap_drop=parsed.texts("cap-drop") or None,
        cgroupns_mode=parsed.text("cgroupns"),
        dns=parsed.texts("dns"),
        dns_options=parsed.texts("dns-option"),
        dns_search=parsed.texts("dns-search"),
        extra_hosts=parsed.texts("add-host") or None,
        group_add=parsed.texts("group-add") or None,
        ipc_mode=parsed.text("ipc"),
        oom_score_adj=parsed.number("oom-score-adj") or 0,
        pid_mode=parsed.text("pid"),
        privileged=parsed.flag("privileged"),
        publish_all_ports=parsed.flag("publish-all"),
        readonly_rootfs=parsed.flag("read-only"),
        security_opt=_security(parsed.texts("security-opt")),
        storage_opt=_pairs(parsed.texts("storage-opt")) or UNSET,
        tmpfs=tmpfs or UNSET,
        uts_mode=parsed.text("uts"),
        userns_mode=parsed.text("userns"),
        shm_size=_bytes(parsed, "shm-size"),
        sysctls=_pairs(parsed.texts("sysctl")) or UNSET,
        runtime=parsed.text("runtime"),
        cpu_shares=parsed.number("cpu-shares") or 0,
        memory=_bytes(parsed, "memory"),
        nano_cpus=parse_cpus(parsed.text("cpus")) if parsed.given("cpus") else 0,
        cgroup_parent=parsed.text("cgroup-parent"),
        blkio_weight=parsed.number("blkio-weight") or 0,
        cpu_period=parsed.number("cpu-period") or 0,
        cpu_quota=parsed.number("cpu-quota") or 0,
        cpuset_cpus=parsed.text("cpuset-cpus"),
        cpuset_mems=parsed.text("cpuset-mems"),
        devices=[_device(text) for text in parsed.texts("device")] or None,
        device_cgroup_rules=parsed.texts("device-cgroup-rule") or None,
        memory_reservation=_bytes(parsed, "memory-reservation"),
        memory_swap=-1 if parsed.text("memory-swap") == "-1" else _bytes(parsed, "memory-swap"),
        memory_swappiness=parsed.number("memory-swappiness") if parsed.given("memory-swappiness") else None,
        oom_kill_disable=True if parsed.flag("oom-kill-disable") else None,
        pids_limit=parsed.number("pids-limit") if parsed.given("pids-limit") else None,
        ulimits=[_ulimit(text) for text in parsed.texts("ulimit")] or None,
        mounts=mounts or UNSET,
        init=parsed.flag("init") if parsed.given("init") else UNSET,
    )


def _attached(parsed: Parsed, *, detach: bool) -> set[str]:
    if detach:
        return set()
    named = {name.lower() for name in parsed.texts("attach")}
    for name in named - set(_STREAMS):
        raise InvalidArgument(
            f'invalid argument "{name}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR',
            kind="flag",
            ref=name,
        )
    if named:
        return named
    return {"stdout", "stderr", *(["stdin"] if parsed.flag("interactive") else [])}


def _entrypoint(parsed: Parsed) -> list[str] | None:
    return [parsed.text("entrypoint")] if parsed.given("entrypoint") else None


def environment(parsed: Parsed, env: Mapping[str, str]) -> list[str]:
    """The variables of --env-file and --env; a name alone takes its value from ``env``. Raises InvalidArgument."""
    found = []
    for text in [*_lines(parsed.texts("env-file")), *parsed.texts("env")]:
        name, has_value, _ = text.partition("=")
        if not name:
            raise InvalidArgument(
                f'invalid argument "{text}" for "-e, --env" flag: invalid environment variable: {text}',
                kind="flag",
                ref="env",
            )
        if has_value:
            found.append(text)
        elif name in env:
            found.append(f"{name}={env[name]}")
    return found


def _lines(paths: Iterable[str]) -> list[str]:
    """The lines of files, comments and empty ones left out. Raises InvalidArgument for an unreadable one."""
    found: list[str] = []
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.strip("\r\n").lstrip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidArgument(f"open {path}: {error}", kind="file", ref=path) from error
        found += [line for line in lines if line and not line.startswith("#")]
    return found


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in texts)


def _bytes(parsed: Parsed, flag: str) -> int:
    return parse_size(parsed.text(flag), flag) if parsed.given(flag) else 0


def _restart(text: str) -> RestartPolicy:
    name, has_count, count = text.partition(":")
    if name not in ("no", "always", "unless-stopped", "on-failure", "") or (
        has_count and not count.isdigit()
    ):
        raise InvalidArgument(f"invalid restart policy {text!r}", kind="flag", ref="restart")
    return RestartPolicy(name=name, maximum_retry_count=int(count or "0"))  # type: ignore[arg-type]


def _security(options: list[str]) -> list[str] | None:
    """A seccomp profile's file is read here, where it lies; the daemon gets its content."""
    found = []
    for option in options:
        name, mark, value = option.partition("=") if "=" in option else option.partition(":")
        if name == "seccomp" and mark and value not in ("unconfined", "builtin"):
            try:
                with open(value, encoding="utf-8") as file:
                    found.append(f"seccomp={json.dumps(json.load(file), separators=(',', ':'))}")
            except (OSError, ValueError) as error:
                raise InvalidArgument(
                    f"opening seccomp profile ({value}) failed: {error}", kind="file", ref=value
                ) from error
        else:
            found.append(option)
    return found or None


def _device(text: str) -> DeviceMapping:
    parts = text.split(":")
    source, target, access = parts[0], parts[0], "rwm"
    if len(parts) == 2:
        if set(parts[1]) <= set("rwm"):
            access = parts[1]
        else:
            target = parts[1]
    elif len(parts) == 3:
        target, access = parts[1], parts[2]
    if not source or len(parts) > 3:
        raise InvalidArgument(f"invalid device specification: {text}", kind="flag", ref="device")
    return DeviceMapping(path_on_host=source, path_in_container=target, cgroup_permissions=access)


def _ulimit(text: str) -> Ulimit:
    name, _, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    try:
        return Ulimit(name=name, soft=int(soft), hard=int(hard or soft))
    except ValueError as error:
        raise InvalidArgument(
            f'invalid argument "{text}" for "--ulimit" flag: expected name=soft[:hard]',
            kind="flag",
            ref="ulimit",
        ) from error


def _health(parsed: Parsed) -> HealthConfig | UnsetType:
    if parsed.flag("no-healthcheck"):
        return HealthConfig(test=["NONE"])
    names = ("health-cmd", "health-interval", "health-retries", "health-start-period", "health-timeout")
    if not any(parsed.given(name) for name in names):
        return UNSET

    def duration(flag: str) -> int:
        return parse_nanoseconds(parsed.text(flag), flag) if parsed.given(flag) else 0

    return HealthConfig(
        test=["CMD-SHELL", parsed.text("health-cmd")] if parsed.given("health-cmd") else UNSET,
        interval=duration("health-interval"),
        timeout=duration("health-timeout"),
        start_period=duration("health-start-period"),
        retries=parsed.number("health-retries") or 0,
    )


def _networking(parsed: Parsed, mode: str) -> NetworkingConfig:
    address, mac = parsed.text("ip"), parsed.text("mac-address")
    if not (address or mac):
        return NetworkingConfig(endpoints_config={})
    ipam = EndpointIPAMConfig(ipv4_address=address) if address else None
    return NetworkingConfig(endpoints_config={mode: EndpointSettings(ipam_config=ipam, mac_address=mac)})
