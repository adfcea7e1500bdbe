"""``sampan tag``."""

from __future__ import annotations

from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.flags import Parsed
from sampan.cli.outcome import Failed
from sampan.client.api import Client
from sampan.errors import InvalidArgument
from sampan.oci.reference import parse_normalized


def _run(client: Client, parsed: Parsed) -> int:
    source, target = parsed.arguments
    try:
        reference = parse_normalized(target).with_default_tag()
    except InvalidArgument as error:
        raise Failed(
            f'Error parsing reference: "{target}" is not a valid repository/tag: {error.message}'
        ) from error
    values = [("repo", reference.name), ("tag", reference.tag or "")]
    client.post(f"/images/{quote(source)}/tag", values)
    return 0


COMMAND = Command(
    run=_run,
    usage="SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    help="Give an image another name",
    least=2,
    most=2,
    examples=("tag debian my/debian:1",),
)
