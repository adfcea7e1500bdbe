"""Tables and formats of listings, laid out as docker's."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from sampan.cli.template.parse import parse
from sampan.cli.template.render import Renderer

Row = Mapping[str, object]
_LEAST_WIDTH = 10
_PADDING = 3


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns at least ten wide, three spaces apart, the last one ragged."""
    lines = [list(header), *map(list, rows)]
    count = max(len(line) for line in lines)
    widths = [
        max(_LEAST_WIDTH, *(len(line[column]) + _PADDING for line in lines if column < len(line)))
        for column in range(count - 1)
    ]
    out = []
    for line in lines:
        cells = [f"{cell:<{widths[column]}}" for column, cell in enumerate(line[:-1])]
        out.append("".join([*cells, line[-1]]))
    return "".join(f"{line}\n" for line in out)


def print_rows(rows: Sequence[Row], *, headers: Mapping[str, str], default: Sequence[str], form: str) -> None:
    """Print a listing: as a table of the ``default`` fields, as JSON lines, or by a template.

    ``headers`` names every field's column. A template that begins with ``table`` gets a
    header too. Raises InvalidArgument for a malformed template.
    """
    if form in ("", "table"):
        cells = [[str(row[field]) for field in default] for row in rows]
        sys.stdout.write(table([headers[field] for field in default], cells))
        return
    if form == "json":
        for row in rows:
            sys.stdout.write(json.dumps(row, separators=(",", ":")) + "\n")
        return
    tabular = form.startswith("table ")
    text = form.removeprefix("table ").replace("\\t", "\t").replace("\\n", "\n")
    renderer = Renderer(parse(text))
    lines = [renderer.render(row) for row in rows]
    if tabular:
        head = renderer.render(headers)
        sys.stdout.write(table(head.split("\t"), [line.split("\t") for line in lines]))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_inspected(values: Sequence[object], form: str) -> None:
    """Print inspections: as an indented JSON list, or each by a template."""
    if form in ("", "json"):
        indent = None if form == "json" else 4
        separators = (",", ":") if form == "json" else None
        sys.stdout.write(json.dumps(values, indent=indent, separators=separators, ensure_ascii=False) + "\n")
        return
    renderer = Renderer(parse(form.replace("\\t", "\t").replace("\\n", "\n")))
    for value in values:
        sys.stdout.write(renderer.render(value) + "\n")


def shorten(text: str, width: int) -> str:
    """At most ``width`` characters, the last of them an ellipsis if something is cut."""
    return text if len(text) <= width else text[: width - 1] + "…"
