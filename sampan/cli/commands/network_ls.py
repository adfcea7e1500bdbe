"""``sampan network ls``."""

from __future__ import annotations

import sys

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import print_rows
from sampan.cli.values import Object, labels, objects, text
from sampan.client.api import Client

_HEADERS = {
    "ID": "NETWORK ID",
    "Name": "NAME",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "CreatedAt": "CREATED AT",
    "IPv6": "IPV6",
    "Internal": "INTERNAL",
    "Labels": "LABELS",
}


def _run(client: Client, parsed: Parsed) -> int:
    found = sorted(objects(client.get("/networks", chosen(parsed))), key=lambda item: text(item, "Name"))
    rows = [_row(item, trunc=not parsed.flag("no-trunc")) for item in found]
    if parsed.flag("quiet"):
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    print_rows(rows, headers=_HEADERS, default=("ID", "Name", "Driver", "Scope"), form=parsed.text("format"))
    return 0


def _row(item: Object, *, trunc: bool) -> dict[str, object]:
    full = text(item, "Id")
    return {
        "ID": full[:12] if trunc else full,
        "Name": text(item, "Name"),
        "Driver": text(item, "Driver"),
        "Scope": text(item, "Scope"),
        "CreatedAt": text(item, "Created"),
        "IPv6": str(bool(item.get("EnableIPv6"))).lower(),
        "Internal": str(bool(item.get("Internal"))).lower(),
        "Labels": labels(item),
    }


COMMAND = Command(
    run=_run,
    usage="[OPTIONS]",
    help="List networks",
    flags=(
        FILTER,
        Flag("format", "", "string", "'table', 'table TEMPLATE', 'json', or a template"),
        Flag("no-trunc", "", "bool", "Do not shorten"),
        Flag("quiet", "q", "bool", "Show ids only"),
    ),
    examples=("network ls",),
)
