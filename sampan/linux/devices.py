"""Device nodes of the host, as a container's spec names them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from sampan.errors import InvalidArgument
from sampan.models.container import DeviceMapping
from sampan.oci.runtime_spec import Device

_DEV = Path("/dev")
# Not the host's to give: file systems of their own, a container's own terminals, and udev's data.
_SKIPPED = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})
_CONSOLE = "console"


def all_devices(root: Path = _DEV) -> tuple[Device, ...]:
    """Every device node under ``root`` except terminals and file systems mounted there, by name."""
    return tuple(sorted(_walk(root, root), key=lambda device: device.path))


def mapped_devices(
    mappings: Iterable[DeviceMapping],
) -> tuple[tuple[Device, ...], dict[str, str]]:
    """The nodes that mappings ask for, named as in the container, and their cgroup permissions.

    A directory stands for all nodes below it. Raises InvalidArgument, naming the path, for
    one that is missing or no device.
    """
    devices: dict[str, Device] = {}
    access: dict[str, str] = {}
    for mapping in mappings:
        inside = mapping.path_in_container or mapping.path_on_host
        for device in _resolve(mapping.path_on_host, inside):
            devices[device.path] = device
            access[device.path] = mapping.cgroup_permissions or "rwm"
    return tuple(devices.values()), access


def block_device(path: str) -> tuple[int, int]:
    """Major and minor of a block device. Raises InvalidArgument if it is none."""
    try:
        status = Path(path).stat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidArgument(f"{path}: {reason}", kind="device", ref=path) from error
    if not stat.S_ISBLK(status.st_mode):
        raise InvalidArgument(f"{path} is not a block device", kind="device", ref=path)
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def _resolve(path: str, inside: str) -> Iterator[Device]:
    outside = Path(path)
    try:
        resolved = outside.resolve(strict=True)
        status = resolved.stat()
    except (OSError, RuntimeError) as error:
        message = f'error gathering device information while adding custom device "{path}": no such file or directory'
        raise InvalidArgument(message, kind="device", ref=path) from error
    if stat.S_ISDIR(status.st_mode):
        found = list(_walk(resolved, resolved))
        if not found:
            raise _not_a_device(path)
        for device in found:
            below = device.path[len(str(resolved)) :]
            yield _renamed(device, inside.rstrip("/") + below)
        return
    node = _device(resolved, status)
    if node is None:
        raise _not_a_device(path)
    yield _renamed(node, inside)


def _walk(directory: Path, root: Path) -> Iterator[Device]:
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except FileNotFoundError:
        return  # unplugged while we looked
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # likewise
        path = directory / entry.name
        if stat.S_ISDIR(status.st_mode):
            if not (directory == root and entry.name in _SKIPPED):
                yield from _walk(path, root)
        elif entry.name != _CONSOLE:
            device = _device(path, status)
            if device is not None:
                yield device


def _device(path: Path, status: os.stat_result) -> Device | None:
    if stat.S_ISCHR(status.st_mode):
        kind = "c"
    elif stat.S_ISBLK(status.st_mode):
        kind = "b"
    else:
        return None
    return Device(
        type=kind,
        path=str(path),
        major=os.major(status.st_rdev),
        minor=os.minor(status.st_rdev),
        file_mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
    )


def _renamed(device: Device, path: str) -> Device:
    return Device(
        type=device.type,
        path=path,
        major=device.major,
        minor=device.minor,
        file_mode=device.file_mode,
        uid=device.uid,
        gid=device.gid,
    )


def _not_a_device(path: str) -> InvalidArgument:
    message = f'error gathering device information while adding custom device "{path}": not a device node'
    return InvalidArgument(message, kind="device", ref=path)
