"""``sampan exec``."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack

import msgspec

from sampan.cli.attaching import resizing
from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.container_request import environment
from sampan.cli.flags import Flag, Parsed
from sampan.cli.session import serve
from sampan.cli.terminal import is_terminal, raw, size
from sampan.cli.values import as_object, number, text
from sampan.client.api import Client
from sampan.errors import InvalidArgument
from sampan.models.exec import ExecConfig, ExecStart


def _run(client: Client, parsed: Parsed) -> int:
    name, *command = parsed.arguments
    detach, tty = parsed.flag("detach"), parsed.flag("tty")
    stdin = parsed.flag("interactive") and not detach
    if tty and stdin and not is_terminal(sys.stdin.fileno()):
        raise InvalidArgument("the input device is not a TTY", kind="flag", ref="tty")
    config = ExecConfig(
        user=parsed.text("user"),
        privileged=parsed.flag("privileged"),
        tty=tty,
        attach_stdin=stdin,
        attach_stdout=not detach,
        attach_stderr=not detach,
        detach_keys=parsed.text("detach-keys"),
        env=environment(parsed, os.environ) or None,
        working_dir=parsed.text("workdir"),
        cmd=command,
    )
    made = as_object(client.post(path_of(name, "/exec"), (), msgspec.json.encode(config)))
    exec_id = text(made, "Id")
    start = msgspec.json.encode(ExecStart(detach=detach, tty=tty, console_size=size() if tty else None))
    if detach:
        client.post(f"/exec/{exec_id}/start", (), start)
        return 0
    connection = client.hijack(f"/exec/{exec_id}/start", (), start)
    with ExitStack() as stack:
        if tty and stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        if tty:
            stack.enter_context(resizing(client, f"/exec/{exec_id}/resize"))
        serve(connection, stdin=stdin, tty=tty)
    return number(as_object(client.get(f"/exec/{exec_id}/json")), "ExitCode")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER COMMAND [ARG...]",
    help="Run a command in a running container",
    flags=(
        Flag("detach", "d", "bool", "Leave it running"),
        Flag("detach-keys", "", "text", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("env", "e", "list", "Environment variable, name=value"),
        Flag("env-file", "", "list", "File of environment variables"),
        Flag("interactive", "i", "bool", "Keep stdin open"),
        Flag("privileged", "", "bool", "Give it every capability"),
        Flag("tty", "t", "bool", "Give it a terminal"),
        Flag("user", "u", "text", "User, name|uid[:group|gid]"),
        Flag("workdir", "w", "text", "Working directory"),
    ),
    least=2,
    most=-1,
    interspersed=False,
    examples=("exec web ps", "exec -it web sh"),
)
