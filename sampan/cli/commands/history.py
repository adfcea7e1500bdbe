"""``sampan history``."""

from __future__ import annotations

import sys
import time
from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import print_rows, shorten
from sampan.cli.platforms import PLATFORM, chosen_platforms
from sampan.cli.times import rfc3339
from sampan.cli.values import Object, number, objects, text
from sampan.client.api import Client
from sampan.wire.units import human_duration, human_size

_HEADERS = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
_WIDTH = 45


def _run(client: Client, parsed: Parsed) -> int:
    trunc = not parsed.flag("no-trunc")
    items = objects(client.get(f"/images/{quote(parsed.arguments[0])}/history", chosen_platforms(parsed)))
    if parsed.flag("quiet"):
        sys.stdout.write("".join(f"{_id(item, trunc=trunc)}\n" for item in items))
        return 0
    human = parsed.text("human") != "false"
    rows = [_row(item, trunc=trunc, human=human) for item in items]
    print_rows(
        rows,
        headers=_HEADERS if human else {**_HEADERS, "CreatedSince": _HEADERS["CreatedAt"]},
        default=("ID", "CreatedSince", "CreatedBy", "Size", "Comment"),
        form=parsed.text("format"),
    )
    return 0


def _row(item: Object, *, trunc: bool, human: bool) -> dict[str, object]:
    created, size = number(item, "Created"), number(item, "Size")
    at = rfc3339(created)
    command = text(item, "CreatedBy").replace("\t", " ")
    return {
        "ID": _id(item, trunc=trunc),
        "CreatedSince": f"{human_duration(time.time() - created)} ago" if human else at,
        "CreatedAt": at,
        "CreatedBy": shorten(command, _WIDTH) if trunc else command,
        "Size": human_size(size, precision=3) if human else str(size),
        "Comment": text(item, "Comment"),
    }


def _id(item: Object, *, trunc: bool) -> str:
    full = text(item, "Id")
    return full.removeprefix("sha256:")[:12] if trunc and full.startswith("sha256:") else full


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE",
    help="Show how an image was made",
    flags=(
        Flag("format", "", "string", "'table', 'table TEMPLATE', 'json', or a template"),
        Flag("human", "H", "bool", "Sizes and dates for people", "true"),
        Flag("no-trunc", "", "bool", "Do not shorten"),
        PLATFORM,
        Flag("quiet", "q", "bool", "Show ids only"),
    ),
    least=1,
    most=1,
    examples=("history debian",),
)
