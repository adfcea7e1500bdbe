"""``sampan images``."""

from __future__ import annotations

import sys
import time

from sampan.cli.command import Command
from sampan.cli.filters import FILTER, chosen
from sampan.cli.flags import Flag, Parsed
from sampan.cli.output import print_rows
from sampan.cli.times import go_time
from sampan.cli.values import Object, number, objects, text, texts
from sampan.client.api import Client
from sampan.errors import NotImplementedHere
from sampan.wire.units import human_duration, human_size

_HEADERS = {
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "Digest": "DIGEST",
    "ID": "IMAGE ID",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "Size": "SIZE",
    "Containers": "CONTAINERS",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
    "VirtualSize": "SIZE",
}
_NONE = "<none>"


def _run(client: Client, parsed: Parsed) -> int:
    if parsed.flag("tree"):
        raise NotImplementedHere("--tree is not offered yet", kind="flag", ref="tree")
    values = [("all", "1")] if parsed.flag("all") else []
    filters = chosen(parsed, reference=parsed.arguments[0]) if parsed.arguments else chosen(parsed)
    found = objects(client.get("/images/json", [*values, *filters]))
    trunc = not parsed.flag("no-trunc")
    form, digests = parsed.text("format"), parsed.flag("digests")
    rows = [
        row
        for item in found
        for row in _rows(item, trunc=trunc, digests=digests, wanted=digests or ".Digest" in form)
    ]
    if parsed.flag("quiet") and not parsed.given("format"):
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    columns = ("Repository", "Tag", "Digest", "ID") if digests else ("Repository", "Tag", "ID")
    print_rows(rows, headers=_HEADERS, default=(*columns, "CreatedSince", "Size"), form=form)
    return 0


def _rows(item: Object, *, trunc: bool, digests: bool, wanted: bool) -> list[dict[str, object]]:
    """One row a name; an image without a name has one too."""
    by_repository = {
        digest.partition("@")[0]: digest.partition("@")[2] for digest in texts(item, "RepoDigests")
    }
    names = [tag.rpartition(":")[::2] for tag in texts(item, "RepoTags")]
    # docker leaves the digest of an image without a tag empty unless --digests asks for it.
    shown_digests = dict.fromkeys(by_repository, "") if not names and not digests else {}
    if wanted and not shown_digests:
        shown_digests = by_repository
    if not names:
        names = [(repository, _NONE) for repository in by_repository] or [(_NONE, _NONE)]
    created = number(item, "Created")
    return [
        {
            "Repository": repository,
            "Tag": tag,
            "Digest": shown_digests.get(repository, _NONE),
            "ID": _id(item, trunc=trunc),
            "CreatedSince": f"{human_duration(time.time() - created)} ago",
            "CreatedAt": go_time(created),
            "Size": human_size(number(item, "Size"), precision=3),
            "VirtualSize": human_size(number(item, "Size")),
            "Containers": "N/A",
            "SharedSize": "N/A",
            "UniqueSize": "N/A",
        }
        for repository, tag in names
    ]


def _id(item: Object, *, trunc: bool) -> str:
    full = text(item, "Id")
    return full.removeprefix("sha256:")[:12] if trunc else full


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] [REPOSITORY[:TAG]]",
    help="List images",
    flags=(
        Flag("all", "a", "bool", "Show intermediate images too"),
        Flag("digests", "", "bool", "Show digests"),
        FILTER,
        Flag("format", "", "string", "'table', 'table TEMPLATE', 'json', or a template"),
        Flag("no-trunc", "", "bool", "Do not shorten"),
        Flag("quiet", "q", "bool", "Show ids only"),
        Flag("tree", "", "bool", "Show platforms below their image (not offered yet)"),
    ),
    most=1,
    examples=("images", "images --filter dangling=true", "images debian"),
)
