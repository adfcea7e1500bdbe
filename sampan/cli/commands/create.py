"""``sampan create``."""

from __future__ import annotations

import os
import sys

import msgspec

from sampan.cli.command import Command
from sampan.cli.container_flags import CONTAINER_FLAGS
from sampan.cli.container_request import build_request
from sampan.cli.flags import Parsed
from sampan.cli.values import as_object, text, texts
from sampan.client.api import Client
from sampan.errors import InvalidArgument, NotFound, SampanError
from sampan.models.container import CreateRequest

BAD_REQUEST = 125


class CannotRun(SampanError):
    """The container did not start; ``exit_code`` is what the client ends with."""

    def __init__(self, error: SampanError, exit_code: int) -> None:
        super().__init__(error.message, kind=error.kind, ref=error.ref)
        self.exit_code = exit_code


def create(client: Client, parsed: Parsed, request: CreateRequest) -> str:
    """Create the container and return its id; write the cidfile. Raises CannotRun."""
    cidfile = parsed.text("cidfile")
    try:
        if cidfile and os.path.exists(cidfile):
            raise InvalidArgument(
                f"container ID file found, make sure the other container isn't running or delete {cidfile}",
                kind="file",
                ref=cidfile,
            )
        values = [(name, parsed.text(name)) for name in ("name", "platform") if parsed.text(name)]
        answer = as_object(_post(client, values, msgspec.json.encode(request), request.image, parsed))
    except SampanError as error:
        raise CannotRun(error, BAD_REQUEST) from error
    for warning in texts(answer, "Warnings"):
        sys.stderr.write(f"WARNING: {warning}\n")
    container_id = text(answer, "Id")
    if cidfile:
        with open(cidfile, "x", encoding="ascii") as file:
            file.write(container_id)
    return container_id


def _post(client: Client, values: list[tuple[str, str]], body: bytes, image: str, parsed: Parsed) -> object:
    try:
        return client.post("/containers/create", values, body)
    except NotFound:
        if parsed.text("pull") == "never":
            raise
    shown = image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"
    sys.stderr.write(f"Unable to find image '{shown}' locally\n")
    name, _, tag = shown.partition("@")[0].rpartition(":")
    for _ in client.stream("POST", "/images/create", [("fromImage", name), ("tag", tag)]):
        continue
    return client.post("/containers/create", values, body)


def _run(client: Client, parsed: Parsed) -> int:
    request = build_request(parsed, os.environ)
    sys.stdout.write(create(client, parsed, request) + "\n")
    return 0


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    help="Create a container without starting it",
    flags=CONTAINER_FLAGS,
    least=1,
    most=-1,
    interspersed=False,
    examples=("create --name web debian sleep 1000",),
)
