"""The flag ``--filter`` of listings and prunes."""

from __future__ import annotations

import json

from sampan.cli.flags import Flag, Parsed


def _check(text: str) -> None:
    if "=" not in text:
        raise ValueError("bad format of filter (expected name=value)")


FILTER = Flag("filter", "f", "filter", "Only those for which this holds, name=value", check=_check)
# Where -f is --force.
LONG_FILTER = FILTER._replace(short="")


def chosen(parsed: Parsed, **more: str) -> list[tuple[str, str]]:
    """The filters, and ``more`` of them, as a query value; nothing if there is none."""
    values: dict[str, dict[str, bool]] = {}
    for text in parsed.texts("filter"):
        name, _, value = text.partition("=")
        values.setdefault(name.strip().lower(), {})[value.strip()] = True
    for name, value in more.items():
        values.setdefault(name, {})[value] = True
    return [("filters", json.dumps(values))] if values else []
