"""JSON from the daemon, read with the type that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

Object: TypeAlias = Mapping[str, object]


def as_object(value: object) -> Object:
    """A JSON object; empty for null."""
    return cast("Object", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """A JSON list; empty for null."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Object]:
    """A list of JSON objects."""
    return [as_object(item) for item in as_list(value)]


def text(value: Object, name: str) -> str:
    """A string field; empty if it is not there."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def number(value: Object, name: str) -> int:
    """A number field; 0 if it is not there."""
    found = value.get(name)
    return found if isinstance(found, int) else 0


def texts(value: Object, name: str) -> list[str]:
    """A list of strings; empty if it is not there."""
    return [item for item in as_list(value.get(name)) if isinstance(item, str)]


def labels(value: Object, name: str = "Labels") -> str:
    """A map of strings as ``a=b,c=d``, sorted."""
    return ",".join(f"{key}={item}" for key, item in sorted(as_object(value.get(name)).items()))
