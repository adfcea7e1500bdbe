"""``sampan attach``."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, resizing
from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Flag, Parsed
from sampan.cli.session import serve
from sampan.cli.terminal import is_terminal, raw
from sampan.cli.values import as_object, number
from sampan.client.api import Client
from sampan.errors import Conflict, InvalidArgument


def _run(client: Client, parsed: Parsed) -> int:
    name = parsed.arguments[0]
    found = as_object(client.get(path_of(name, "/json")))
    state, config = as_object(found.get("State")), as_object(found.get("Config"))
    if not state.get("Running"):
        raise Conflict("cannot attach to a stopped container, start it first", kind="host")
    if state.get("Paused"):
        raise Conflict("cannot attach to a paused container, unpause it first", kind="host")
    tty = bool(config.get("Tty"))
    stdin = bool(config.get("OpenStdin")) and not parsed.flag("no-stdin")
    if tty and stdin and not is_terminal(sys.stdin.fileno()):
        raise InvalidArgument("the input device is not a TTY", kind="flag", ref="tty")
    connection = attach(
        client, name, stdin=stdin, stdout=True, stderr=True, detach_keys=parsed.text("detach-keys")
    )
    waiting = client.begin(path_of(name, "/wait"), [("condition", "not-running")])
    with ExitStack() as stack:
        stack.callback(waiting.socket.close)
        if parsed.text("sig-proxy") != "false" and not tty:
            stack.enter_context(proxying_signals(client, name))
        if tty and stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        if tty:
            stack.enter_context(resizing(client, path_of(name, "/resize")))
        serve(connection, stdin=stdin, tty=tty)
        if as_object(as_object(client.get(path_of(name, "/json"))).get("State")).get("Running"):
            return 0
        return number(as_object(waiting.result()), "StatusCode")


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER",
    help="Attach the terminal to a running container",
    flags=(
        Flag("detach-keys", "", "text", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("no-stdin", "", "bool", "Send no input"),
        Flag("sig-proxy", "", "bool", "Pass signals on to the process", "true"),
    ),
    least=1,
    most=1,
    examples=("attach web",),
)
