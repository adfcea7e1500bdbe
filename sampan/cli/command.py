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


def usage_line(words: str, command: Command) -> str:
    """``Usage:  sampan ps [OPTIONS]``."""
    return f"Usage:  sampan {words} {command.usage}".rstrip()


def help_text(words: str, command: Command, aliases: Sequence[str] = ()) -> str:
    """What ``--help`` prints."""
    lines = [usage_line(words, command), "", command.help]
    if len(aliases) > 1:
        lines += ["", "Aliases:", "  " + ", ".join(f"sampan {alias}" for alias in aliases)]
    if command.flags:
        lines += ["", "Options:", *flag_lines(command.flags)]
    if command.examples:
        lines += ["", "Examples:", *(f"  sampan {example}" for example in command.examples)]
    return "\n".join(lines)


def flag_lines(flags: Sequence[Flag]) -> list[str]:
    """One line a flag: its names, what it takes, what it does and its default."""
    rows = []
    for flag in flags:
        short = f"-{flag.short}, " if flag.short else "    "
        kind = "" if flag.kind == "bool" else f" {flag.kind}"
        rows.append((f"  {short}--{flag.name}{kind}", flag.help + _default(flag)))
    width = max(len(left) for left, _ in rows) + 3
    return [f"{left:<{width}}{right}".rstrip() for left, right in rows]


def _default(flag: Flag) -> str:
    if not flag.default:
        return ""
    return f' (default "{flag.default}")' if flag.kind == "string" else f" (default {flag.default})"


def argument_problem(words: str, command: Command, count: int) -> str:
    """Why that many arguments are wrong, with how it should be; empty if they are right."""
    problem, see = _count_problem(command, count)
    if not problem:
        return ""
    return (
        f"sampan: 'sampan {words}' {problem}\n\n{usage_line(words, command)}\n\n"
        f"{see} 'sampan {words} --help' for more information"
    )


def _count_problem(command: Command, count: int) -> tuple[str, str]:
    least, most = command.least, command.most
    if least == most and count != least:
        return (f"requires {_arguments(least)}" if least else "accepts no arguments"), "Run"
    if count < least:
        # The word differs in docker's messages, and scripts compare them.
        return f"requires at least {_arguments(least)}", "See"
    if 0 <= most < count:
        return f"requires at most {_arguments(most)}", "Run"
    return "", ""


def _arguments(count: int) -> str:
    return f"{count} argument{'' if count == 1 else 's'}"
