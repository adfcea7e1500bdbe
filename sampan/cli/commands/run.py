"""``sampan run``."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, resizing
from sampan.cli.command import Command
from sampan.cli.commands.create import CannotRun, create
from sampan.cli.commands.simple import path_of
from sampan.cli.container_flags import CONTAINER_FLAGS
from sampan.cli.container_request import build_request
from sampan.cli.flags import Flag, Parsed
from sampan.cli.session import serve
from sampan.cli.terminal import is_terminal, raw, size
from sampan.cli.values import as_object, number
from sampan.client.api import Client, Pending
from sampan.errors import InvalidArgument, NotFound, SampanError
from sampan.models.container import CreateRequest

_CANNOT_RUN, _NOT_EXECUTABLE, _NOT_FOUND = 125, 126, 127


def _run(client: Client, parsed: Parsed) -> int:
    detach = parsed.flag("detach")
    if detach and parsed.texts("attach"):
        raise CannotRun(InvalidArgument("Conflicting options: -a and -d", kind="flag"), _CANNOT_RUN)
    try:
        request = build_request(parsed, os.environ, detach=detach)
        _require_terminal(request, detach=detach)
    except SampanError as error:
        raise CannotRun(error, _CANNOT_RUN) from error
    if request.tty and not detach and request.host_config is not None:
        import msgspec

        host_config = msgspec.structs.replace(request.host_config, console_size=size())
        request = msgspec.structs.replace(request, host_config=host_config)
    container_id = create(client, parsed, request)
    if detach:
        _start(client, container_id)
        sys.stdout.write(f"{container_id}\n")
        return 0
    return _attached(client, parsed, request, container_id)


def _attached(client: Client, parsed: Parsed, request: CreateRequest, container_id: str) -> int:
    connection = attach(
        client,
        container_id,
        stdin=request.attach_stdin,
        stdout=request.attach_stdout,
        stderr=request.attach_stderr,
        detach_keys=parsed.text("detach-keys"),
    )
    condition = "removed" if parsed.flag("rm") else "next-exit"
    waiting = client.begin(path_of(container_id, "/wait"), [("condition", condition)])
    with ExitStack() as stack:
        stack.callback(waiting.socket.close)
        if parsed.text("sig-proxy") != "false" and not request.tty:
            stack.enter_context(proxying_signals(client, container_id))
        try:
            _start(client, container_id)
        except SampanError:
            connection.close()
            raise
        if request.tty and request.attach_stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        if request.tty:
            stack.enter_context(resizing(client, path_of(container_id, "/resize")))
        serve(connection, stdin=request.attach_stdin, tty=request.tty)
        if request.tty and _runs_on(client, container_id):
            # The detach keys ended the session, not the container.
            return 0
        return _exit_code(waiting)


def _exit_code(waiting: Pending) -> int:
    return number(as_object(waiting.result()), "StatusCode")


def _runs_on(client: Client, container_id: str) -> bool:
    try:
        state = as_object(as_object(client.get(path_of(container_id, "/json"))).get("State"))
    except NotFound:
        return False
    return bool(state.get("Running"))


def _start(client: Client, container_id: str) -> None:
    try:
        client.post(path_of(container_id, "/start"))
    except SampanError as error:
        raise CannotRun(error, start_code(error.message)) from error


def start_code(message: str) -> int:
    """The exit code for a container that did not start, by what the daemon says of its command."""
    low = message.lower()
    if "executable file not found" in low or "no such file or directory" in low:
        return _NOT_FOUND
    if "permission denied" in low or "is a directory" in low:
        return _NOT_EXECUTABLE
    return _CANNOT_RUN


def _require_terminal(request: CreateRequest, *, detach: bool) -> None:
    if request.tty and request.attach_stdin and not detach and not is_terminal(sys.stdin.fileno()):
        raise InvalidArgument("the input device is not a TTY", kind="flag", ref="tty")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    help="Create a container and run a command in it",
    flags=(
        *CONTAINER_FLAGS,
        Flag("detach", "d", "bool", "Leave it running and print its id"),
        Flag("sig-proxy", "", "bool", "Pass signals on to the process", "true"),
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
