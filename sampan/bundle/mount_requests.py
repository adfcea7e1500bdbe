"""What mounts a host config asks for: ``Binds``, ``Mounts`` and ``Tmpfs`` in one form."""

from __future__ import annotations

import dataclasses
import enum
from posixpath import normpath

from msgspec import UNSET, UnsetType

from sampan.errors import InvalidArgument, NotImplementedHere
from sampan.models.container import HostConfig, Mount, MountPoint

PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_LABELS = ("z", "Z")
_COPY = ("copy", "nocopy")
_CONSISTENCY = ("consistent", "cached", "delegated", "default")
# Options a tmpfs may be given; values follow an equals sign.
_TMPFS_FLAGS = {
    "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount",
    "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable",
    "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime",
    "strictatime", "nostrictatime", "defaults",
}  # fmt: skip
_TMPFS_VALUES = {"mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"}


class MountKind(enum.StrEnum):
    """Where a mount's content comes from; the values are the Engine API's."""

    BIND = "bind"
    VOLUME = "volume"
    TMPFS = "tmpfs"


@dataclasses.dataclass(frozen=True, kw_only=True)
class MountRequest:
    """One mount that is asked for.

    ``source`` is a host path (bind), a volume's name or nothing (volume). ``mode`` is the
    option text of a bind as given. ``create_source`` says that a missing host directory is
    to be made, ``listed`` that inspection shows the mount.
    """

    kind: MountKind
    destination: str
    source: str = ""
    mode: str = ""
    read_only: bool = False
    recursive: bool = True
    read_only_recursive: bool = True
    propagation: str = "rprivate"
    create_source: bool = False
    copy: bool = True
    tmpfs_options: tuple[str, ...] = ()
    listed: bool = True


def mount_requests(host_config: HostConfig) -> list[MountRequest]:
    """Every mount a host config asks for: binds, then mounts, then tmpfs.

    Raises:
        InvalidArgument: a malformed request, or two at one destination.
        NotImplementedHere: a kind of mount that this build does not make.
    """
    found = [parse_bind(text) for text in host_config.binds or ()]
    if not isinstance(host_config.mounts, UnsetType):
        found += [_from_mount(mount) for mount in host_config.mounts or ()]
    if not isinstance(host_config.tmpfs, UnsetType):
        found += [_from_tmpfs(path, options) for path, options in (host_config.tmpfs or {}).items()]
    seen: set[str] = set()
    for item in found:
        if item.destination in seen:
            message = f"Duplicate mount point: {item.destination}"
            raise InvalidArgument(message, kind="mount", ref=item.destination)
        seen.add(item.destination)
    return found


def mount_points(host_config: HostConfig) -> list[MountPoint]:
    """The binds and tmpfs mounts as inspection shows them; volumes are shown by who resolves them."""
    points = []
    for item in mount_requests(host_config):
        if not item.listed or item.kind is MountKind.VOLUME:
            continue
        points.append(
            MountPoint(
                type=item.kind.value,
                source=item.source,
                destination=item.destination,
                mode=item.mode,
                rw=not item.read_only,
                propagation=item.propagation if item.kind is MountKind.BIND else "",
            )
        )
    return points


def parse_bind(text: str) -> MountRequest:
    """``source:destination[:options]``, or a destination alone, which asks for a new volume.

    Raises InvalidArgument, quoting the text.
    """
    parts = text.split(":")
    if len(parts) > 3 or not all(parts) or "\0" in text:
        raise _invalid(text)
    if len(parts) == 1:
        return MountRequest(kind=MountKind.VOLUME, destination=_destination(text, parts[0]))
    source, destination = parts[0], _destination(text, parts[1])
    options = parts[2].split(",") if len(parts) == 3 else []
    propagation = ""
    read_only: bool | None = None
    copy: bool | None = None
    labelled = False
    for option in options:
        if option in ("ro", "rw") and read_only is None:
            read_only = option == "ro"
        elif option in PROPAGATIONS and not propagation:
            propagation = option
        elif option in _LABELS and not labelled:
            labelled = True
        elif option in _COPY and copy is None:
            copy = option == "copy"
        elif option not in _CONSISTENCY:
            raise InvalidArgument(f"invalid mode: {parts[2]}", kind="mount", ref=text)
    is_path = source.startswith("/")
    if is_path and copy is not None:
        raise InvalidArgument(f"invalid mode: {parts[2]}", kind="mount", ref=text)
    return MountRequest(
        kind=MountKind.BIND if is_path else MountKind.VOLUME,
        destination=destination,
        source=_clean(source) if is_path else source,
        mode=parts[2] if len(parts) == 3 else "",
        read_only=bool(read_only),
        propagation=propagation or "rprivate",
        create_source=is_path,
        copy=copy is not False,
    )


def _destination(text: str, destination: str) -> str:
    if not destination.startswith("/"):
        message = f"invalid volume specification: '{text}': invalid mount path: '{destination}' mount path must be absolute"
        raise InvalidArgument(message, kind="mount", ref=text)
    cleaned = _clean(destination)
    if cleaned == "/":
        message = f"invalid volume specification: '{text}': invalid specification: destination can't be '/'"
        raise InvalidArgument(message, kind="mount", ref=text)
    return cleaned


def _from_mount(mount: Mount) -> MountRequest:
    target = mount.target
    if not target:
        raise _bad_mount(mount, "field Target must not be empty")
    if not target.startswith("/"):
        raise _bad_mount(mount, f"invalid mount path: '{target}' mount path must be absolute")
    destination = _clean(target)
    if destination == "/" or "\0" in target:
        raise _bad_mount(mount, "invalid specification: destination can't be '/'")
    if mount.type == MountKind.BIND:
        return _bind(mount, destination)
    if mount.type == MountKind.TMPFS:
        return _tmpfs(mount, destination)
    if mount.type == MountKind.VOLUME:
        source = mount.source or "" if mount.source is not UNSET else ""
        return MountRequest(
            kind=MountKind.VOLUME,
            destination=destination,
            source=source,
            read_only=mount.read_only is True,
        )
    if mount.type in ("image", "npipe", "cluster"):
        raise NotImplementedHere(f"mounts of type {mount.type} are not available", kind="mount", ref=target)
    raise InvalidArgument(f"mount type unknown: {mount.type!r}", kind="mount", ref=target)


def _bind(mount: Mount, destination: str) -> MountRequest:
    source = "" if isinstance(mount.source, UnsetType) else mount.source
    if not source:
        raise _bad_mount(mount, "field Source must not be empty")
    if not source.startswith("/") or "\0" in source:
        raise _bad_mount(mount, f"invalid mount path: '{source}' mount path must be absolute")
    if _given(mount.volume_options):
        raise _bad_mount(mount, "field VolumeOptions must not be specified")
    if _given(mount.tmpfs_options):
        raise _bad_mount(mount, "field TmpfsOptions must not be specified")
    options = None if isinstance(mount.bind_options, UnsetType) else mount.bind_options
    propagation = "rprivate"
    if options is not None and not isinstance(options.propagation, UnsetType) and options.propagation:
        propagation = options.propagation
    if propagation not in PROPAGATIONS:
        raise _bad_mount(mount, f"invalid propagation mode: {propagation}")
    read_only = mount.read_only is True
    if options is not None and options.read_only_force_recursive is True:
        if not read_only:
            raise _bad_mount(mount, "mount source must be read-only for ReadOnlyForceRecursive")
        if propagation not in ("private", "rprivate"):
            raise _bad_mount(mount, "ReadOnlyForceRecursive requires propagation rprivate")
    return MountRequest(
        kind=MountKind.BIND,
        destination=destination,
        source=_clean(source),
        read_only=read_only,
        recursive=not (options is not None and options.non_recursive is True),
        read_only_recursive=not (options is not None and options.read_only_non_recursive is True),
        propagation=propagation,
        create_source=options is not None and options.create_mountpoint is True,
    )


def _tmpfs(mount: Mount, destination: str) -> MountRequest:
    if not isinstance(mount.source, UnsetType) and mount.source:
        raise _bad_mount(mount, "field Source must not be specified")
    if _given(mount.bind_options):
        raise _bad_mount(mount, "field BindOptions must not be specified")
    if _given(mount.volume_options):
        raise _bad_mount(mount, "field VolumeOptions must not be specified")
    texts: list[str] = ["ro"] if mount.read_only is True else []
    options = mount.tmpfs_options
    if options is not None and not isinstance(options, UnsetType):
        if not isinstance(options.mode, UnsetType) and options.mode:
            texts.append(f"mode={options.mode:o}")
        if not isinstance(options.size_bytes, UnsetType) and options.size_bytes:
            if options.size_bytes < 0:
                raise _bad_mount(mount, "size must be greater than 0")
            texts.append(f"size={options.size_bytes}")
        if not isinstance(options.options, UnsetType):
            for pair in options.options or ():
                if not 1 <= len(pair) <= 2:
                    raise _bad_mount(mount, f"invalid tmpfs option: {pair!r}")
                texts.append("=".join(pair))
    _check_tmpfs(destination, texts)
    return MountRequest(
        kind=MountKind.TMPFS,
        destination=destination,
        read_only=mount.read_only is True,
        tmpfs_options=tuple(texts),
    )


def _from_tmpfs(path: str, options: str) -> MountRequest:
    if not path.startswith("/") or "\0" in path:
        raise InvalidArgument(
            f"invalid mount path: '{path}' mount path must be absolute",
            kind="mount",
            ref=path,
        )
    destination = _clean(path)
    if destination == "/":
        raise InvalidArgument("invalid specification: destination can't be '/'", kind="mount", ref=path)
    texts = [option for option in options.split(",") if option and option != "defaults"]
    _check_tmpfs(path, texts)
    return MountRequest(
        kind=MountKind.TMPFS,
        destination=destination,
        tmpfs_options=tuple(texts),
        listed=False,
    )


def _check_tmpfs(path: str, options: list[str]) -> None:
    for option in options:
        name, equals, value = option.partition("=")
        known = (name in _TMPFS_VALUES and value) if equals else name in _TMPFS_FLAGS
        if not known or any(char in option for char in ',\0"\\'):
            message = f"invalid tmpfs option [{','.join(options)}]"
            raise InvalidArgument(message, kind="mount", ref=path)


def _given(value: object) -> bool:
    return value is not UNSET and value is not None


def _bad_mount(mount: Mount, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f'invalid mount config for type "{mount.type}": {reason}',
        kind="mount",
        ref=mount.target,
    )


def _invalid(text: str) -> InvalidArgument:
    return InvalidArgument(f"invalid volume specification: '{text}'", kind="mount", ref=text)


def _clean(path: str) -> str:
    """An absolute path without ``.``, ``..`` and doubled slashes."""
    return normpath("/" + path.lstrip("/"))
