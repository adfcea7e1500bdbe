"""``sampan network ls``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import label_header, print_rows
from sampan.cli.times import go_time_of
from sampan.cli.values import Object, as_object, labels, objects, text
from sampan.client.api import Client

_HEADERS: dict[str, str | Callable[[str], str]] = {
    "ID": "NETWORK ID",
    "Name": "NAME",
    "Driver": "DRIVER",
    "Scope": "SCOPE",
    "CreatedAt": "CREATED AT",
    "IPv4": "IPV4",
    "IPv6": "IPV6",
    "Label": label_header,
    "Internal": "INTERNAL",
    "Labels": "LABELS",
}


def _run(client: Client, parsed: Parsed) -> int:
    found = sorted(
        objects(client.get("/networks", chosen(parsed))), key=lambda item: _natural(text(item, "Name"))
    )
    rows = [_row(item, trunc=not parsed.flag("no-trunc")) for item in found]
    if parsed.flag("quiet"):
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    print_rows(rows, headers=_HEADERS, default=("ID", "Name", "Driver", "Scope"), form=parsed.text("format"))
    return 0


def _natural(name: str) -> list[tuple[str, int]]:
    """``net9`` before ``net10``: numbers in a name count as numbers."""
    return [(word, int(digits or "0")) for word, digits in re.findall(r"(\D*)(\d*)", name)]


def _row(item: Object, *, trunc: bool) -> dict[str, object]:
    full = text(item, "Id")
    return {
        "ID": full[:12] if trunc else full,
        "Name": text(item, "Name"),
        "Driver": text(item, "Driver"),
        "Scope": text(item, "Scope"),
        "CreatedAt": go_time_of(text(item, "Created")),
        "IPv4": str(bool(item.get("EnableIPv4"))).lower(),
        "IPv6": str(bool(item.get("EnableIPv6"))).lower(),
        "Internal": str(bool(item.get("Internal"))).lower(),
        "Labels": labels(item),
        "Label": lambda name: text(as_object(item.get("Labels")), name),
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
