"""What a command is: its words, flags, help, and the function that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client

Run = Callable[[Client, Parsed], int]


class Command(NamedTuple):
    """A command's module binds one to the name ``COMMAND``.

    ``least`` and ``most`` bound the number of arguments (``most`` -1: no bound); with
    ``interspersed`` false, flags end at the first argument.
    """

    run: Run
    usage: str
    help: str
    flags: Sequence[Flag] = ()
    least: int = 0
    most: int = 0
    interspersed: bool = True
    examples: Sequence[str] = ()
    quiet_usage: bool = False


_HELP = Flag("help", "", "bool", "Print usage")


def help_text(name: str, command: Command) -> str:
    """What ``--help`` prints."""
    lines = ["", f"Usage:  sampan {name}{' ' + command.usage if command.usage else ''}", "", command.help]
    if command.flags:
        lines += ["", "Options:", *_flag_lines(command.flags)]
    if command.examples:
        lines += ["", "Examples:", *(f"  sampan {example}" for example in command.examples)]
    return "\n".join([*lines, ""])


def _flag_lines(flags: Sequence[Flag]) -> list[str]:
    rows = []
    for flag in flags:
        short = f"-{flag.short}, " if flag.short else "    "
        kind = (
            ""
            if flag.kind == "bool"
            else f" {'int' if flag.kind == 'number' else flag.kind.replace('text', 'string')}"
        )
        default = f" (default {flag.default!r})" if flag.default and flag.kind != "bool" else ""
        rows.append((f"  {short}--{flag.name}{kind}", flag.help + default))
    width = max(len(left) for left, _ in rows) + 3
    return [f"{left:<{width}}{right}".rstrip() for left, right in rows]


def argument_problem(name: str, command: Command, count: int) -> str:
    """Why that many arguments are wrong; empty if they are right."""
    noun = "argument" if command.least == 1 else "arguments"
    if command.least == command.most and count != command.least:
        if command.least == 0:
            return f"'sampan {name}' accepts no arguments"
        return f"'sampan {name}' requires {command.least} {noun}"
    if count < command.least:
        return f"'sampan {name}' requires at least {command.least} {noun}"
    if command.most >= 0 and count > command.most:
        return f"'sampan {name}' requires at most {command.most} argument{'s' if command.most != 1 else ''}"
    return ""
