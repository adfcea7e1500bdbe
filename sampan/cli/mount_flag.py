"""``--mount``: comma-separated keys and values."""

from __future__ import annotations

import csv

from msgspec import UNSET

from sampan.cli.sizes import parse_size
from sampan.errors import InvalidArgument
from sampan.models.container import BindOptions, Mount, TmpfsOptions, VolumeDriverConfig, VolumeOptions

_NAMES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_KINDS = ("bind", "volume", "tmpfs", "image")
_TRUE = ("", "1", "true", "t")
_KEYS = frozenset(
    {"type", "source", "target", "readonly", "readwrite", "consistency", "bind-propagation", "bind-nonrecursive",
     "bind-recursive", "bind-create-src", "tmpfs-size", "tmpfs-mode", "volume-driver", "volume-nocopy",
     "volume-subpath"}
)  # fmt: skip


def parse_mount(text: str) -> Mount:
    """A mount such as ``type=bind,source=/a,target=/b,readonly``. Raises InvalidArgument."""
    values: dict[str, str] = {}
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
    for field in next(csv.reader([text])):
        name, _, value = field.partition("=")
        name = _NAMES.get(name.lower(), name.lower())
        if name == "volume-opt":
            key, _, item = value.partition("=")
            options[key] = item
        elif name == "volume-label":
            key, _, item = value.partition("=")
            labels[key] = item
        elif name in _KEYS:
            values[name] = value
        else:
            raise _bad(text, f"unexpected key '{name}' in '{field}'")
    kind = values.get("type", "volume")
    if kind not in _KINDS:
        raise _bad(text, f"unknown type '{kind}'")
    if not values.get("target"):
        raise _bad(text, "target is required")
    return Mount(
        type=kind,
        source=values["source"] if values.get("source") else UNSET,
        target=values["target"],
        read_only=values["readonly"].lower() in _TRUE if "readonly" in values else UNSET,
        consistency=values.get("consistency", UNSET),
        bind_options=_bind(values) if kind == "bind" else UNSET,
        volume_options=_volume(values, options, labels) if kind == "volume" else UNSET,
        tmpfs_options=_tmpfs(values) if kind == "tmpfs" else UNSET,
    )


def _bind(values: dict[str, str]) -> BindOptions:
    recursive = values.get("bind-recursive", "")
    return BindOptions(
        propagation=values.get("bind-propagation", UNSET),
        non_recursive=True if recursive == "disabled" or "bind-nonrecursive" in values else UNSET,
        create_mountpoint=True if "bind-create-src" in values else UNSET,
        read_only_non_recursive=True if recursive == "writable" else UNSET,
        read_only_force_recursive=True if recursive == "readonly" else UNSET,
    )


def _volume(values: dict[str, str], options: dict[str, str], labels: dict[str, str]) -> VolumeOptions:
    driver = values.get("volume-driver", "")
    return VolumeOptions(
        no_copy=True if "volume-nocopy" in values and values["volume-nocopy"].lower() in _TRUE else UNSET,
        labels=labels or UNSET,
        driver_config=VolumeDriverConfig(name=driver or UNSET, options=options or UNSET)
        if driver or options
        else UNSET,
        subpath=values.get("volume-subpath", UNSET),
    )


def _tmpfs(values: dict[str, str]) -> TmpfsOptions:
    mode = values.get("tmpfs-mode", "")
    try:
        bits = int(mode, 8) if mode else UNSET
    except ValueError as error:
        raise _bad(mode, "tmpfs-mode is an octal number") from error
    size = values.get("tmpfs-size", "")
    return TmpfsOptions(size_bytes=parse_size(size, "mount") if size else UNSET, mode=bits)


def _bad(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f'invalid argument "{text}" for "--mount" flag: {reason}', kind="flag", ref=text)
