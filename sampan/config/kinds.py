"""The kinds of settings: how a value is read from flags and from the file.

Each kind reads the texts of all occurrences of its flag, and the JSON value of its key;
a reader raises ``BadValue`` with what it expected.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeGuard

from sampan.config.values import AddressPool, DefaultUlimit, RuntimeProgram
from sampan.errors import InvalidArgument

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SIZE_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class BadValue(InvalidArgument):
    """A setting's value is not of its kind; the message says what was expected."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How to read a setting. ``placeholder`` stands for the value in help; empty for a switch."""

    placeholder: str
    from_flags: Callable[[Sequence[str]], object]
    from_json: Callable[[object], object]
    expected: str
    repeatable: bool = False


def _text(texts: Sequence[str]) -> str:
    return texts[-1]


def _json_text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise BadValue("a string")


def _boolean(texts: Sequence[str]) -> bool:
    if texts[-1] in _TRUE:
        return True
    if texts[-1] in _FALSE:
        return False
    raise BadValue("true or false")


def _json_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise BadValue("true or false")


def _integer(texts: Sequence[str]) -> int:
    text = texts[-1]
    if text.removeprefix("-").isdigit() and text.isascii() and len(text) < 12:
        return int(text)
    raise BadValue("a whole number")


def _json_integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadValue("a whole number")


def _size(texts: Sequence[str]) -> int:
    text = texts[-1].lower().removesuffix("ib").removesuffix("b") or texts[-1]
    unit = text[-1:] if text[-1:] in _SIZE_UNITS else ""
    number = text.removesuffix(unit) if unit else text
    if number.isascii() and number.isdigit() and len(number) < 16:
        return int(number) * _SIZE_UNITS[unit]
    raise BadValue("a size such as 64m")


def _json_size(value: object) -> int:
    if isinstance(value, str):
        return _size([value])
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise BadValue('a size: a string such as "64m" or a number of bytes')


def _list(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts)


def _json_list(value: object) -> tuple[str, ...]:
    if _is_list(value) and all(isinstance(item, str) for item in value):
        return tuple(str(item) for item in value)
    raise BadValue("a list of strings")


def _pairs(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise BadValue("key=value")
        found[key] = value
    return tuple(found.items())


def _json_pairs(value: object) -> tuple[tuple[str, str], ...]:
    if _is_object(value) and all(isinstance(item, str) for item in value.values()):
        return tuple((key, str(item)) for key, item in value.items())
    raise BadValue("an object whose values are strings")


def _pools(texts: Sequence[str]) -> tuple[AddressPool, ...]:
    found = []
    for text in texts:
        fields = dict(_pairs(text.split(",")))
        if set(fields) != {"base", "size"} or not fields["size"].isdigit():
            raise BadValue("base=CIDR,size=N")
        found.append(AddressPool(fields["base"], int(fields["size"][:4])))
    return tuple(found)


def _json_pools(value: object) -> tuple[AddressPool, ...]:
    expected = 'a list of objects with "base" and "size"'
    if not _is_list(value):
        raise BadValue(expected)
    found = []
    for item in value:
        if not _is_object(item) or set(item) != {"base", "size"}:
            raise BadValue(expected)
        base, size = item["base"], item["size"]
        if not isinstance(base, str) or not isinstance(size, int) or isinstance(size, bool):
            raise BadValue(expected)
        found.append(AddressPool(base, size))
    return tuple(found)


def _runtimes(texts: Sequence[str]) -> tuple[tuple[str, RuntimeProgram], ...]:
    return tuple((name, RuntimeProgram(path)) for name, path in _pairs(texts))


def _json_runtimes(value: object) -> tuple[tuple[str, RuntimeProgram], ...]:
    expected = 'an object of objects with "path" and, if needed, "runtimeArgs"'
    if not _is_object(value):
        raise BadValue(expected)
    found = []
    for name, item in value.items():
        if not _is_object(item) or not set(item) <= {"path", "runtimeArgs"}:
            raise BadValue(expected)
        path, arguments = item.get("path"), item.get("runtimeArgs", [])
        if not name or not isinstance(path, str) or not path:
            raise BadValue(expected)
        found.append((name, RuntimeProgram(path, _json_list(arguments))))
    return tuple(found)


def _ulimits(texts: Sequence[str]) -> tuple[DefaultUlimit, ...]:
    found = []
    for name, numbers in _pairs(texts):
        soft, colon, hard = numbers.partition(":")
        found.append(DefaultUlimit(name, _integer([soft]), _integer([hard if colon else soft])))
    return tuple(found)


def _json_ulimits(value: object) -> tuple[DefaultUlimit, ...]:
    expected = 'an object of objects with "Name", "Soft" and "Hard"'
    if not _is_object(value):
        raise BadValue(expected)
    found = []
    for name, item in value.items():
        if not _is_object(item) or not {"Soft", "Hard"} <= set(item) <= {
            "Name",
            "Soft",
            "Hard",
        }:
            raise BadValue(expected)
        if item.get("Name", name) != name:
            raise BadValue(expected)
        found.append(DefaultUlimit(name, _json_integer(item["Soft"]), _json_integer(item["Hard"])))
    return tuple(found)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


TEXT = Kind("string", _text, _json_text, "a string")
BOOLEAN = Kind("", _boolean, _json_boolean, "true or false")
INTEGER = Kind("int", _integer, _json_integer, "a whole number")
SIZE = Kind("bytes", _size, _json_size, "a size such as 64m")
LIST = Kind("list", _list, _json_list, "a list of strings", repeatable=True)
PAIRS = Kind(
    "key=value",
    _pairs,
    _json_pairs,
    "an object whose values are strings",
    repeatable=True,
)
POOLS = Kind("base=CIDR,size=N", _pools, _json_pools, "a list of base and size", repeatable=True)
RUNTIMES = Kind("name=path", _runtimes, _json_runtimes, "an object of runtimes", repeatable=True)
ULIMITS = Kind("name=soft:hard", _ulimits, _json_ulimits, "an object of limits", repeatable=True)
