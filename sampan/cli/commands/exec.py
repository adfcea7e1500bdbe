"""``sampan exec``."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack

from sampan.cli.attaching import require_terminal, resizing
from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.creating.checks import check_env
from sampan.cli.creating.variables import environment
from sampan.cli.flags import Flag, Parsed
from sampan.cli.outcome import DETACHED, Failed, refused
from sampan.cli.session import Session
from sampan.cli.terminal import raw, size
from sampan.cli.values import as_object, number, text
from sampan.client.api import Client
from sampan.errors import InvalidArgument

Json = dict[str, object]


def _run(client: Client, parsed: Parsed) -> int:
    name, *command = parsed.arguments
    detach, tty = parsed.flag("detach"), parsed.flag("tty")
    stdin = parsed.flag("interactive") and not detach
    try:
        variables = environment(parsed.texts("env-file"), parsed.texts("env"), os.environ)
    except InvalidArgument as error:
        raise refused(error, parsed.words) from error
    require_terminal(stdin=stdin, tty=tty)
    console: Json = {"ConsoleSize": list(size())} if tty and not detach else {}
    config: Json = {
        "User": parsed.text("user"),
        "Privileged": parsed.flag("privileged"),
        "Tty": tty,
        **console,
        "AttachStdin": stdin,
        "AttachStderr": not detach,
        "AttachStdout": not detach,
        "DetachKeys": parsed.text("detach-keys"),
        "Env": variables or None,
        "WorkingDir": parsed.text("workdir"),
        "Cmd": command,
    }
    made = as_object(client.post(path_of(name, "/exec"), (), json.dumps(config).encode()))
    exec_path = f"/exec/{text(made, 'Id')}"
    start = json.dumps({"Detach": detach, "Tty": tty, **console}).encode()
    if detach:
        client.post(f"{exec_path}/start", (), start)
        return 0
    return _attached(client, parsed, exec_path, start)


def _attached(client: Client, parsed: Parsed, exec_path: str, start: bytes) -> int:
    tty, stdin = parsed.flag("tty"), parsed.flag("interactive")
    connection = client.hijack(f"{exec_path}/start", (), start)
    with ExitStack() as stack:
        stack.callback(connection.close)
        if tty and stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        if tty:
            stack.enter_context(resizing(client, f"{exec_path}/resize"))
        session = Session(connection, stdin=stdin, tty=tty, detach_keys=parsed.text("detach-keys"))
        session.serve()
    if session.detached:
        raise Failed(DETACHED)
    return number(as_object(client.get(f"{exec_path}/json")), "ExitCode")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER COMMAND [ARG...]",
    help="Run a command in a running container",
    flags=(
        Flag("detach", "d", "bool", "Leave it running"),
        Flag("detach-keys", "", "string", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("env", "e", "list", "Environment variable, name=value", check=check_env),
        Flag("env-file", "", "list", "File of environment variables"),
        Flag("interactive", "i", "bool", "Keep stdin open"),
        Flag("privileged", "", "bool", "Give it every capability"),
        Flag("tty", "t", "bool", "Give it a terminal"),
        Flag("user", "u", "string", "User, name|uid[:group|gid]"),
        Flag("workdir", "w", "string", "Working directory"),
    ),
    least=2,
    most=-1,
    interspersed=False,
    examples=("exec web ps", "exec -it web sh"),
)
