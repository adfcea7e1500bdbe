"""``sampan ps``."""

from __future__ import annotations

import json
import sys
import time

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import print_rows, shorten
from sampan.cli.values import Object, as_object, labels, number, objects, text, texts
from sampan.client.api import Client
from sampan.wire.units import human_duration, human_size

_HEADERS = {
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
}
_COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
_COMMAND_WIDTH = 20


def _run(client: Client, parsed: Parsed) -> int:
    last = 1 if parsed.flag("latest") else parsed.number("last") or 0
    size = parsed.flag("size") or ".Size" in parsed.text("format")
    values = [("all", "1")] if parsed.flag("all") or last > 0 else []
    values += [("limit", str(last))] if last > 0 else []
    values += [("size", "1")] if size else []
    values += chosen(parsed)
    found = objects(client.get("/containers/json", values))
    trunc = not parsed.flag("no-trunc")
    if parsed.flag("quiet") and not parsed.given("format"):
        sys.stdout.write("".join(f"{_id(item, trunc=trunc)}\n" for item in found))
        return 0
    columns = (*_COLUMNS, "Size") if size else _COLUMNS
    rows = [_row(item, trunc=trunc, now=time.time()) for item in found]
    print_rows(rows, headers=_HEADERS, default=columns, form=parsed.text("format"))
    return 0


def _row(item: Object, *, trunc: bool, now: float) -> dict[str, object]:
    command = text(item, "Command")
    mounts = [text(mount, "Name") or text(mount, "Source") for mount in objects(item.get("Mounts"))]
    created = number(item, "Created")
    image = text(item, "Image")
    return {
        "ID": _id(item, trunc=trunc),
        "Image": image if image else text(item, "ImageID"),
        "Command": json.dumps(shorten(command, _COMMAND_WIDTH) if trunc else command, ensure_ascii=False),
        "CreatedAt": time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(created)),
        "RunningFor": f"{human_duration(now - created)} ago",
        "Status": text(item, "Status"),
        "State": text(item, "State"),
        "Ports": ", ".join(_ports(item)),
        "Names": ",".join(name.removeprefix("/") for name in texts(item, "Names")),
        "Size": _size(item),
        "Labels": labels(item),
        "Mounts": ",".join(shorten(mount, 15) if trunc else mount for mount in mounts),
        "Networks": ",".join(as_object(as_object(item.get("NetworkSettings")).get("Networks"))),
        "LocalVolumes": str(sum(text(mount, "Driver") == "local" for mount in objects(item.get("Mounts")))),
    }


def _id(item: Object, *, trunc: bool) -> str:
    return text(item, "Id")[:12] if trunc else text(item, "Id")


def _size(item: Object) -> str:
    own, whole = number(item, "SizeRw"), number(item, "SizeRootFs")
    shown = human_size(own, precision=3)
    return f"{shown} (virtual {human_size(whole, precision=3)})" if whole > 0 else shown


def _ports(item: Object) -> list[str]:
    shown = []
    for port in objects(item.get("Ports")):
        inside = f"{number(port, 'PrivatePort')}/{text(port, 'Type')}"
        outside = number(port, "PublicPort")
        host = text(port, "IP")
        host = f"[{host}]" if ":" in host else host
        shown.append(f"{host}:{outside}->{inside}" if outside else inside)
    return shown


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
