"""What the planner is given: everything a spec depends on, gathered by the caller."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from sampan.bundle.users import ResolvedUser
from sampan.models.container import ContainerConfig, HostConfig
from sampan.oci.runtime_spec import Device, Seccomp


class Host(Protocol):
    """The host, as far as a plan depends on it."""

    @property
    def cpu_count(self) -> int:
        """CPUs that exist, online or not."""

    @property
    def kernel(self) -> tuple[int, int]:
        """The kernel's version, major and minor."""

    @property
    def architecture(self) -> str:
        """The machine in Go's spelling (amd64, arm64, ...), as seccomp profiles use it."""

    @property
    def hostname(self) -> str:
        """The host's own name."""

    @property
    def capabilities(self) -> Collection[str]:
        """The capabilities that the daemon itself may grant."""

    @property
    def cgroup_version(self) -> int:
        """1 or 2."""

    @property
    def cgroup_features(self) -> Collection[str]:
        """Names of what the cgroups can limit: memory, swap, cpu, cpuset, pids, blkio, blkio_weight, ..."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostFiles:
    """Paths on the host of the files that every container sees as its own; None leaves the image's."""

    resolv_conf: str | None
    hosts: str | None
    hostname: str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class JoinedNamespaces:
    """Namespace files of other containers, for modes ``container:<id>``; None if not joined."""

    pid: str | None = None
    ipc: str | None = None
    uts: str | None = None


SeccompCompiler = Callable[[Seccomp], bytes | None]
"""A seccomp section as the kernel's filter program; None if it cannot be compiled here."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BundleRequest:
    """One container to be planned.

    ``config`` has the image's values in it already. ``netns_path`` is the file of the
    network namespace, or empty for a new one; None is the host's, and then the network mode must say so.
    ``devices`` are the nodes that ``host_config`` asks for (all of the host's when
    privileged), each under its name in the container, ``device_access`` their cgroup
    permissions by that name. ``block_devices`` gives major and minor of every block device
    that a limit names. ``bind_volumes`` maps a mount's destination to the host directory of
    its volume. ``bound_files`` are the bind sources that are no directories.
    ``seccomp_profile`` is the daemon's default profile, as JSON text.
    """

    container_id: str
    config: ContainerConfig
    host_config: HostConfig
    rootfs: str
    hostname: str
    host_files: HostFiles
    netns_path: str | None
    user: ResolvedUser
    cgroup_parent: str
    host: Host
    seccomp_profile: bytes
    seccomp_compiler: SeccompCompiler | None = None
    seccomp_tightened: bool = True
    shm_path: str | None = None
    joined: JoinedNamespaces = JoinedNamespaces()
    devices: tuple[Device, ...] = ()
    device_access: Mapping[str, str] = dataclasses.field(default_factory=dict)
    block_devices: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    bind_volumes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    bound_files: frozenset[str] = frozenset()
    init_path: str | None = None
    default_ulimits: tuple[tuple[str, int, int], ...] = ()
