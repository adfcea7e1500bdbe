"""The engine as a whole: version, info."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from sampan.models.base import Model


class PlatformName(Model, frozen=True, kw_only=True):
    """A product's name."""

    name: str


class Component(Model, frozen=True, kw_only=True):
    """A part of the engine and its version."""

    name: str
    version: str
    details: dict[str, str] | UnsetType | None = UNSET


class Version(Model, frozen=True, kw_only=True):
    """Answer to ``GET /version``."""

    platform: PlatformName
    components: list[Component]
    version: str
    api_version: str
    min_api_version: str = field(name="MinAPIVersion")
    git_commit: str
    go_version: str
    os: str
    arch: str
    kernel_version: str
    experimental: bool | UnsetType = UNSET
    build_time: str | UnsetType = UNSET


class Plugins(Model, frozen=True, kw_only=True):
    """Names of the drivers of each kind."""

    volume: list[str]
    network: list[str]
    authorization: list[str] | None
    log: list[str]


class Commit(Model, frozen=True, kw_only=True):
    """The source revision of an external program."""

    id: str = field(name="ID")
    expected: str | UnsetType = UNSET


class RuntimeInfo(Model, frozen=True, kw_only=True):
    """An OCI runtime that containers may ask for."""

    path: str = field(name="path")
    runtime_args: list[str] | UnsetType = field(default=UNSET, name="runtimeArgs")


class SwarmInfo(Model, frozen=True, kw_only=True):
    """This node's part in a cluster."""

    node_id: str = field(default="", name="NodeID")
    node_addr: str = ""
    local_node_state: str = "inactive"
    control_available: bool = False
    error: str = ""
    remote_managers: list[dict[str, str]] | None = None


class IndexInfo(Model, frozen=True, kw_only=True):
    """A registry as the daemon is configured to reach it."""

    name: str
    mirrors: list[str]
    secure: bool
    official: bool


class RegistryConfig(Model, frozen=True, kw_only=True):
    """How registries are reached."""

    insecure_registry_cidrs: list[str] = field(name="InsecureRegistryCIDRs")
    index_configs: dict[str, IndexInfo]
    mirrors: list[str] | None


class AddressPool(Model, frozen=True, kw_only=True):
    """A block that default networks' subnets are cut from."""

    base: str
    size: int


class Info(Model, frozen=True, kw_only=True):
    """Answer to ``GET /info``."""

    id: str = field(name="ID")
    containers: int
    containers_running: int
    containers_paused: int
    containers_stopped: int
    images: int
    driver: str
    driver_status: list[tuple[str, str]]
    plugins: Plugins
    memory_limit: bool
    swap_limit: bool
    cpu_cfs_period: bool
    cpu_cfs_quota: bool
    cpu_shares: bool = field(name="CPUShares")
    cpu_set: bool = field(name="CPUSet")
    pids_limit: bool
    ipv4_forwarding: bool = field(name="IPv4Forwarding")
    debug: bool
    n_fd: int = field(name="NFd")
    oom_kill_disable: bool
    n_goroutines: int = field(name="NGoroutines")
    system_time: str
    logging_driver: str
    cgroup_driver: str
    cgroup_version: str
    n_events_listener: int = field(name="NEventsListener")
    kernel_version: str
    operating_system: str
    os_version: str = field(name="OSVersion")
    os_type: str = field(name="OSType")
    architecture: str
    index_server_address: str
    registry_config: RegistryConfig
    ncpu: int = field(name="NCPU")
    mem_total: int
    generic_resources: list[str] | None
    docker_root_dir: str
    http_proxy: str
    https_proxy: str
    no_proxy: str
    name: str
    labels: list[str]
    experimental_build: bool
    server_version: str
    runtimes: dict[str, RuntimeInfo]
    default_runtime: str
    swarm: SwarmInfo
    live_restore_enabled: bool
    isolation: str
    init_binary: str
    containerd_commit: Commit
    runc_commit: Commit
    init_commit: Commit
    security_options: list[str]
    default_address_pools: list[AddressPool] | UnsetType = UNSET
    cdi_spec_dirs: list[str] = field(name="CDISpecDirs")
    warnings: list[str] | None
