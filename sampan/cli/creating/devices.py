"""``--device``, ``--gpus`` and the limits of block devices."""

from __future__ import annotations

import re

from sampan.cli.creating.fields import fields_of
from sampan.cli.sizes import parse_size
from sampan.errors import InvalidArgument

Json = dict[str, object]
_CDI = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w.-]*=[\w.:-]+", re.ASCII)
_LEAST_WEIGHT, _MOST_WEIGHT = 10, 1000


def is_cdi(text: str) -> bool:
    """Whether it names a device of a Container Device Interface, ``vendor/class=name``."""
    return _CDI.fullmatch(text) is not None


def device(text: str) -> Json:
    """A device node, ``host[:container][:rwm]``. Raises InvalidArgument."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 3:
        raise _bad(f"bad format for path: {text}")
    source, target, access = parts[0], parts[0], "rwm"
    if len(parts) == 3:
        target, access = parts[1], parts[2]
        if not _is_access(access):
            raise _bad(f"bad mode specified: {access}")
    elif len(parts) == 2:
        if _is_access(parts[1]):
            access = parts[1]
        else:
            target = parts[1]
    for path in (source, target):
        if not path.startswith("/"):
            raise _bad(f"{path} is not an absolute path")
    return {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": access}


def _is_access(text: str) -> bool:
    return bool(text) and set(text) <= set("rwm") and len(set(text)) == len(text)


def cdi_request(names: list[str]) -> Json:
    """A request for devices of a Container Device Interface."""
    return {"Driver": "cdi", "Count": 0, "DeviceIDs": names, "Capabilities": None, "Options": None}


def gpu_request(text: str) -> Json:
    """A request for GPUs: ``all``, a count, or ``device=0,driver=..``. Raises ValueError."""
    fields = fields_of(text)
    if not fields:
        raise ValueError("EOF")
    request: Json = {"Driver": "", "Count": 0, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}
    seen: set[str] = set()
    for field in fields:
        name, found, value = field.partition("=")
        if not found:
            name, value = "count", field
        if name in seen:
            raise ValueError(f"gpu request key '{name}' can be specified only once")
        seen.add(name)
        _set_gpu(request, name, value, field)
    if "count" not in seen and request["DeviceIDs"] is None:
        request["Count"] = 1
    return request


def _set_gpu(request: Json, name: str, value: str, field: str) -> None:
    match name:
        case "count":
            request["Count"] = _gpu_count(value)
        case "driver":
            request["Driver"] = value
        case "device":
            request["DeviceIDs"] = value.split(",")
        case "capabilities":
            request["Capabilities"] = [[*value.split(","), "gpu"]]
        case "options":
            request["Options"] = dict(item.partition("=")[::2] for item in fields_of(value))
        case _:
            raise ValueError(f"unexpected key '{name}' in '{field}'")


def _gpu_count(text: str) -> int:
    if text == "all":
        return -1
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise ValueError(f'invalid count ({text}): value must be either "all" or an integer: invalid syntax')
    return int(text)


def weight_device(text: str) -> Json:
    """A block device's share of I/O, ``path:weight``. Raises ValueError."""
    path, rate = _path_and_rate(text)
    if not rate.isdigit() or (int(rate) and not _LEAST_WEIGHT <= int(rate) <= _MOST_WEIGHT):
        raise ValueError(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": int(rate)}


def bytes_device(text: str) -> Json:
    """A block device's limit in bytes a second, ``path:rate``. Raises ValueError."""
    path, rate = _path_and_rate(text)
    try:
        return {"Path": path, "Rate": parse_size(rate)}
    except ValueError as error:
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. "
            "Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        ) from error


def iops_device(text: str) -> Json:
    """A block device's limit in operations a second, ``path:rate``. Raises ValueError."""
    path, rate = _path_and_rate(text)
    if not rate.isdigit():
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>. "
            "Number must be a positive integer"
        )
    return {"Path": path, "Rate": int(rate)}


def _path_and_rate(text: str) -> tuple[str, str]:
    path, found, rate = text.partition(":")
    if not found or not path:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    return path, rate


def _bad(reason: str) -> InvalidArgument:
    return InvalidArgument(reason, kind="flag", ref="device")
