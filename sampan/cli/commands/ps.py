"""``sampan ps``."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import label_header, print_rows, shorten
from sampan.cli.ports import shown_ports
from sampan.cli.times import go_time
from sampan.cli.values import Object, as_object, labels, number, objects, text, texts
from sampan.client.api import Client
from sampan.wire.units import human_duration, human_size

_HEADERS: dict[str, str | Callable[[str], str]] = {
    "ID": "CONTAINER ID",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "RunningFor": "CREATED",
    "Status": "STATUS",
    "Ports": "PORTS",
    "Names": "NAMES",
    "Size": "SIZE",
    "CreatedAt": "CREATED AT",
    "State": "STATE",
    "Labels": "LABELS",
    "Mounts": "MOUNTS",
    "Networks": "NETWORKS",
    "LocalVolumes": "LOCAL VOLUMES",
    "Platform": "PLATFORM",
    "Label": label_header,
}
_COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
_COMMAND_WIDTH = 20
_ID_WIDTH = 12


def _run(client: Client, parsed: Parsed) -> int:
    last = 1 if parsed.flag("latest") else parsed.number("last") or 0
    form = parsed.text("format")
    # A template that shows the size, or everything, needs the daemon to measure it.
    size = parsed.flag("size") or re.search(r"\.Size\b|json\s+\.\s*}}", form) is not None
    values = [("all", "1")] if parsed.flag("all") else []
    values += [("limit", str(last))] if last > 0 else []
    values += [("size", "1")] if size else []
    values += chosen(parsed)
    found = objects(client.get("/containers/json", values))
    trunc = not parsed.flag("no-trunc")
    if parsed.flag("quiet"):
        if form:
            sys.stderr.write("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
        sys.stdout.write("".join(f"{_id(item, trunc=trunc)}\n" for item in found))
        return 0
    columns = (*_COLUMNS, "Size") if size else _COLUMNS
    rows = [_row(item, trunc=trunc, now=time.time()) for item in found]
    print_rows(rows, headers=_HEADERS, default=columns, form=form)
    return 0


def _row(item: Object, *, trunc: bool, now: float) -> dict[str, object]:
    command = text(item, "Command")
    mounts = [text(mount, "Name") or text(mount, "Source") for mount in objects(item.get("Mounts"))]
    created = number(item, "Created")
    return {
        "ID": _id(item, trunc=trunc),
        "Image": _image(item, trunc=trunc),
        "Command": json.dumps(shorten(command, _COMMAND_WIDTH) if trunc else command, ensure_ascii=False),
        "CreatedAt": go_time(created),
        "RunningFor": f"{human_duration(now - created)} ago",
        "Status": text(item, "Status"),
        "State": text(item, "State"),
        "Ports": shown_ports(objects(item.get("Ports"))),
        "Names": _names(item, trunc=trunc),
        "Size": _size(item),
        "Labels": labels(item),
        "Label": lambda name: text(as_object(item.get("Labels")), name),
        "Platform": item.get("Platform"),
        "Mounts": ",".join(shorten(mount, 15) if trunc else mount for mount in mounts),
        "Networks": ",".join(as_object(as_object(item.get("NetworkSettings")).get("Networks"))),
        "LocalVolumes": str(sum(text(mount, "Driver") == "local" for mount in objects(item.get("Mounts")))),
    }


def _id(item: Object, *, trunc: bool) -> str:
    return text(item, "Id")[:_ID_WIDTH] if trunc else text(item, "Id")


def _size(item: Object) -> str:
    own, whole = number(item, "SizeRw"), number(item, "SizeRootFs")
    shown = human_size(own, precision=3)
    return f"{shown} (virtual {human_size(whole, precision=3)})" if whole > 0 else shown


def _image(item: Object, *, trunc: bool) -> str:
    """The image's name; its short id if that is how the container was asked for."""
    image, image_id = text(item, "Image"), text(item, "ImageID")
    if not image:
        return "<no image>"
    short = image.removeprefix("sha256:")[:_ID_WIDTH]
    return short if trunc and short == image_id.removeprefix("sha256:")[:_ID_WIDTH] else image


def _names(item: Object, *, trunc: bool) -> str:
    """Its names; those that links of other containers give it only in full."""
    names = [name.removeprefix("/") for name in texts(item, "Names")]
    return ",".join(name for name in names if not (trunc and "/" in name))


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="List containers",
    flags=(
        Flag("all", "a", "bool", "Show all containers, not only those that run"),
        FILTER,
        Flag("format", "", "string", "'table', 'table TEMPLATE', 'json', or a template"),
        Flag("last", "n", "int", "Show the last n containers, in any state", "-1"),
        Flag("latest", "l", "bool", "Show the last container, in any state"),
        Flag("no-trunc", "", "bool", "Do not shorten"),
        Flag("quiet", "q", "bool", "Show ids only"),
        Flag("size", "s", "bool", "Show sizes"),
    ),
    examples=("ps", "ps -a --filter status=exited", "ps --format '{{.Names}}: {{.Status}}'"),
)
