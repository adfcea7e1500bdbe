"""``sampan create``."""

from __future__ import annotations

import json
import os
import re
import sys

from sampan.cli.command import Command
from sampan.cli.creating.flags import CONTAINER_FLAGS
from sampan.cli.creating.request import build_request
from sampan.cli.files import file_error
from sampan.cli.flags import Parsed
from sampan.cli.outcome import refused
from sampan.cli.values import as_object, text, texts
from sampan.client.api import Client
from sampan.errors import InvalidArgument, NotFound, NotImplementedHere

# Any name of lower-case letters, perhaps with a tag: the daemon will tell if it is one.
_USUAL = re.compile(r"[a-z0-9][a-z0-9./_-]*(:[a-z0-9._-]+)?")
_PULLS = ("always", "missing", "never")


def requested(parsed: Parsed, *, detach: bool = False) -> dict[str, object]:
    """The request of a command line. Raises Failed with exit code 125 if it makes no sense."""
    pull = parsed.text("pull")
    try:
        if pull not in _PULLS:
            raise InvalidArgument(
                f'invalid pull option: \'{pull}\': must be one of "always", "missing" or "never"',
                kind="flag",
                ref="pull",
            )
        return build_request(parsed, os.environ, detach=detach)
    except (InvalidArgument, NotImplementedHere) as error:
        raise refused(error, parsed.words) from error


def create(client: Client, parsed: Parsed, request: dict[str, object]) -> str:
    """Create the container and return its id; write the cidfile, print warnings.

    Raises the daemon's errors, and InvalidArgument for a cidfile that exists already.
    """
    _require_reference(str(request["Image"]))
    cidfile = parsed.text("cidfile")
    if cidfile and os.path.exists(cidfile):
        raise InvalidArgument(
            f"container ID file found, make sure the other container isn't running or delete {cidfile}",
            kind="file",
            ref=cidfile,
        )
    values = [(name, parsed.text(name)) for name in ("name", "platform") if parsed.text(name)]
    answer = as_object(_post(client, values, request, parsed))
    for warning in texts(answer, "Warnings"):
        sys.stderr.write(f"WARNING: {warning}\n")
    container_id = text(answer, "Id")
    if cidfile:
        _write(cidfile, container_id)
    return container_id


def _require_reference(image: str) -> None:
    """Raise InvalidArgument for what is no image's name. The usual ones are known without the grammar."""
    if not _USUAL.fullmatch(image):
        from sampan.oci.reference import parse_normalized

        parse_normalized(image)


def _write(path: str, container_id: str) -> None:
    try:
        with open(path, "x", encoding="ascii") as file:
            file.write(container_id)
    except OSError as error:
        raise file_error(error, path) from error


def _post(
    client: Client, values: list[tuple[str, str]], request: dict[str, object], parsed: Parsed
) -> object:
    image = str(request["Image"])
    body = json.dumps(request, separators=(",", ":")).encode()
    if parsed.text("pull") == "always":
        _pull(client, image, parsed)
    try:
        return client.post("/containers/create", values, body)
    except NotFound:
        if parsed.text("pull") != "missing":
            raise
    from sampan.oci.reference import parse_normalized

    shown = parse_normalized(image).with_default_tag().familiar()
    sys.stderr.write(f"Unable to find image '{shown}' locally\n")
    _pull(client, image, parsed)
    return client.post("/containers/create", values, body)


def _pull(client: Client, image: str, parsed: Parsed) -> None:
    """Ask the daemon for the image; progress goes to standard error. Raises what the daemon says."""
    from sampan.cli.progress import show_messages
    from sampan.oci.reference import parse_normalized

    reference = parse_normalized(image).with_default_tag()
    values = [("fromImage", reference.familiar_name), ("tag", reference.digest or reference.tag or "")]
    values += [("platform", parsed.text("platform"))] if parsed.text("platform") else []
    parts = client.stream("POST", "/images/create", values)
    show_messages(parts, out=sys.stderr, quiet=parsed.flag("quiet"))


def _run(client: Client, parsed: Parsed) -> int:
    sys.stdout.write(create(client, parsed, requested(parsed)) + "\n")
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    help="Create a container without starting it",
    flags=CONTAINER_FLAGS,
    least=1,
    most=-1,
    interspersed=False,
    examples=("create --name web debian sleep 1000", "create -it -v $PWD:/src -w /src debian bash"),
)
