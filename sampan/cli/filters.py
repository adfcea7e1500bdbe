"""The flag ``--filter`` of listings and prunes."""

from __future__ import annotations

import json

from sampan.cli.flags import Flag, Parsed
from sampan.errors import InvalidArgument

FILTER = Flag("filter", "f", "list", "Only those for which this holds, name=value")
# Where -f is --force.
LONG_FILTER = FILTER._replace(short="")


def encoded(parsed: Parsed) -> list[tuple[str, str]]:
    """The filters as a query value; nothing if none was given. Raises InvalidArgument."""
    values: dict[str, dict[str, bool]] = {}
    for text in parsed.texts("filter"):
        name, found, value = text.partition("=")
        if not found:
            raise InvalidArgument(
                f'invalid argument {text!r} for "-f, --filter" flag: bad format of filter (expected name=value)',
                kind="flag",
                ref=text,
            )
        values.setdefault(name.strip().lower(), {})[value.strip()] = True
    return [("filters", json.dumps(values))] if values else []
