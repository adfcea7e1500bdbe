"""From a container's record to the runtime spec of its task: what is on the host is looked up here.

The decisions are ``bundle``'s, which is pure; this module reads what it needs to know (users
from the image's files, devices, other containers' namespaces) and writes the host files that
the container sees as its own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from sampan.bundle.exec_process import exec_user, plan_exec
from sampan.bundle.mount_requests import mount_requests
from sampan.bundle.plan import plan_bundle
from sampan.bundle.request import BundleRequest, HostFiles, JoinedNamespaces, SeccompCompiler
from sampan.bundle.users import ResolvedUser, resolve_user
from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.ports import Sandbox
from sampan.engine.containers.resources import Resources
from sampan.errors import Conflict, InvalidArgument
from sampan.linux.devices import all_devices, block_device, mapped_devices
from sampan.linux.files import write_atomic
from sampan.linux.host_facts import HostFacts
from sampan.linux.rooted import read_text_in_root
from sampan.models.container import HostConfig
from sampan.models.exec import ExecConfig
from sampan.network.hosts import render_hosts
from sampan.network.resolv import UPSTREAM_FILE, ResolvConf, only_local, parse_resolv_conf, render_resolv_conf
from sampan.oci.runtime_spec import Process, Spec

_ACCOUNTS_LIMIT = 4 << 20
_FILE_MODE = 0o644
_HOST_RESOLV_CONF = Path("/etc/resolv.conf")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """The daemon's settings that concern a task's spec."""

    host: HostFacts
    cgroup_parent: str
    seccomp_profile: bytes | None
    seccomp_tightened: bool
    seccomp_compiler: SeccompCompiler | None
    init_program: str | None
    default_ulimits: tuple[tuple[str, int, int], ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()


class TaskPlanner:
    """Plans a task's spec; blocking."""

    def __init__(self, *, store: ContainerStore, resources: Resources, settings: TaskSettings) -> None:
        self._store = store
        self._resources = resources
        self._settings = settings

    def __call__(self, record: ContainerRecord, rootfs: Path, sandbox: Sandbox) -> Spec:
        """The spec of a container whose root is mounted at ``rootfs``.

        Raises InvalidArgument for a user, device or bind source that does not exist, NotFound
        or Conflict for a container whose namespace is to be joined.
        """
        settings, host_config = self._settings, self._confined(record.host_config)
        bound_files = make_bind_sources(host_config)
        devices, access = mapped_devices(host_config.devices or ())
        if host_config.privileged:
            devices = (*all_devices(), *devices)
        return plan_bundle(
            BundleRequest(
                container_id=record.id,
                config=record.config,
                host_config=host_config,
                rootfs=str(rootfs),
                hostname=self._hostname(record),
                host_files=self._host_files(record, sandbox),
                netns_path=sandbox.key_path,
                user=find_user(rootfs, record.config.user, host_config),
                cgroup_parent=host_config.cgroup_parent or settings.cgroup_parent,
                host=settings.host,
                seccomp_profile=settings.seccomp_profile or b"",
                seccomp_tightened=settings.seccomp_tightened,
                seccomp_compiler=settings.seccomp_compiler,
                joined=self._joined(host_config),
                devices=devices,
                device_access=access,
                block_devices=_block_devices(host_config),
                bound_files=bound_files,
                init_path=self._init(host_config),
                default_ulimits=settings.default_ulimits,
            )
        )

    def _confined(self, host_config: HostConfig) -> HostConfig:
        """The host config with what the daemon's seccomp setting means for a container that says nothing."""
        given = host_config.security_opt or []
        if self._settings.seccomp_profile is not None or any(text.startswith("seccomp") for text in given):
            return host_config
        return replace(host_config, security_opt=[*given, "seccomp=unconfined"])

    def _init(self, host_config: HostConfig) -> str | None:
        if host_config.init in (UNSET, None, False):
            return None
        if self._settings.init_program is None:
            raise InvalidArgument(
                "no init program is installed: install tini, or leave --init out", kind="program", ref="tini"
            )
        return self._settings.init_program

    def _joined(self, host_config: HostConfig) -> JoinedNamespaces:
        return JoinedNamespaces(
            pid=self._namespace(host_config.pid_mode, "pid"),
            ipc=self._namespace(host_config.ipc_mode, "ipc"),
            uts=self._namespace(host_config.uts_mode, "uts"),
        )

    def _namespace(self, mode: str, kind: str) -> str | None:
        if not mode.startswith("container:"):
            return None
        other = self._store.resolve(mode.removeprefix("container:"))
        if not other.phase.is_running or other.task is None:
            raise Conflict(
                f"cannot join the {kind} namespace of container {other.name}: it is not running",
                kind="container",
                ref=other.name,
            )
        return f"/proc/{other.task.init.pid}/ns/{kind}"

    def _hostname(self, record: ContainerRecord) -> str:
        """The container's own name, or that of the container whose network it shares."""
        mode = record.host_config.network_mode
        if not mode.startswith("container:"):
            return record.config.hostname
        return self._store.resolve(mode.removeprefix("container:")).config.hostname

    def _host_files(self, record: ContainerRecord, sandbox: Sandbox) -> HostFiles:
        """Write hostname, hosts and resolv.conf; a joined network's own files are used as they are."""
        host_config = record.host_config
        if host_config.network_mode.startswith("container:"):
            other = self._store.resolve(host_config.network_mode.removeprefix("container:"))
            return _files_in(self._resources.directory(other.id))
        directory = self._resources.directory(record.id)
        own_namespace = sandbox.key_path is not None
        hostname = record.config.hostname
        full = f"{hostname}.{record.config.domainname}" if record.config.domainname else hostname
        endpoints = list(sandbox.endpoints.values())
        contents = {
            "hostname": f"{hostname}\n",
            "hosts": render_hosts(
                names=[full, hostname] if full != hostname else [hostname],
                addresses=[endpoint.ip_address for endpoint in endpoints],
                extra=host_config.extra_hosts or (),
                gateway=next((endpoint.gateway for endpoint in endpoints if endpoint.gateway), ""),
            ),
            "resolv.conf": render_resolv_conf(
                host_resolver(own_namespace=own_namespace),
                dns=host_config.dns or self._settings.dns,
                search=host_config.dns_search or self._settings.dns_search,
                options=host_config.dns_options or self._settings.dns_options,
                own_namespace=own_namespace,
            ),
        }
        if not own_namespace and not host_config.extra_hosts:
            contents["hosts"] = Path("/etc/hosts").read_text()
        for name, content in contents.items():
            # Made anew at every start: not worth waiting for the disk.
            write_atomic(directory / name, content.encode(), mode=_FILE_MODE, sync=False)
        return _files_in(directory)


class ExecPlanner:
    """Plans an exec's process; blocking."""

    def __init__(self, *, resources: Resources, settings: TaskSettings) -> None:
        self._resources = resources
        self._settings = settings

    def __call__(self, record: ContainerRecord, config: ExecConfig, console_size: object) -> Process:
        """The process that ``config`` asks for. Raises InvalidArgument for an unknown user."""
        rootfs = self._resources.root_of(record.id)
        return plan_exec(
            config,
            config=record.config,
            host_config=record.host_config,
            hostname=record.config.hostname,
            user=find_user(rootfs, exec_user(config, record.config), record.host_config),
            available=self._settings.host.capabilities,
            console_size=_size(console_size) or _size(config.console_size),
            default_ulimits=self._settings.default_ulimits,
        )


def _size(value: object) -> tuple[int, int] | None:
    return (value[0], value[1]) if isinstance(value, tuple) and len(value) == 2 else None


def find_user(rootfs: Path, spec: str, host_config: HostConfig) -> ResolvedUser:
    """The user by the accounts in the container's root. Raises InvalidArgument."""
    passwd = read_text_in_root(rootfs, "/etc/passwd", limit_bytes=_ACCOUNTS_LIMIT) or ""
    group = read_text_in_root(rootfs, "/etc/group", limit_bytes=_ACCOUNTS_LIMIT) or ""
    return resolve_user(spec, passwd, group, host_config.group_add or ())


def host_resolver(*, own_namespace: bool) -> ResolvConf:
    """The host's resolvers; the real upstream ones where the host has only a local stub."""
    try:
        found = parse_resolv_conf(_HOST_RESOLV_CONF.read_text())
    except FileNotFoundError:
        return ResolvConf()
    upstream = Path(UPSTREAM_FILE)
    if own_namespace and only_local(found) and upstream.exists():
        return parse_resolv_conf(upstream.read_text())
    return found


def make_bind_sources(host_config: HostConfig) -> frozenset[str]:
    """Make the missing directories of binds that ask for it; others must exist.

    The answer is the sources that are no directories. Raises InvalidArgument.
    """
    files = set()
    for item in mount_requests(host_config):
        if item.kind.value != "bind":
            continue
        source = Path(item.source)
        if source.exists():
            if not source.is_dir():
                files.add(item.source)
        elif item.create_source:
            source.mkdir(parents=True, exist_ok=True)
        else:
            raise InvalidArgument(
                f'invalid mount config for type "bind": bind source path does not exist: {item.source}',
                kind="mount",
                ref=item.source,
            )
    return frozenset(files)


def _block_devices(host_config: HostConfig) -> dict[str, tuple[int, int]]:
    paths = {device.path for device in host_config.blkio_weight_device or ()}
    for limits in (
        host_config.blkio_device_read_bps,
        host_config.blkio_device_write_bps,
        host_config.blkio_device_read_iops,
        host_config.blkio_device_write_iops,
    ):
        paths |= {device.path for device in limits or ()}
    return {path: block_device(path) for path in paths}


def _files_in(directory: Path) -> HostFiles:
    return HostFiles(
        resolv_conf=str(directory / "resolv.conf"),
        hosts=str(directory / "hosts"),
        hostname=str(directory / "hostname"),
    )
