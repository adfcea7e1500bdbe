"""The functions of templates: Go's own, and those that docker adds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast
from urllib.parse import quote_plus

from sampan.cli.template.values import NIL, Nil, shown, to_json

_VERB = re.compile(r"%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")
# Go's text/template escapes these, and not as Python's html module does.
_HTML = {"\x00": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
       "\n": "\\u000A", "\r": "\\u000D", "\t": "\\u0009"}  # fmt: skip


class Function(NamedTuple):
    """What a word does; ``most`` -1 is any number of arguments."""

    call: Callable[..., object]
    least: int
    most: int


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected string; found {shown(value)}")
    return value


def _list(value: object) -> Sequence[object]:
    if isinstance(value, Nil):
        return ()
    if not isinstance(value, list | str):
        raise TypeError(f"expected a list; found {shown(value)}")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"cannot index slice/array with type {_type(value)}")
    return value


def _type(value: object) -> str:
    return {str: "string", bool: "bool", int: "int", float: "float64"}.get(type(value), "interface {}")


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            others = value.values()
            missing: object = "" if all(isinstance(item, str) for item in others) else NIL
            value = value.get(key, missing)
            continue
        position, items = _number(key), _list(value)
        if not 0 <= position < len(items):
            raise IndexError(f"index out of range: {position}")
        value = items[position]
    return value


def _slice(value: object, *bounds: object) -> object:
    items = _list(value)
    start, end, *_ = (*(_number(bound) for bound in bounds), *(None, None))
    if max(start or 0, end or 0) > len(items):
        raise IndexError(f"index out of range: {max(start or 0, end or 0)}")
    return items[start:end]


def _len(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, Mapping) else len(_list(value))


def _print(*values: object) -> str:
    """Go's Sprint: a space between two operands of which neither is a string."""
    out = ""
    for position, value in enumerate(values):
        apart = position > 0 and not isinstance(value, str) and not isinstance(values[position - 1], str)
        out += (" " if apart else "") + shown(value)
    return out


def _printf(form: object, *values: object) -> str:
    left = list(values)

    def one(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not left:
            return f"%!{verb}(MISSING)"
        return _formatted(left.pop(0), flags, int(width or 0), precision, verb)

    text = _VERB.sub(one, _text(form))
    extra = ", ".join(f"{_type(value)}={shown(value)}" for value in left)
    return text + (f"%!(EXTRA {extra})" if extra else "")


def _formatted(value: object, flags: str, width: int, precision: str | None, verb: str) -> str:
    if verb in "dxXobc" and isinstance(value, int) and not isinstance(value, bool):
        text = format(value, verb)
    elif verb in "feg" and isinstance(value, float):
        text = format(value, f".{precision}{verb}" if precision else verb)
    elif verb == "q" and isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif verb in "sv" or (verb == "t" and isinstance(value, bool)):
        text = shown(value)[: int(precision)] if precision else shown(value)
        if verb == "s" and not isinstance(value, str | list | Mapping | Nil):
            text = f"%!s({_type(value)}={text})"
    elif verb == "x" and isinstance(value, str):
        text = value.encode().hex()
    else:
        text = f"%!{verb}({_type(value)}={shown(value)})"
    if "-" in flags:
        return text.ljust(width)
    if "+" in flags and isinstance(value, int) and value >= 0:
        text = f"+{text}"
    return text.zfill(width) if "0" in flags and isinstance(value, int) else text.rjust(width)


def _equal(first: object, *others: object) -> bool:
    return any(first == other for other in others)


def _ordered(test: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def compare(left: object, right: object) -> bool:
        if isinstance(left, str) != isinstance(right, str) or isinstance(left, Nil | dict | list):
            raise TypeError("incompatible types for comparison")
        # Two texts or two numbers: Python compares either as Go does.
        return test(cast("float", left), cast("float", right))

    return compare


def _join(values: object, mark: object) -> str:
    return _text(mark).join(shown(value) for value in _list(values))


def _truncate(text: object, width: object) -> str:
    return _text(text)[: _number(width)]


def _pad(text: object, before: object, after: object) -> str:
    return " " * _number(before) + _text(text) + " " * _number(after) if text else ""


def _escape(table: dict[str, str]) -> Callable[..., str]:
    return lambda *values: "".join(table.get(letter, letter) for letter in _print(*values))


# ``and`` and ``or`` are here for their names; they are carried out without their later operands.
FUNCTIONS: dict[str, Function] = {
    "and": Function(lambda *values: values[-1], 1, -1),
    "eq": Function(_equal, 2, -1),
    "ge": Function(_ordered(lambda left, right: left >= right), 2, 2),
    "gt": Function(_ordered(lambda left, right: left > right), 2, 2),
    "html": Function(_escape(_HTML), 1, -1),
    "index": Function(_index, 1, -1),
    "join": Function(_join, 2, 2),
    "js": Function(_escape(_JS), 1, -1),
    "json": Function(to_json, 1, 1),
    "le": Function(_ordered(lambda left, right: left <= right), 2, 2),
    "len": Function(_len, 1, 1),
    "lower": Function(lambda text: _text(text).lower(), 1, 1),
    "lt": Function(_ordered(lambda left, right: left < right), 2, 2),
    "ne": Function(lambda left, right: left != right, 2, 2),
    "not": Function(lambda value: not value, 1, 1),
    "or": Function(lambda *values: values[-1], 1, -1),
    "pad": Function(_pad, 3, 3),
    "print": Function(_print, 0, -1),
    "printf": Function(_printf, 1, -1),
    "println": Function(lambda *values: " ".join(map(shown, values)) + "\n", 0, -1),
    "slice": Function(_slice, 1, 4),
    "split": Function(lambda text, mark: _text(text).split(_text(mark)), 2, 2),
    "title": Function(lambda text: re.sub(r"(^|\W)(\w)", lambda found: found[1] + found[2].upper(), _text(text)), 1, 1),
    "truncate": Function(_truncate, 2, 2),
    "upper": Function(lambda text: _text(text).upper(), 1, 1),
    "urlquery": Function(lambda *values: quote_plus(_print(*values)), 1, -1),
}  # fmt: skip
