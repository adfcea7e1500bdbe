"""``sampan start``."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, resizing
from sampan.cli.command import Command
from sampan.cli.commands.simple import path_of
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.cli.session import serve
from sampan.cli.terminal import raw
from sampan.cli.values import as_object, number
from sampan.client.api import Client
from sampan.errors import InvalidArgument


def _run(client: Client, parsed: Parsed) -> int:
    if parsed.flag("attach") or parsed.flag("interactive"):
        if len(parsed.arguments) > 1:
            raise InvalidArgument("you cannot start and attach multiple containers at once", kind="flag")
        return _attached(client, parsed, parsed.arguments[0])
    return for_each(parsed.arguments, lambda name: client.post(path_of(name, "/start")))


def _attached(client: Client, parsed: Parsed, name: str) -> int:
    found = as_object(client.get(path_of(name, "/json")))
    config = as_object(found.get("Config"))
    tty = bool(config.get("Tty"))
    stdin = parsed.flag("interactive") and bool(config.get("OpenStdin"))
    connection = attach(
        client, name, stdin=stdin, stdout=True, stderr=True, detach_keys=parsed.text("detach-keys")
    )
    waiting = client.begin(path_of(name, "/wait"), [("condition", "next-exit")])
    with ExitStack() as stack:
        stack.callback(waiting.socket.close)
        if not tty:
            stack.enter_context(proxying_signals(client, name))
        client.post(path_of(name, "/start"))
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
    usage="[OPTIONS] CONTAINER [CONTAINER...]",
    help="Start containers",
    flags=(
        Flag("attach", "a", "bool", "Attach to output and error"),
        Flag("detach-keys", "", "text", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("interactive", "i", "bool", "Attach to the input too"),
    ),
    least=1,
    most=-1,
    examples=("start web", "start -ai job"),
)
