"""The OCI runtime spec: what a runtime is told of a container (``config.json``) and of an exec.

Field names and meanings are those of the OCI runtime specification 1.0 ("config.md",
"config-linux.md"). Optional fields left at their default are not written. Sizes are
bytes, rates bytes or operations a second, CPU times microseconds.
"""

from __future__ import annotations

import msgspec

OCI_VERSION = "1.0.2"
"""The version that every supported runtime accepts."""

UNLIMITED = 2**64 - 1
"""RLIM_INFINITY, as the spec writes it."""


class _Spec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of the spec's objects."""


class Box(_Spec, frozen=True, kw_only=True):
    """A terminal's size in characters."""

    height: int
    width: int


class User(_Spec, frozen=True, kw_only=True):
    """Who the process is; ids are the container's own."""

    uid: int
    gid: int
    additional_gids: list[int] = []
    umask: int | None = None


class Capabilities(_Spec, frozen=True, kw_only=True):
    """The process's five capability sets, names with ``CAP_``."""

    bounding: list[str]
    effective: list[str]
    permitted: list[str]
    inheritable: list[str] = []
    ambient: list[str] = []


class Rlimit(_Spec, frozen=True, kw_only=True):
    """One resource limit; ``type`` is ``RLIMIT_...``."""

    type: str
    hard: int
    soft: int


class Process(_Spec, frozen=True, kw_only=True):
    """The program that the container starts, or that an exec adds."""

    terminal: bool = False
    console_size: Box | None = None
    user: User
    args: list[str]
    env: list[str] = []
    cwd: str
    capabilities: Capabilities | None = None
    rlimits: list[Rlimit] = []
    no_new_privileges: bool = False
    apparmor_profile: str = ""
    oom_score_adj: int | None = None
    selinux_label: str = ""


class Root(_Spec, frozen=True, kw_only=True):
    """The container's root directory on the host."""

    path: str
    readonly: bool = False


class Mount(_Spec, frozen=True, kw_only=True):
    """One mount, made in the order of the list."""

    destination: str
    type: str = ""
    source: str = ""
    options: list[str] = []


class Namespace(_Spec, frozen=True, kw_only=True):
    """A new namespace, or with a path an existing one to join."""

    type: str
    path: str = ""


class Device(_Spec, frozen=True, kw_only=True):
    """A device node made in the container; ``type`` is c, b, u or p, ``file_mode`` permission bits."""

    type: str
    path: str
    major: int
    minor: int
    file_mode: int | None = None
    uid: int | None = None
    gid: int | None = None


class DeviceRule(_Spec, frozen=True, kw_only=True):
    """One rule of the device cgroup; None stands for every number, an empty type for every kind."""

    allow: bool
    type: str = ""
    major: int | None = None
    minor: int | None = None
    access: str = ""


class Memory(_Spec, frozen=True, kw_only=True):
    """Memory limits; ``swap`` is memory and swap together, -1 is unlimited."""

    limit: int | None = None
    reservation: int | None = None
    swap: int | None = None
    kernel_tcp: int | None = msgspec.field(default=None, name="kernelTCP")
    swappiness: int | None = None
    disable_oom_killer: bool | None = msgspec.field(default=None, name="disableOOMKiller")


class Cpu(_Spec, frozen=True, kw_only=True):
    """CPU limits; quotas and periods in microseconds."""

    shares: int | None = None
    quota: int | None = None
    period: int | None = None
    realtime_runtime: int | None = None
    realtime_period: int | None = None
    cpus: str = ""
    mems: str = ""


class Pids(_Spec, frozen=True, kw_only=True):
    """The most processes and threads at once."""

    limit: int


class WeightDevice(_Spec, frozen=True, kw_only=True):
    """A block device's share of I/O time."""

    major: int
    minor: int
    weight: int


class ThrottleDevice(_Spec, frozen=True, kw_only=True):
    """A block device's limit."""

    major: int
    minor: int
    rate: int


class BlockIO(_Spec, frozen=True, kw_only=True):
    """Block device shares and limits."""

    weight: int | None = None
    weight_device: list[WeightDevice] = []
    throttle_read_bps_device: list[ThrottleDevice] = []
    throttle_write_bps_device: list[ThrottleDevice] = []
    throttle_read_iops_device: list[ThrottleDevice] = msgspec.field(
        default_factory=list, name="throttleReadIOPSDevice"
    )
    throttle_write_iops_device: list[ThrottleDevice] = msgspec.field(
        default_factory=list, name="throttleWriteIOPSDevice"
    )


class Resources(_Spec, frozen=True, kw_only=True):
    """The cgroup's settings in the terms of cgroup v1; runtimes translate for v2."""

    devices: list[DeviceRule] = []
    memory: Memory | None = None
    cpu: Cpu | None = None
    pids: Pids | None = None
    block_io: BlockIO | None = msgspec.field(default=None, name="blockIO")


class SyscallArg(_Spec, frozen=True, kw_only=True):
    """A condition on a system call's argument; ``value_two`` is the datum of a masked comparison."""

    index: int
    value: int
    value_two: int = 0
    op: str


class Syscall(_Spec, frozen=True, kw_only=True):
    """What happens on some system calls, under conditions that must all hold."""

    names: list[str]
    action: str
    errno_ret: int | None = None
    args: list[SyscallArg] = []


class Seccomp(_Spec, frozen=True, kw_only=True):
    """The system call filter."""

    default_action: str
    default_errno_ret: int | None = None
    architectures: list[str] = []
    flags: list[str] = []
    listener_path: str = ""
    listener_metadata: str = ""
    syscalls: list[Syscall] = []


class Linux(_Spec, frozen=True, kw_only=True):
    """What is particular to Linux."""

    namespaces: list[Namespace] = []
    devices: list[Device] = []
    cgroups_path: str = ""
    resources: Resources | None = None
    rootfs_propagation: str = ""
    seccomp: Seccomp | None = None
    sysctl: dict[str, str] = {}
    masked_paths: list[str] = []
    readonly_paths: list[str] = []
    mount_label: str = ""


class Spec(_Spec, frozen=True, kw_only=True):
    """A whole ``config.json``."""

    oci_version: str
    process: Process
    root: Root
    hostname: str = ""
    mounts: list[Mount] = []
    annotations: dict[str, str] = {}
    linux: Linux


def encode(value: Spec | Process) -> bytes:
    """The JSON that a runtime reads."""
    return msgspec.json.encode(value)
