"""The command line: flags to values by row, without a library whose import costs more than the work."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.config.kinds import BOOLEAN, BadValue
from sampan.config.settings import ROWS, Row
from sampan.errors import InvalidArgument

_BY_FLAG = {f"--{row.flag}": row for row in ROWS} | {f"-{row.short}": row for row in ROWS if row.short}


def parse_arguments(argv: Sequence[str]) -> dict[str, object]:
    """Values by attribute of the flags in ``argv`` (without the program's name).

    ``--flag value``, ``--flag=value``, ``-f value``, ``-f=value``, ``-fvalue``, and switches
    alone or with ``=true`` or ``=false``; as dockerd, ``--``, the end of flags, allows
    nothing after it. Raises InvalidArgument, naming the flag.
    """
    texts: dict[str, tuple[Row, list[str]]] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        name, row, value = _split(word)
        if value is None:
            if row.kind is BOOLEAN:
                value = "true"
            elif rest:
                value = rest.pop(0)
            else:
                raise InvalidArgument(f"flag needs an argument: {name}", kind="flag", ref=name)
        texts.setdefault(row.attribute, (row, []))[1].append(value)
    return {attribute: _value(row, given) for attribute, (row, given) in texts.items()}


def _split(word: str) -> tuple[str, Row, str | None]:
    """A word's flag, its row, and the value if the word holds one."""
    name, equals, value = word.partition("=")
    row = _BY_FLAG.get(name)
    if row is not None:
        return name, row, value if equals else None
    if word.startswith("-") and not word.startswith("--") and len(word) > 2:
        row = _BY_FLAG.get(word[:2])
        if row is not None and row.kind is not BOOLEAN:
            return word[:2], row, word[2:]
    if word.startswith("-") and word not in ("-", "--"):
        raise InvalidArgument(f"unknown flag: {name}{suggestion(name, _BY_FLAG)}", kind="flag", ref=name)
    raise InvalidArgument(f"sampand takes no arguments, only flags: {word}", kind="flag", ref=word)


def _value(row: Row, texts: list[str]) -> object:
    try:
        return row.kind.from_flags(texts)
    except BadValue as error:
        quoted = ", ".join(repr(text) for text in texts)
        raise InvalidArgument(
            f"invalid argument {quoted} for --{row.flag}: expected {error.message}",
            kind="flag",
            ref=row.flag,
        ) from error


def suggestion(name: str, known: Sequence[str] | dict[str, Row]) -> str:
    """A hint at the known name nearest to ``name``, or nothing."""
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
