"""``sampan start``."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from sampan.cli.attaching import attach, proxying_signals, require_terminal, resizing
from sampan.cli.command import Command
from sampan.cli.commands.run import exit_code
from sampan.cli.commands.simple import path_of
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.cli.outcome import Failed, described
from sampan.cli.session import Session
from sampan.cli.terminal import raw
from sampan.cli.values import as_object
from sampan.client.api import Client
from sampan.errors import InvalidArgument, NotImplementedHere, SampanError


def _run(client: Client, parsed: Parsed) -> int:
    for flag in ("checkpoint", "checkpoint-dir"):
        if parsed.text(flag):
            raise NotImplementedHere(f"--{flag} is not offered yet", kind="flag", ref=flag)
    if parsed.flag("attach") or parsed.flag("interactive"):
        if len(parsed.arguments) > 1:
            raise InvalidArgument("you cannot start and attach multiple containers at once", kind="flag")
        return _attached(client, parsed, parsed.arguments[0])
    failed: list[str] = []
    code = for_each(parsed.arguments, lambda name: client.post(path_of(name, "/start")), failed=failed)
    if failed:
        sys.stderr.write(f"Error: failed to start containers: {', '.join(failed)}\n")
    return code


def _attached(client: Client, parsed: Parsed, name: str) -> int:
    found = as_object(client.get(path_of(name, "/json")))
    config, container = as_object(found.get("Config")), str(found.get("Id") or name)
    tty = bool(config.get("Tty"))
    stdin = parsed.flag("interactive") and bool(config.get("OpenStdin"))
    require_terminal(stdin=stdin, tty=tty)
    keys = parsed.text("detach-keys")
    connection = attach(client, container, stdin=stdin, stdout=True, stderr=True, detach_keys=keys)
    with ExitStack() as stack:
        stack.callback(connection.close)
        removed = as_object(found.get("HostConfig")).get("AutoRemove")
        condition = "removed" if removed else "next-exit"
        waiting = client.begin(path_of(container, "/wait"), [("condition", condition)])
        stack.callback(waiting.close)
        if not tty:
            stack.enter_context(proxying_signals(client, container))
        elif stdin:
            stack.enter_context(raw(sys.stdin.fileno()))
        try:
            client.post(path_of(container, "/start"))
        except SampanError as error:
            raise Failed(f"{described(error)}\nError: failed to start containers: {name}") from error
        if tty:
            stack.enter_context(resizing(client, path_of(container, "/resize")))
        session = Session(connection, stdin=stdin, tty=tty, detach_keys=keys)
        session.serve()
        return 0 if session.detached else exit_code(waiting)


COMMAND = Command(
    run=_run,
    usage="[OPTIONS] CONTAINER [CONTAINER...]",
    help="Start containers",
    flags=(
        Flag("attach", "a", "bool", "Attach to output and error"),
        Flag("checkpoint", "", "string", "Go on from this checkpoint (not offered yet)"),
        Flag("checkpoint-dir", "", "string", "Where checkpoints lie (not offered yet)"),
        Flag("detach-keys", "", "string", "Keys that detach, such as ctrl-p,ctrl-q"),
        Flag("interactive", "i", "bool", "Attach to the input too"),
    ),
    least=1,
    most=-1,
    examples=("start web", "start -ai job"),
)
