"""Containers: what is asked for, what is stored, what is shown.

Field meanings are those of the Engine API v1.51 (ContainerConfig, HostConfig,
ContainerState, ContainerInspectResponse, ContainerSummary). Sizes are bytes, health
durations nanoseconds, ``stop_timeout`` seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from sampan.models.base import Model
from sampan.models.network import EndpointSettings, PortMap


class HealthConfig(Model, frozen=True, kw_only=True):
    """How to learn whether a container works; all durations in nanoseconds."""

    test: list[str] | UnsetType | None = UNSET
    interval: int | UnsetType = UNSET
    timeout: int | UnsetType = UNSET
    start_period: int | UnsetType = UNSET
    start_interval: int | UnsetType = UNSET
    retries: int | UnsetType = UNSET


class ContainerConfig(Model, frozen=True, kw_only=True):
    """The portable part of a container's definition: what an image may also carry."""

    hostname: str = ""
    domainname: str = ""
    user: str = ""
    attach_stdin: bool = False
    attach_stdout: bool = False
    attach_stderr: bool = False
    exposed_ports: dict[str, dict[str, str]] | UnsetType | None = UNSET
    tty: bool = False
    open_stdin: bool = False
    stdin_once: bool = False
    env: list[str] | None = None
    cmd: list[str] | str | None = None
    healthcheck: HealthConfig | UnsetType | None = UNSET
    args_escaped: bool | UnsetType = UNSET
    image: str = ""
    volumes: dict[str, dict[str, str]] | None = None
    working_dir: str = ""
    entrypoint: list[str] | str | None = None
    network_disabled: bool | UnsetType | None = UNSET
    mac_address: str | UnsetType | None = UNSET
    on_build: list[str] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | UnsetType | None = UNSET
    stop_timeout: int | UnsetType | None = UNSET
    shell: list[str] | UnsetType | None = UNSET


class LogConfig(Model, frozen=True, kw_only=True):
    """The log driver's name and options; an empty type means the daemon's default."""

    type: str = ""
    config: dict[str, str] | None = None


class RestartPolicy(Model, frozen=True, kw_only=True):
    """When the engine starts an ended container again."""

    name: Literal["", "no", "always", "unless-stopped", "on-failure"] = ""
    maximum_retry_count: int = 0


class WeightDevice(Model, frozen=True, kw_only=True):
    """A block device's share of I/O time."""

    path: str = ""
    weight: int = 0


class ThrottleDevice(Model, frozen=True, kw_only=True):
    """A block device's limit, bytes or operations a second."""

    path: str = ""
    rate: int = 0


class DeviceMapping(Model, frozen=True, kw_only=True):
    """A device node of the host shown in the container."""

    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class DeviceRequest(Model, frozen=True, kw_only=True):
    """Devices asked of a device driver, GPUs for instance."""

    driver: str = ""
    count: int = 0
    device_ids: list[str] | None = None
    capabilities: list[list[str]] | None = None
    options: dict[str, str] | None = None


class Ulimit(Model, frozen=True, kw_only=True):
    """A resource limit of the container's first process."""

    name: str = ""
    hard: int = 0
    soft: int = 0


class BindOptions(Model, frozen=True, kw_only=True):
    """Options of a bind mount."""

    propagation: str | UnsetType = UNSET
    non_recursive: bool | UnsetType = UNSET
    create_mountpoint: bool | UnsetType = UNSET
    read_only_non_recursive: bool | UnsetType = UNSET
    read_only_force_recursive: bool | UnsetType = UNSET


class VolumeDriverConfig(Model, frozen=True, kw_only=True):
    """Driver of a volume that a mount creates."""

    name: str | UnsetType = UNSET
    options: dict[str, str] | UnsetType | None = UNSET


class VolumeOptions(Model, frozen=True, kw_only=True):
    """Options of a volume mount."""

    no_copy: bool | UnsetType = UNSET
    labels: dict[str, str] | UnsetType | None = UNSET
    driver_config: VolumeDriverConfig | UnsetType | None = UNSET
    subpath: str | UnsetType = UNSET


class TmpfsOptions(Model, frozen=True, kw_only=True):
    """Options of a tmpfs mount: size in bytes, permission bits."""

    size_bytes: int | UnsetType = UNSET
    mode: int | UnsetType = UNSET
    options: list[list[str]] | UnsetType | None = UNSET


class ImageOptions(Model, frozen=True, kw_only=True):
    """Options of an image mount."""

    subpath: str | UnsetType = UNSET


class Mount(Model, frozen=True, kw_only=True):
    """A mount as asked for with ``--mount``."""

    type: str = ""
    source: str | UnsetType = UNSET
    target: str = ""
    read_only: bool | UnsetType = UNSET
    consistency: str | UnsetType = UNSET
    bind_options: BindOptions | UnsetType | None = UNSET
    volume_options: VolumeOptions | UnsetType | None = UNSET
    tmpfs_options: TmpfsOptions | UnsetType | None = UNSET
    image_options: ImageOptions | UnsetType | None = UNSET


class HostConfig(Model, frozen=True, kw_only=True):
    """The part of a container's definition that depends on the host."""

    binds: list[str] | None = None
    container_id_file: str = ""
    log_config: LogConfig = LogConfig()
    network_mode: str = ""
    port_bindings: PortMap | None = None
    restart_policy: RestartPolicy = RestartPolicy()
    auto_remove: bool = False
    volume_driver: str = ""
    volumes_from: list[str] | None = None
    console_size: tuple[int, int] | None = (0, 0)
    annotations: dict[str, str] | UnsetType | None = UNSET
    cap_add: list[str] | None = None
    cap_drop: list[str] | None = None
    cgroupns_mode: str = ""
    dns: list[str] | None = None
    dns_options: list[str] | None = None
    dns_search: list[str] | None = None
    extra_hosts: list[str] | None = None
    group_add: list[str] | None = None
    ipc_mode: str = ""
    cgroup: str = ""
    links: list[str] | None = None
    oom_score_adj: int = 0
    pid_mode: str = ""
    privileged: bool = False
    publish_all_ports: bool = False
    readonly_rootfs: bool = False
    security_opt: list[str] | None = None
    storage_opt: dict[str, str] | UnsetType | None = UNSET
    tmpfs: dict[str, str] | UnsetType | None = UNSET
    uts_mode: str = ""
    userns_mode: str = ""
    shm_size: int = 0
    sysctls: dict[str, str] | UnsetType | None = UNSET
    runtime: str = ""
    isolation: str = ""
    cpu_shares: int = 0
    memory: int = 0
    nano_cpus: int = 0
    cgroup_parent: str = ""
    blkio_weight: int = 0
    blkio_weight_device: list[WeightDevice] | None = None
    blkio_device_read_bps: list[ThrottleDevice] | None = None
    blkio_device_write_bps: list[ThrottleDevice] | None = None
    blkio_device_read_iops: list[ThrottleDevice] | None = None
    blkio_device_write_iops: list[ThrottleDevice] | None = None
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    devices: list[DeviceMapping] | None = None
    device_cgroup_rules: list[str] | None = None
    device_requests: list[DeviceRequest] | None = None
    kernel_memory_tcp: int | UnsetType = UNSET
    memory_reservation: int = 0
    memory_swap: int = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None
    ulimits: list[Ulimit] | None = None
    cpu_count: int = 0
    cpu_percent: int = 0
    io_maximum_iops: int = 0
    io_maximum_bandwidth: int = 0
    mounts: list[Mount] | UnsetType | None = UNSET
    init: bool | UnsetType | None = UNSET
    masked_paths: list[str] | None = None
    readonly_paths: list[str] | None = None


class NetworkingConfig(Model, frozen=True, kw_only=True):
    """The endpoints a new container gets, by network name or id."""

    endpoints_config: dict[str, EndpointSettings | None] | None = None


class CreateRequest(ContainerConfig, frozen=True, kw_only=True):
    """Body of ``POST /containers/create``: the config's own fields, and two more objects."""

    host_config: HostConfig | None = None
    networking_config: NetworkingConfig | None = None


class CreateResponse(Model, frozen=True, kw_only=True):
    """Answer to ``POST /containers/create``."""

    id: str
    warnings: list[str] = []


class HealthResult(Model, frozen=True, kw_only=True):
    """One run of a health check."""

    start: str = ""
    end: str = ""
    exit_code: int = 0
    output: str = ""


class Health(Model, frozen=True, kw_only=True):
    """What the last health checks said."""

    status: str = "none"
    failing_streak: int = 0
    log: list[HealthResult] | None = None


class ContainerState(Model, frozen=True, kw_only=True):
    """A container's state as the API shows it; times are RFC 3339 with nanoseconds."""

    status: str = "created"
    running: bool = False
    paused: bool = False
    restarting: bool = False
    oom_killed: bool = False
    dead: bool = False
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started_at: str = "0001-01-01T00:00:00Z"
    finished_at: str = "0001-01-01T00:00:00Z"
    health: Health | UnsetType | None = UNSET


class MountPoint(Model, frozen=True, kw_only=True):
    """A mount that a container has."""

    type: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    source: str = ""
    destination: str = ""
    driver: str | UnsetType = UNSET
    mode: str = ""
    rw: bool = True
    propagation: str = ""


class GraphDriver(Model, frozen=True, kw_only=True):
    """Where a snapshot lies: the driver's name and its directories."""

    data: dict[str, str] | None = None
    name: str = "overlay2"


class Address(Model, frozen=True, kw_only=True):
    """An IP address with its prefix length."""

    addr: str = ""
    prefix_len: int = 0


class ContainerNetworkSettings(Model, frozen=True, kw_only=True):
    """A container's network as ``inspect`` shows it; the flat fields are the default bridge's."""

    bridge: str = ""
    sandbox_id: str = ""
    sandbox_key: str = ""
    ports: PortMap = {}
    hairpin_mode: bool = False
    link_local_ipv6_address: str = ""
    link_local_ipv6_prefix_len: int = 0
    secondary_ip_addresses: list[Address] | None = None
    secondary_ipv6_addresses: list[Address] | None = None
    endpoint_id: str = ""
    gateway: str = ""
    global_ipv6_address: str = ""
    global_ipv6_prefix_len: int = 0
    ip_address: str = ""
    ip_prefix_len: int = 0
    ipv6_gateway: str = ""
    mac_address: str = ""
    networks: dict[str, EndpointSettings] = {}


class ContainerInspect(Model, frozen=True, kw_only=True):
    """Answer to ``GET /containers/{id}/json``."""

    id: str
    created: str
    path: str
    args: list[str]
    state: ContainerState
    image: str
    resolv_conf_path: str
    hostname_path: str
    hosts_path: str
    log_path: str
    name: str
    restart_count: int
    driver: str
    platform: str
    mount_label: str
    process_label: str
    app_armor_profile: str
    exec_ids: list[str] | None
    host_config: HostConfig
    graph_driver: GraphDriver
    size_rw: int | UnsetType = UNSET
    size_root_fs: int | UnsetType = field(default=UNSET, name="SizeRootFs")
    mounts: list[MountPoint]
    config: ContainerConfig
    network_settings: ContainerNetworkSettings


class Port(Model, frozen=True, kw_only=True):
    """A port in a container listing."""

    ip: str | UnsetType = UNSET
    private_port: int = 0
    public_port: int | UnsetType = UNSET
    type: str = "tcp"


class SummaryHostConfig(Model, frozen=True, kw_only=True):
    """The part of the host config that a listing shows."""

    network_mode: str = ""
    annotations: dict[str, str] | UnsetType | None = UNSET


class SummaryNetworkSettings(Model, frozen=True, kw_only=True):
    """The part of the network settings that a listing shows."""

    networks: dict[str, EndpointSettings] = {}


class ContainerSummary(Model, frozen=True, kw_only=True):
    """One row of ``GET /containers/json``; ``created`` is Unix seconds, ``names`` begin with ``/``."""

    id: str
    names: list[str]
    image: str
    image_id: str
    command: str
    created: int
    ports: list[Port]
    size_rw: int | UnsetType = UNSET
    size_root_fs: int | UnsetType = field(default=UNSET, name="SizeRootFs")
    labels: dict[str, str]
    state: str
    status: str
    host_config: SummaryHostConfig
    network_settings: SummaryNetworkSettings
    mounts: list[MountPoint]


class WaitError(Model, frozen=True, kw_only=True):
    """Why a wait could not be answered with an exit code."""

    message: str = ""


class WaitResult(Model, frozen=True, kw_only=True):
    """Answer to ``POST /containers/{id}/wait``."""

    status_code: int
    error: WaitError | UnsetType = UNSET


class TopResult(Model, frozen=True, kw_only=True):
    """Answer to ``GET /containers/{id}/top``: ps's columns and one row a process."""

    processes: list[list[str]]
    titles: list[str]


class PruneReport(Model, frozen=True, kw_only=True):
    """Answer to ``POST /containers/prune``."""

    containers_deleted: list[str] | None
    space_reclaimed: int


def argv(value: list[str] | str | None) -> list[str]:
    """A command or entrypoint as a list; the API also accepts one string."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def config_of(request: CreateRequest) -> ContainerConfig:
    """The config part of a create request."""
    names = ContainerConfig.__struct_fields__
    return ContainerConfig(**{name: getattr(request, name) for name in names})


def encode(value: object) -> bytes:
    """JSON of a model."""
    return msgspec.json.encode(value)
