"""Container records as the Engine API shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from sampan.containers.record import ContainerRecord, Phase
from sampan.models.container import (
    ContainerInspect,
    ContainerNetworkSettings,
    ContainerState,
    ContainerSummary,
    GraphDriver,
    Port,
    SummaryHostConfig,
    SummaryNetworkSettings,
)
from sampan.models.network import EndpointSettings, PortBinding
from sampan.wire.timestamps import rfc3339
from sampan.wire.units import human_duration

_NANOS = 1_000_000_000
_SPECIAL = "'\"\\ \t\n$`!*?[](){}<>|&;#~"


def state_of(record: ContainerRecord) -> ContainerState:
    """A container's state."""
    return ContainerState(
        status=record.phase.shown,
        running=record.phase.is_running,
        paused=record.phase is Phase.PAUSED,
        dead=record.phase is Phase.DEAD,
        oom_killed=record.oom_killed,
        pid=record.task.init.pid if record.task is not None else 0,
        exit_code=record.exit_code,
        error=record.error,
        started_at=rfc3339(record.started_ns),
        finished_at=rfc3339(record.finished_ns),
    )


def status_text(record: ContainerRecord, now_ns: int) -> str:
    """The STATUS column of ``ps``: ``Up 3 minutes``, ``Exited (0) 2 hours ago``, ``Created``."""
    match record.phase:
        case Phase.RUNNING | Phase.PAUSED:
            suffix = " (Paused)" if record.phase is Phase.PAUSED else ""
            return f"Up {_ago(record.started_ns, now_ns)}{suffix}"
        case Phase.EXITED:
            if record.finished_ns == 0:
                return ""
            return f"Exited ({record.exit_code}) {_ago(record.finished_ns, now_ns)} ago"
        case Phase.REMOVING:
            return "Removal In Progress"
        case Phase.DEAD:
            return "Dead"
        case Phase.CREATED | Phase.STARTING:
            return "Created"


def _ago(then_ns: int, now_ns: int) -> str:
    return human_duration(max(0, now_ns - then_ns) / _NANOS)


def _endpoints(record: ContainerRecord) -> dict[str, EndpointSettings]:
    return record.network.endpoints or record.network.requested


def _exposed(record: ContainerRecord) -> dict[str, list[PortBinding] | None]:
    ports = record.config.exposed_ports
    if not record.phase.is_running or not isinstance(ports, dict):
        return {}
    return dict.fromkeys(sorted(ports))


def network_settings(record: ContainerRecord) -> ContainerNetworkSettings:
    """The network part of an inspection; the flat fields repeat the default bridge's."""
    endpoints = _endpoints(record)
    bridge = endpoints.get("bridge", EndpointSettings())
    return ContainerNetworkSettings(
        sandbox_id=record.network.sandbox_id,
        sandbox_key=record.network.sandbox_path,
        ports=_exposed(record),
        endpoint_id=bridge.endpoint_id,
        gateway=bridge.gateway,
        global_ipv6_address=bridge.global_ipv6_address,
        global_ipv6_prefix_len=bridge.global_ipv6_prefix_len,
        ip_address=bridge.ip_address,
        ip_prefix_len=bridge.ip_prefix_len,
        ipv6_gateway=bridge.ipv6_gateway,
        mac_address=bridge.mac_address,
        networks=endpoints,
    )


def inspection(
    record: ContainerRecord,
    *,
    directory: str,
    snapshot: Mapping[str, str],
    exec_ids: list[str],
    size_rw: int | None = None,
    size_root: int | None = None,
) -> ContainerInspect:
    """Answer to an inspection; ``directory`` holds the container's host files."""
    return ContainerInspect(
        id=record.id,
        created=rfc3339(record.created_ns),
        path=record.argv[0],
        args=record.argv[1:],
        state=state_of(record),
        image=record.image_id,
        resolv_conf_path=f"{directory}/resolv.conf",
        hostname_path=f"{directory}/hostname",
        hosts_path=f"{directory}/hosts",
        log_path=record.log_path,
        name=f"/{record.name}",
        restart_count=record.restart_count,
        driver="overlay2",
        platform="linux",
        mount_label="",
        process_label="",
        app_armor_profile="",
        exec_ids=exec_ids or None,
        host_config=record.host_config,
        graph_driver=GraphDriver(data=dict(snapshot)),
        size_rw=UNSET if size_rw is None else size_rw,
        size_root_fs=UNSET if size_root is None else size_root,
        mounts=record.mounts,
        config=record.config,
        network_settings=network_settings(record),
    )


def summary(
    record: ContainerRecord,
    *,
    now_ns: int,
    image: str,
    size_rw: int | None = None,
    size_root: int | None = None,
) -> ContainerSummary:
    """A row of a listing; ``image`` is the name to show, the id if the name is another image's now."""
    return ContainerSummary(
        id=record.id,
        names=[f"/{record.name}"],
        image=image,
        image_id=record.image_id,
        command=command_text(record.argv),
        created=record.created_ns // _NANOS,
        ports=_ports(record),
        size_rw=UNSET if size_rw is None else size_rw,
        size_root_fs=UNSET if size_root is None else size_root,
        labels=record.config.labels or {},
        state=record.phase.shown,
        status=status_text(record, now_ns),
        host_config=SummaryHostConfig(network_mode=record.host_config.network_mode),
        network_settings=SummaryNetworkSettings(networks=_endpoints(record)),
        mounts=record.mounts,
    )


def _ports(record: ContainerRecord) -> list[Port]:
    shown = []
    for name in _exposed(record):
        number, _, protocol = name.partition("/")
        shown.append(Port(private_port=int(number), type=protocol or "tcp"))
    return shown


def command_text(argv: list[str]) -> str:
    """A command as one line, with the words quoted that hold spaces or quotes."""
    return " ".join(
        f"'{word}'" if word == "" or any(char in _SPECIAL for char in word) else word for word in argv
    )
