"""The settings file: JSON, an object of the rows' keys."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sampan.config.arguments import suggestion
from sampan.config.kinds import BadValue
from sampan.config.settings import ROWS
from sampan.errors import InvalidArgument, TooLarge

_BY_KEY = {row.key: row for row in ROWS if row.key}
_LIMIT_BYTES = 1 << 20


def read_file(path: Path, *, required: bool) -> dict[str, object]:
    """Values by attribute. A missing file is empty unless ``required``.

    Raises InvalidArgument, naming the file and the key, if it cannot be read, is no JSON
    object, has an unknown key, or a value of the wrong type.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT_BYTES + 1)
    except FileNotFoundError as error:
        if not required:
            return {}
        raise _bad(path, "no such file") from error
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error
    if len(data) > _LIMIT_BYTES:
        raise TooLarge(f"{path}: larger than {_LIMIT_BYTES} bytes", kind="file", ref=str(path))
    return parse_file(data, path)


def parse_file(data: bytes, path: Path) -> dict[str, object]:
    """The content of a settings file as values by attribute; as ``read_file``."""
    if not data.strip():
        return {}
    try:
        content = msgspec.json.decode(data, type=dict[str, object])
    except msgspec.ValidationError as error:
        raise _bad(path, "expected a JSON object") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(path, f"not valid JSON: {error}") from error
    unknown = [key for key in content if key not in _BY_KEY]
    if unknown:
        words = ", ".join(f"{key}{suggestion(key, list(_BY_KEY))}" for key in unknown)
        raise _bad(
            path,
            f"the following directives don't match any configuration option: {words}",
        )
    found: dict[str, object] = {}
    for key, value in content.items():
        row = _BY_KEY[key]
        try:
            found[row.attribute] = row.kind.from_json(value)
        except BadValue as error:
            raise _bad(path, f"{key}: expected {error.message}, not {_json_type(value)}") from error
    return found


def _json_type(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the string {value!r}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "this list"
        case _:
            return "this object"


def _bad(path: Path, reason: str) -> InvalidArgument:
    return InvalidArgument(f"{path}: {reason}", kind="file", ref=str(path))
