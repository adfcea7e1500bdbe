"""``sampan run``."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, require_terminal, resizing
from sampan.cli.command import Command
from sampan.cli.commands.create import create, requested
from sampan.cli.commands.simple import path_of
from sampan.cli.creating.flags import CONTAINER_FLAGS
from sampan.cli.flags import Flag, Parsed
from sampan.cli.outcome import BAD_USAGE, NOT_EXECUTABLE, NOT_FOUND, Failed, refused
from sampan.cli.session import Session
from sampan.cli.terminal import raw, size
from sampan.cli.values import as_object, number
from sampan.client.api import Client, Hijacked, Pending
from sampan.errors import InvalidArgument, SampanError
from sampan.wire.detach import parse_detach_keys


def _run(client: Client, parsed: Parsed) -> int:
    detach, interactive, tty = (parsed.flag(name) for name in ("detach", "interactive", "tty"))
    try:
        parse_detach_keys(parsed.text("detach-keys"))
        if detach and parsed.texts("attach"):
            raise Failed("conflicting options: cannot specify both --attach and --detach")
    except InvalidArgument as error:
        raise refused(error, parsed.words) from error
    request = requested(parsed, detach=detach)
    require_terminal(stdin=bool(request["AttachStdin"]) or (interactive and not detach), tty=tty)
    if tty and not detach:
        as_mutable(request["HostConfig"])["ConsoleSize"] = list(size())
    try:
        container_id = create(client, parsed, request)
    except SampanError as error:
        raise refused(error, parsed.words) from error
    streams = {name: bool(request[f"Attach{name.capitalize()}"]) for name in ("stdin", "stdout", "stderr")}
    if not (streams["stdout"] or streams["stderr"]):
        sys.stdout.write(f"{container_id}\n")
        sys.stdout.flush()
    if not any(streams.values()):
        _start(client, container_id, parsed.words)
        return 0
    with ExitStack() as stack:
        return _attached(client, parsed, container_id, streams, stack)


def as_mutable(value: object) -> dict[str, object]:
    """A part of a request that is a JSON object."""
    assert isinstance(value, dict)
    return value


def _attached(
    client: Client, parsed: Parsed, container_id: str, streams: dict[str, bool], stack: ExitStack
) -> int:
    """Attach, register the wait, then start: neither output nor exit code can be missed."""
    keys, tty, stdin = parsed.text("detach-keys"), parsed.flag("tty"), streams["stdin"]
    connection = attach(client, container_id, detach_keys=keys, **streams)
    stack.callback(connection.close)
    condition = "removed" if parsed.flag("rm") else "next-exit"
    waiting = client.begin(path_of(container_id, "/wait"), [("condition", condition)])
    stack.callback(waiting.close)
    if parsed.flag("sig-proxy"):
        stack.enter_context(proxying_signals(client, container_id))
    if tty and stdin:
        stack.enter_context(raw(sys.stdin.fileno()))
    try:
        _start(client, container_id, parsed.words)
    except Failed:
        if parsed.flag("rm"):
            # The daemon removes it: when we end, it is gone.
            waiting.result()
        raise
    if tty:
        stack.enter_context(resizing(client, path_of(container_id, "/resize")))
    if not _serve(connection, stdin=stdin, tty=tty, keys=keys):
        return 0
    return exit_code(waiting)


def _serve(connection: Hijacked, *, stdin: bool, tty: bool, keys: str) -> bool:
    """Whether the session ended by itself, rather than by the detach keys."""
    session = Session(connection, stdin=stdin, tty=tty, detach_keys=keys)
    session.serve()
    return not session.detached


def exit_code(waiting: Pending) -> int:
    """The exit code that a wait tells. Raises Failed if the wait itself failed."""
    answer = as_object(waiting.result())
    problem = as_object(answer.get("Error")).get("Message")
    if problem:
        raise Failed(str(problem), BAD_USAGE)
    return number(answer, "StatusCode")


def _start(client: Client, container_id: str, words: str) -> None:
    try:
        client.post(path_of(container_id, "/start"))
    except SampanError as error:
        raise Failed(refused(error, words).message, start_code(error.message)) from error


def start_code(message: str) -> int:
    """The exit code for a container that did not start.

    The API has no field for it: Docker's own client goes by these words in the message.
    """
    low = message.lower()
    if any(
        words in low
        for words in ("executable file not found", "no such file or directory", "system cannot find the file")
    ):
        return NOT_FOUND
    if "permission denied" in low or "is a directory" in low:
        return NOT_EXECUTABLE
    return BAD_USAGE


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    help="Create a container and run a command in it",
    flags=tuple(
        sorted(
            (
                *CONTAINER_FLAGS,
                Flag("detach", "d", "bool", "Leave it running and print its id"),
                Flag("detach-keys", "", "string", "Keys that detach, such as ctrl-p,ctrl-q"),
                Flag("sig-proxy", "", "bool", "Pass signals on to the process", "true"),
            ),
            key=lambda flag: flag.name,
        )
    ),
    least=1,
    most=-1,
    interspersed=False,
    examples=(
        "run --rm -it debian bash",
        "run -d --name job -m 512m --cpus 1.5 debian sleep 1000",
        "run --rm -v $PWD:/src -w /src debian ls",
    ),
)
