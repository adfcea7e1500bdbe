"""Tables and formats of listings and inspections, laid out as docker's."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence

from sampan.cli.outcome import FAILED, Failed

_LEAST_WIDTH = 10
_PADDING = 3
_BAD_TEMPLATE = 64


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, least_width: int = _LEAST_WIDTH) -> str:
    """Columns three spaces apart and at least so wide; the last one ragged."""
    lines = [list(header), *map(list, rows)]
    count = max(len(line) for line in lines)
    widths = [
        max(least_width, *(len(line[column]) + _PADDING for line in lines if column < len(line) - 1), 0)
        for column in range(count)
    ]
    out = []
    for line in lines:
        cells = [f"{cell:<{widths[column]}}" for column, cell in enumerate(line[:-1])]
        out.append("".join([*cells, line[-1]]))
    return "".join(f"{line}\n" for line in out)


def print_rows(
    rows: Sequence[Mapping[str, object]],
    *,
    headers: Mapping[str, str | Callable[[str], str]],
    default: Sequence[str],
    form: str,
) -> None:
    """Print a listing: as a table of the ``default`` fields, as JSON lines, or by a template.

    ``headers`` names every field's column, by which a template that begins with ``table`` gets
    its header. Raises Failed for a template that is malformed or does not fit.
    """
    if form in ("", "table"):
        cells = [[str(row[field]) for field in default] for row in rows]
        sys.stdout.write(table([str(headers[field]) for field in default], cells))
        return
    from sampan.cli.template.errors import MalformedTemplate, TemplateFailed
    from sampan.cli.template.parse import parse
    from sampan.cli.template.render import Renderer
    from sampan.cli.template.values import Row, to_json

    if form == "json":
        sys.stdout.write("".join(f"{to_json(Row(row))}\n" for row in rows))
        return
    tabular = form.startswith("table")
    text = form.removeprefix("table").lstrip() if tabular else form
    try:
        renderer = Renderer(parse(text.replace("\\t", "\t").replace("\\n", "\n")))
        lines = [renderer.render(Row(row)) for row in rows]
        head = renderer.render(Row(headers)) if tabular else ""
    except MalformedTemplate as error:
        raise Failed(f"failed to parse template: {error.message}") from error
    except TemplateFailed as error:
        raise Failed(f"failed to execute template: {error.message}") from error
    if tabular:
        sys.stdout.write(table(head.split("\t"), [line.split("\t") for line in lines]))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_inspected(values: Sequence[object], form: str) -> None:
    """Print inspections: as an indented JSON list, or each by a template.

    Raises Failed for a template that is malformed (exit code 64) or does not fit.
    """
    if form == "":
        sys.stdout.write(json.dumps(values, indent=4, ensure_ascii=False) + "\n")
        return
    if form == "json":
        sys.stdout.write(json.dumps(values, separators=(",", ":"), ensure_ascii=False) + "\n")
        return
    from sampan.cli.template.errors import MalformedTemplate, TemplateFailed
    from sampan.cli.template.parse import parse
    from sampan.cli.template.render import Renderer
    from sampan.cli.template.values import typed

    shown = ""
    try:
        renderer = Renderer(parse(form))
        for value in values:
            shown += renderer.render(typed(value)) + "\n"
    except MalformedTemplate as error:
        raise Failed(f"template parsing error: {error.message}", _BAD_TEMPLATE) from error
    except TemplateFailed as error:
        sys.stdout.write(shown + "\n")
        raise Failed(f"template parsing error: {error.message}", FAILED) from error
    sys.stdout.write(shown or "\n")


def label_header(name: str) -> str:
    """The column of one label: the last part of its name."""
    return name.rpartition(".")[2].replace("-", " ").replace("_", " ")


def shorten(text: str, width: int) -> str:
    """At most ``width`` characters, the last of them an ellipsis if something is cut."""
    return text if len(text) <= width else text[: width - 1] + "…"
