"""``sampan tag``."""

from __future__ import annotations

from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.flags import Parsed
from sampan.client.api import Client


def _run(client: Client, parsed: Parsed) -> int:
    source, target = parsed.arguments
    repo, tag = target, ""
    if ":" in target.rpartition("/")[2]:
        repo, _, tag = target.rpartition(":")
    client.post(f"/images/{quote(source)}/tag", [("repo", repo), ("tag", tag)])
    return 0


COMMAND = Command(
    run=_run,
    usage="SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    help="Give an image another name",
    least=2,
    most=2,
    examples=("tag debian my/debian:1",),
)
