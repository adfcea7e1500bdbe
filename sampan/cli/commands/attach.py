"""``sampan attach``."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, require_terminal, resize, resizing
from sampan.cli.command import Command
from sampan.cli.commands.run import exit_code
from sampan.cli.commands.simple import path_of
from sampan.cli.flags import Flag, Parsed
from sampan.cli.outcome import DETACHED, Failed
from sampan.cli.session import Session
from sampan.cli.terminal import raw, size
from sampan.cli.values import as_object
from sampan.client.api import Client
from sampan.errors import Conflict


def _run(client: Client, parsed: Parsed) -> int:
    name, keys = parsed.arguments[0], parsed.text("detach-keys")
    found = as_object(client.get(path_of(name, "/json")))
    state, config = as_object(found.get("State")), as_object(found.get("Config"))
    for bad, words, advice in (
        (not state.get("Running"), "stopped", "start it first"),
        (state.get("Paused"), "paused", "unpause it first"),
        (state.get("Restarting"), "restarting", "wait until it is running"),
    ):
        if bad:
            raise Conflict(f"You cannot attach to a {words} container, {advice}", kind="command")
    tty = bool(config.get("Tty"))
    stdin = bool(config.get("OpenStdin")) and not parsed.flag("no-stdin")
    require_terminal(stdin=stdin, tty=tty)
    waiting = client.begin(path_of(name, "/wait"), [("condition", "not-running")])
    with ExitStack() as stack:
        stack.callback(waiting.close)
        connection = attach(client, name, stdin=stdin, stdout=True, stderr=True, detach_keys=keys)
        stack.callback(connection.close)
        if parsed.flag("sig-proxy") and not tty:
            stack.enter_context(proxying_signals(client, name))
        if tty and stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        if tty:
            # A program draws itself anew only when the size changes: so it does, for a moment.
            resize(client, path_of(name, "/resize"), *(side + 1 for side in size()))
            stack.enter_context(resizing(client, path_of(name, "/resize")))
        session = Session(connection, stdin=stdin, tty=tty, detach_keys=keys)
        session.serve()
        if session.detached:
            raise Failed(DETACHED)
        return exit_code(waiting)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER",
    help="Attach the terminal to a running container",
    flags=(
        Flag("detach-keys", "", "string", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("no-stdin", "", "bool", "Send no input"),
        Flag("sig-proxy", "", "bool", "Pass signals on to the process", "true"),
    ),
    least=1,
    most=1,
    examples=("attach web",),
)
