"""A container's mounts: those every container has, and those its host config asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sampan.bundle.mount_requests import MountKind, MountRequest, mount_requests
from sampan.bundle.request import BundleRequest
from sampan.errors import InternalError
from sampan.models.container import HostConfig
from sampan.oci.runtime_spec import Mount

DEFAULT_SHM_BYTES = 64 << 20
INIT_DESTINATION = "/sbin/docker-init"
# Recursive read-only mounts came with mount_setattr in Linux 5.12.
_RECURSIVE_READONLY = (5, 12)

_PROC = Mount(
    destination="/proc",
    type="proc",
    source="proc",
    options=["nosuid", "noexec", "nodev"],
)
_DEV = Mount(
    destination="/dev",
    type="tmpfs",
    source="tmpfs",
    options=["nosuid", "strictatime", "mode=755", "size=65536k"],
)
_PTS = Mount(
    destination="/dev/pts",
    type="devpts",
    source="devpts",
    options=["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
)
_SYS = Mount(
    destination="/sys",
    type="sysfs",
    source="sysfs",
    options=["nosuid", "noexec", "nodev", "ro"],
)
_CGROUP = Mount(
    destination="/sys/fs/cgroup",
    type="cgroup",
    source="cgroup",
    options=["ro", "nosuid", "noexec", "nodev"],
)
_MQUEUE = Mount(
    destination="/dev/mqueue",
    type="mqueue",
    source="mqueue",
    options=["nosuid", "noexec", "nodev"],
)
# Mounts that stay writable under a read-only root: they hold nothing of the image.
_WRITABLE_UNDER_READONLY = {"/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"}
_SHM = "/dev/shm"

_PROPAGATIONS = {
    "private": "",
    "rprivate": "",
    "slave": "slave",
    "rslave": "slave",
    "shared": "shared",
    "rshared": "shared",
}


@dataclasses.dataclass(frozen=True)
class MountPlan:
    """The mounts in the order they are made, and the propagation that the root needs for them."""

    mounts: list[Mount]
    rootfs_propagation: str


def plan_mounts(request: BundleRequest) -> MountPlan:
    """All mounts of a container.

    A mount that is asked for takes the place of a default one at the same path; one at
    ``/dev`` takes the place of every default under it too.

    Raises:
        InvalidArgument: a mount request is malformed.
        InternalError: the caller did not resolve a volume.
    """
    asked = mount_requests(request.host_config)
    destinations = {item.destination for item in asked}
    basic = [
        _adapted(mount, request.host_config)
        for mount in _defaults(request)
        if not _replaced(mount.destination, destinations)
    ]
    own = [_mount(item, request) for item in asked]
    files = _file_mounts(request, destinations)
    ordered = sorted([*own, *files], key=lambda mount: mount.destination.rstrip("/").count("/"))
    return MountPlan([*basic, *_init_mount(request), *ordered], _root_propagation(asked))


def _defaults(request: BundleRequest) -> list[Mount]:
    shm = _shm(request)
    return [_PROC, _DEV, _PTS, _SYS, _CGROUP, _MQUEUE, *([shm] if shm else [])]


def _shm(request: BundleRequest) -> Mount | None:
    mode = request.host_config.ipc_mode
    if mode == "none":
        return None
    if mode == "host":
        return Mount(destination=_SHM, type="bind", source=_SHM, options=["rbind", "rprivate"])
    if request.shm_path is not None:
        return Mount(
            destination=_SHM,
            type="bind",
            source=request.shm_path,
            options=["rbind", "rprivate"],
        )
    if mode.startswith("container:"):
        raise InternalError(
            "the shared memory of the other container was not resolved",
            kind="container",
        )
    size = request.host_config.shm_size or DEFAULT_SHM_BYTES
    options = ["nosuid", "noexec", "nodev", "mode=1777", f"size={size}"]
    return Mount(destination=_SHM, type="tmpfs", source="shm", options=options)


def _adapted(mount: Mount, host_config: HostConfig) -> Mount:
    """The default mount with what privileged and read-only roots change."""
    options = mount.options
    if host_config.privileged and mount.destination in ("/sys", "/sys/fs/cgroup"):
        if mount.destination == "/sys/fs/cgroup" or not host_config.readonly_rootfs:
            options = [option for option in options if option != "ro"]
    elif (
        host_config.readonly_rootfs
        and mount.destination not in _WRITABLE_UNDER_READONLY
        and "ro" not in options
    ):
        options = [*options, "ro"]
    if options is mount.options:
        return mount
    return Mount(
        destination=mount.destination,
        type=mount.type,
        source=mount.source,
        options=options,
    )


def _replaced(destination: str, asked: set[str]) -> bool:
    return destination in asked or ("/dev" in asked and destination.startswith("/dev/"))


def _mount(item: MountRequest, request: BundleRequest) -> Mount:
    if item.kind is MountKind.TMPFS:
        given = set(item.tmpfs_options)
        careful = [flag for flag in ("noexec", "nosuid", "nodev") if flag.removeprefix("no") not in given]
        options = list(dict.fromkeys((*careful, "rprivate", *item.tmpfs_options)))
        return Mount(destination=item.destination, type="tmpfs", source="tmpfs", options=options)
    source = item.source
    if item.kind is MountKind.VOLUME:
        if item.destination not in request.bind_volumes:
            raise InternalError(f"the volume at {item.destination} was not resolved", kind="volume")
        source = request.bind_volumes[item.destination]
    return Mount(
        destination=item.destination,
        type="bind",
        source=source,
        options=_bind_options(item, request),
    )


def _bind_options(item: MountRequest, request: BundleRequest) -> list[str]:
    options = ["rbind" if item.recursive else "bind"]
    if item.read_only:
        recursive = item.recursive and item.read_only_recursive and request.host.kernel >= _RECURSIVE_READONLY
        # Nothing is mounted below a file, and crun opens the target of rro as a directory.
        options.append("rro" if recursive and item.source not in request.bound_files else "ro")
    options.append(item.propagation)
    return options


def _file_mounts(request: BundleRequest, asked: set[str]) -> list[Mount]:
    """The files that the engine keeps for the container, unless a mount covers them."""
    files = request.host_files
    pairs = (
        ("/etc/resolv.conf", files.resolv_conf),
        ("/etc/hostname", files.hostname),
        ("/etc/hosts", files.hosts),
    )
    mode = ["ro"] if request.host_config.readonly_rootfs else []
    return [
        Mount(
            destination=destination,
            type="bind",
            source=source,
            options=["bind", *mode, "rprivate"],
        )
        for destination, source in pairs
        if source is not None and destination not in asked
    ]


def _init_mount(request: BundleRequest) -> list[Mount]:
    if request.init_path is None:
        return []
    options = ["bind", "ro"]
    return [
        Mount(
            destination=INIT_DESTINATION,
            type="bind",
            source=request.init_path,
            options=options,
        )
    ]


def _root_propagation(asked: Sequence[MountRequest]) -> str:
    """What the root must be so that the binds' own propagation has an effect."""
    wanted = {_PROPAGATIONS[item.propagation] for item in asked if item.kind is not MountKind.TMPFS}
    if "shared" in wanted:
        return "shared"
    return "rslave" if "slave" in wanted else ""
