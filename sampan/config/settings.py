"""The daemon's settings: one row each, which is at once its attribute, flag, file key and help.

Names are dockerd's where dockerd has the setting.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from sampan.config.kinds import (
    BOOLEAN,
    INTEGER,
    LIST,
    PAIRS,
    POOLS,
    RUNTIMES,
    SIZE,
    TEXT,
    ULIMITS,
    Kind,
)
from sampan.config.values import (
    AddressPool,
    DefaultUlimit,
    Listener,
    RuntimeProgram,
    Source,
    parse_listener,
)

T = TypeVar("T")

CONFIG_FILE = "/etc/sampan/daemon.json"
BUILT_IN_RUNTIMES = (("crun", RuntimeProgram("crun")), ("runc", RuntimeProgram("runc")))
"""Runtimes that need no row: selectable if their program is installed."""

_METADATA = "setting"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """What a setting is. ``key`` is its name in the file; empty where only a flag makes sense."""

    attribute: str
    key: str
    flag: str
    short: str
    kind: Kind
    default: object
    shown_default: str
    unit: str
    help: str
    reloadable: bool
    choices: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Columns:
    key: str
    flag: str
    short: str
    kind: Kind
    shown_default: str
    unit: str
    help: str
    reloadable: bool
    choices: tuple[str, ...]


def _setting(
    key: str,
    kind: Kind,
    default: T,
    help_: str,
    *,
    flag: str | None = None,
    short: str = "",
    shown_default: str = "",
    unit: str = "",
    reloadable: bool = False,
    choices: tuple[str, ...] = (),
) -> T:
    columns = _Columns(
        key=key,
        flag=key if flag is None else flag,
        short=short,
        kind=kind,
        shown_default=shown_default,
        unit=unit,
        help=help_,
        reloadable=reloadable,
        choices=choices,
    )
    return dataclasses.field(default=default, metadata={_METADATA: columns})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Environment:
    """What the daemon takes from its environment: handed-over sockets, readiness, proxies."""

    listen_fds: int = 0
    listen_names: tuple[str, ...] = ()
    notify_socket: str = ""
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its final value. ``sources`` says where each attribute's value came from."""

    # fmt: off
    hosts: tuple[str, ...] = _setting("hosts", LIST, (), "Address to listen on: unix:///path, tcp://host:port or fd://", flag="host", short="H", shown_default="unix://<exec-root>/sampan.sock")
    data_root: str = _setting("data-root", TEXT, "/var/lib/sampan", "Directory of everything that outlives a reboot")
    exec_root: str = _setting("exec-root", TEXT, "/run/sampan", "Directory of the state of what runs")
    pidfile: str = _setting("pidfile", TEXT, "", "File of the daemon's process id", short="p", shown_default="<exec-root>/sampand.pid")
    prefix: str = _setting("prefix", TEXT, "sampan", "Begins the names of bridges, firewall tables and cgroups; two daemons need two")
    group: str = _setting("group", TEXT, "sampan", "Group that may use the unix socket; ignored if it does not exist", short="G")
    debug: bool = _setting("debug", BOOLEAN, False, "Log everything", short="D", reloadable=True)
    log_level: str = _setting("log-level", TEXT, "info", "Least severe messages to log", short="l", reloadable=True, choices=("debug", "info", "warn", "error", "fatal"))
    labels: tuple[str, ...] = _setting("labels", LIST, (), "Label of this engine, key=value", flag="label")
    bridge: str = _setting("bridge", TEXT, "", "Bridge of the default network; none switches it off", short="b", shown_default="<prefix>0")
    bip: str = _setting("bip", TEXT, "", "Address and prefix length of the default bridge", shown_default="first free pool")
    default_address_pools: tuple[AddressPool, ...] = _setting("default-address-pools", POOLS, (), "Block that networks' subnets are cut from", flag="default-address-pool", shown_default="Docker's")
    mtu: int = _setting("mtu", INTEGER, 1500, "Largest packet of the default bridge", unit="bytes")
    ip_forward: bool = _setting("ip-forward", BOOLEAN, True, "Switch on IPv4 forwarding in the kernel")
    dns: tuple[str, ...] = _setting("dns", LIST, (), "Name server of containers that set none", shown_default="the host's")
    dns_opts: tuple[str, ...] = _setting("dns-opts", LIST, (), "Resolver option of containers that set none", flag="dns-opt")
    dns_search: tuple[str, ...] = _setting("dns-search", LIST, (), "Search domain of containers that set none")
    default_runtime: str = _setting("default-runtime", TEXT, "crun", "OCI runtime of containers that name none")
    runtimes: tuple[tuple[str, RuntimeProgram], ...] = _setting("runtimes", RUNTIMES, (), "OCI runtime that containers may name", flag="add-runtime", shown_default="crun, runc")
    default_ulimits: tuple[DefaultUlimit, ...] = _setting("default-ulimits", ULIMITS, (), "Resource limit of containers that set none", flag="default-ulimit")
    default_shm_size: int = _setting("default-shm-size", SIZE, 64 << 20, "Size of /dev/shm of containers that set none", unit="bytes", shown_default="64m")
    default_cgroupns_mode: str = _setting("default-cgroupns-mode", TEXT, "", "Cgroup namespace of containers that set none", shown_default="private on cgroup v2, host on v1", choices=("host", "private"))
    seccomp_profile: str = _setting("seccomp-profile", TEXT, "", "File of the default seccomp profile, or unconfined", shown_default="the distribution's, tightened")
    no_new_privileges: bool = _setting("no-new-privileges", BOOLEAN, False, "Set no-new-privileges in containers that do not say")
    cgroup_parent: str = _setting("cgroup-parent", TEXT, "", "Cgroup that containers' cgroups are made in", shown_default="/<prefix>")
    init: bool = _setting("init", BOOLEAN, False, "Run an init in containers that do not say")
    init_path: str = _setting("init-path", TEXT, "", "Program of the init", shown_default="tini-static or docker-init on PATH")
    log_driver: str = _setting("log-driver", TEXT, "json-file", "Log driver of containers that set none")
    log_opts: tuple[tuple[str, str], ...] = _setting("log-opts", PAIRS, (), "Option of the default log driver", flag="log-opt")
    shutdown_timeout: int = _setting("shutdown-timeout", INTEGER, 15, "Longest wait for requests in progress when stopping", unit="seconds")
    live_restore: bool = _setting("live-restore", BOOLEAN, True, "Containers outlive the daemon; always so")
    allow_unauthenticated_root_over_tcp: bool = _setting("allow-unauthenticated-root-over-tcp", BOOLEAN, False, "Listen on tcp addresses that other machines reach, though anyone who connects becomes root here")
    config_file: str = _setting("", TEXT, CONFIG_FILE, "File of settings", flag="config-file")
    teardown: bool = _setting("", BOOLEAN, False, "Remove every container, the bridge and the firewall table, and stop", flag="teardown")
    validate: bool = _setting("", BOOLEAN, False, "Check the settings and stop", flag="validate")
    # fmt: on
    sources: Mapping[str, Source] = dataclasses.field(default_factory=dict)
    environment: Environment = Environment()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The hosts, parsed; the default is a socket in the exec root."""
        return tuple(parse_listener(host) for host in self.hosts or (f"unix://{self.exec_root}/sampan.sock",))

    @property
    def pidfile_path(self) -> str:
        """The pid file, its default filled in."""
        return self.pidfile or f"{self.exec_root}/sampand.pid"

    @property
    def bridge_name(self) -> str:
        """The default network's bridge, its default filled in; ``none`` is no bridge."""
        return self.bridge or f"{self.prefix}0"

    @property
    def cgroup_parent_path(self) -> str:
        """The cgroup of containers' cgroups, its default filled in."""
        return self.cgroup_parent or f"/{self.prefix}"

    @property
    def effective_log_level(self) -> str:
        """The log level, with what ``debug`` makes of it."""
        return "debug" if self.debug else self.log_level

    @property
    def all_runtimes(self) -> dict[str, RuntimeProgram]:
        """Runtimes by name: the built-in ones and those configured, which win."""
        return {**dict(BUILT_IN_RUNTIMES), **dict(self.runtimes)}

    def source(self, attribute: str) -> Source:
        """Where an attribute's value came from."""
        return self.sources.get(attribute, Source.DEFAULT)


def _rows() -> tuple[Row, ...]:
    found = []
    for field in dataclasses.fields(Settings):
        columns = field.metadata.get(_METADATA)
        if isinstance(columns, _Columns):
            found.append(
                Row(
                    attribute=field.name,
                    key=columns.key,
                    flag=columns.flag,
                    short=columns.short,
                    kind=columns.kind,
                    default=field.default,
                    shown_default=columns.shown_default,
                    unit=columns.unit,
                    help=columns.help,
                    reloadable=columns.reloadable,
                    choices=columns.choices,
                )
            )
    return tuple(found)


ROWS = _rows()
"""Every setting, in the order of help and documentation."""
