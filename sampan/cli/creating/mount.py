"""``--mount``: comma-separated keys and values."""

from __future__ import annotations

import os

from sampan.cli.creating.fields import fields_of
from sampan.cli.sizes import parse_size

Json = dict[str, object]
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_BOOLS = frozenset({"readonly", "bind-nonrecursive", "bind-create-src", "volume-nocopy"})
_VALUES = frozenset(
    {"type", "source", "target", "consistency", "bind-propagation", "bind-recursive", "tmpfs-size",
     "tmpfs-mode", "volume-driver", "volume-subpath", "volume-opt", "volume-label", "image-subpath"}
)  # fmt: skip
_RECURSIVE = ("enabled", "disabled", "writable", "readonly")


def mount(text: str) -> Json:
    """A mount such as ``type=bind,source=/a,target=/b,readonly``, as the API has it. Raises ValueError."""
    values: dict[str, str] = {}
    flags: dict[str, bool] = {}
    pairs: dict[str, dict[str, str]] = {"volume-opt": {}, "volume-label": {}}
    fields = fields_of(text)
    if not fields:
        raise ValueError("EOF")
    for field in fields:
        _read(field, values, flags, pairs)
    kind = values.get("type", "volume")
    _check_mixture(kind, [*values, *flags, *(name for name, found in pairs.items() if found)])
    if not values.get("target"):
        raise ValueError("target is required")
    made: Json = {"Type": kind}
    if values.get("source"):
        made["Source"] = _source(kind, values["source"])
    made["Target"] = values["target"]
    if flags.get("readonly"):
        made["ReadOnly"] = True
    if values.get("consistency"):
        made["Consistency"] = values["consistency"].lower()
    options = {
        "BindOptions": _bind(values, flags),
        "VolumeOptions": _volume(values, flags, pairs),
        "ImageOptions": {"Subpath": values["image-subpath"]} if "image-subpath" in values else None,
        "TmpfsOptions": _tmpfs(values),
    }
    return made | {name: value for name, value in options.items() if value is not None}


def _read(
    field: str, values: dict[str, str], flags: dict[str, bool], pairs: dict[str, dict[str, str]]
) -> None:
    name, found, value = field.partition("=")
    name = _ALIASES.get(name.lower(), name.lower())
    if name in _BOOLS:
        if found and value not in _TRUE and value not in _FALSE:
            raise ValueError(f"invalid value for {field.partition('=')[0]}: {value}")
        flags[name] = not found or value in _TRUE
    elif not found:
        raise ValueError(f"invalid field '{field}' must be a key=value pair")
    elif name in pairs:
        key, _, item = value.partition("=")
        pairs[name][key] = item
    elif name in _VALUES:
        values[name] = value
        _check_value(name, value)
    else:
        raise ValueError(f"unexpected key '{field.partition('=')[0]}' in '{field}'")


def _check_value(name: str, value: str) -> None:
    if name == "bind-recursive" and value not in _RECURSIVE:
        raise ValueError(
            f'invalid value for bind-recursive: {value} (must be "enabled", "disabled", "writable", or "readonly")'
        )
    if name == "type":
        return
    try:
        if name == "tmpfs-size":
            parse_size(value)
        elif name == "tmpfs-mode":
            int(value, 8)
    except ValueError:
        raise ValueError(f"invalid value for {name}: {value}") from None


def _check_mixture(kind: str, names: list[str]) -> None:
    for prefix in ("bind", "volume", "image", "tmpfs"):
        if kind != prefix and any(name.startswith(f"{prefix}-") for name in names):
            raise ValueError(f"cannot mix '{prefix}-*' options with mount type '{kind}'")


def _source(kind: str, text: str) -> str:
    """A relative directory of the host is meant from where we are."""
    relative = kind == "bind" and (text in (".", "..") or text.startswith(("./", "../")))
    return os.path.abspath(text) if relative else text


def _bind(values: dict[str, str], flags: dict[str, bool]) -> Json | None:
    recursive = values.get("bind-recursive", "")
    if recursive in ("writable", "readonly") and not flags.get("readonly"):
        raise ValueError(
            f"option 'bind-recursive={recursive}' requires 'readonly' to be specified in conjunction"
        )
    if recursive == "readonly" and values.get("bind-propagation", "") != "rprivate":
        raise ValueError(
            "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction"
        )
    made: Json = {}
    if values.get("bind-propagation"):
        made["Propagation"] = values["bind-propagation"].lower()
    if flags.get("bind-nonrecursive") or recursive == "disabled":
        made["NonRecursive"] = True
    if flags.get("bind-create-src"):
        made["CreateMountpoint"] = True
    if recursive == "writable":
        made["ReadOnlyNonRecursive"] = True
    if recursive == "readonly":
        made["ReadOnlyForceRecursive"] = True
    return made or None


def _volume(values: dict[str, str], flags: dict[str, bool], pairs: dict[str, dict[str, str]]) -> Json | None:
    driver: Json = {}
    if values.get("volume-driver"):
        driver["Name"] = values["volume-driver"]
    if pairs["volume-opt"]:
        driver["Options"] = pairs["volume-opt"]
    made: Json = {}
    if flags.get("volume-nocopy"):
        made["NoCopy"] = True
    if pairs["volume-label"]:
        made["Labels"] = pairs["volume-label"]
    if values.get("volume-subpath"):
        made["Subpath"] = values["volume-subpath"]
    if driver or made or "volume-nocopy" in flags:
        made["DriverConfig"] = driver
    return made or None


def _tmpfs(values: dict[str, str]) -> Json | None:
    made: Json = {}
    if "tmpfs-size" in values:
        made["SizeBytes"] = parse_size(values["tmpfs-size"])
    if "tmpfs-mode" in values:
        made["Mode"] = int(values["tmpfs-mode"], 8)
    return made or None
