"""JSON as Go's typed values: structs, maps, and the several kinds of nothing.

Docker's templates see Go structs, whose fields print in order, whose absent fields have a
zero value, and whose nulls print by their type. JSON does not say which object is a struct
and what type a null would have; the names of the Engine API's fields do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

# Fields whose objects are maps: their keys are data.
_MAPS = frozenset(
    {"Annotations", "Attributes", "Containers", "Data", "Details", "DriverOpts", "ExposedPorts", "IndexConfigs",
     "Labels", "LogOpts", "Networks", "Options", "PortBindings", "Ports", "Runtimes", "StorageOpt", "Sysctls",
     "Tmpfs", "Volumes"}
)  # fmt: skip
# Maps only inside this object.
_MAPS_INSIDE = {("LogConfig", "Config")}
# Fields that are lists, and whose null is an empty list.
_LISTS = frozenset(
    {"Aliases", "Args", "Binds", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps",
     "BlkioDeviceWriteIOps", "BlkioWeightDevice", "CapAdd", "CapDrop", "Cmd", "Config", "DNSNames", "DeviceCgroupRules",
     "DeviceRequests", "Devices", "Dns", "DnsOptions", "DnsSearch", "Entrypoint", "Env", "ExecIDs", "ExtraHosts",
     "GroupAdd", "Layers", "Links", "MaskedPaths", "Mounts", "OnBuild", "ReadonlyPaths", "RepoDigests", "RepoTags",
     "SecondaryIPAddresses", "SecondaryIPv6Addresses", "SecurityOpt", "SecurityOptions", "Shell", "Ulimits",
     "VolumesFrom", "Warnings"}
)  # fmt: skip


class Nil:
    """Nothing of some type: printed its own way, false, empty, and null in JSON."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Nil)

    def __hash__(self) -> int:
        return 0


NIL = Nil("<nil>")
NIL_LIST = Nil("[]")
NIL_MAP = Nil("map[]")
NO_VALUE = Nil("<no value>")

# Fields that JSON leaves out when they hold nothing, and what they hold then.
_LEFT_OUT: dict[str, object] = {
    **dict.fromkeys(("Annotations", "ExposedPorts", "StorageOpt", "Sysctls", "Tmpfs"), NIL_MAP),
    **dict.fromkeys(("Mounts", "Shell"), NIL_LIST),
    **dict.fromkeys(("Health", "Healthcheck", "Init", "SizeRw", "SizeRootFs", "StopTimeout"), NIL),
    **dict.fromkeys(("MacAddress", "Runtime", "StopSignal", "Variant", "Comment", "Author", "Parent"), ""),
}


class Struct(dict[str, object]):
    """An object with fixed fields."""


class Row(Struct):
    """A row of a listing: its JSON has sorted names; functions in it are methods, and not part of JSON."""


def typed(value: object, name: str = "", inside: str = "") -> object:
    """Decoded JSON with structs, maps and nils told apart by field names."""
    if isinstance(value, Mapping):
        if name in _MAPS or (inside, name) in _MAPS_INSIDE:
            return {key: typed(item) for key, item in value.items()}
        return Struct((key, typed(item, key, name)) for key, item in value.items())
    if isinstance(value, list):
        return [typed(item) for item in value]
    if value is None:
        if name in _MAPS or (inside, name) in _MAPS_INSIDE:
            return NIL_MAP
        return NIL_LIST if name in _LISTS else NIL
    return value


def field(value: Mapping[str, object], name: str) -> object:
    """A field or a map's value. Raises KeyError for a struct that has no such field.

    JSON's names and Go's differ in the case of abbreviations (``Id`` and ``ID``); both are taken.
    """
    if name in value:
        return value[name]
    if not isinstance(value, Struct):
        return NO_VALUE
    for known, found in value.items():
        if known.lower() == name.lower():
            return found
    return _LEFT_OUT[name]


def shown(value: object) -> str:
    """A value as Go's ``%v`` prints it."""
    if value is None:
        return NIL.text
    if isinstance(value, Nil):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Struct):
        return "{" + " ".join(shown(item) for item in value.values()) + "}"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(shown(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def to_json(value: object) -> str:
    """A value as JSON, without spaces; a row's has sorted names, and no character that HTML minds."""
    if isinstance(value, Row):
        plain = {key: item for key, item in value.items() if not callable(item)}
        text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False, sort_keys=True, default=_null)
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_null)


def _null(value: object) -> None:
    if not isinstance(value, Nil):
        raise TypeError(f"{type(value).__name__} is no JSON")
