"""``sampan``: from the command line to a command, and from its outcome to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from sampan.cli.command import Command, argument_problem, help_text
from sampan.cli.flags import Flag, UsageError, parse
from sampan.cli.table import COMMANDS, GROUPS, find, module_of, nearest
from sampan.client.api import Client
from sampan.client.transport import choose_host, is_default
from sampan.errors import SampanError
from sampan.version import VERSION

_FAILED = 1
_BAD_FLAG = 125
_INTERRUPTED = 130
_GLOBAL = (
    Flag("host", "H", "text", "Address of the daemon: unix:///path or tcp://host:port"),
    Flag("debug", "D", "bool", "Show where an error comes from"),
    Flag("version", "v", "bool", "Print version information and quit"),
    Flag("help", "h", "bool", "Print usage"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit code is the command's."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = False
    try:
        options = parse(words, _GLOBAL, interspersed=False)
        debug = options.flag("debug")
        if options.flag("version"):
            return _print(f"Sampan version {VERSION}")
        if options.flag("help") or not options.arguments or options.arguments[0] == "help":
            return _overview()
        return _dispatch(options.text("host"), options.arguments)
    except UsageError as error:
        _complain(
            f"{error.message}\n\nUsage:  sampan [OPTIONS] COMMAND [ARG...]\n\nRun 'sampan --help' for more information"
        )
        return _BAD_FLAG
    except SampanError as error:
        if debug:
            raise
        _complain(_from_daemon(error))
        return _exit_code(error)
    except BrokenPipeError:
        # Whoever read our output has left; what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _dispatch(host_flag: str, words: list[str]) -> int:
    found = find(words)
    if found is None:
        return _unknown(words)
    name, rest = found
    import importlib

    command: Command = importlib.import_module(module_of(name)).COMMAND
    if "--help" in (rest if command.interspersed else _before_argument(rest, command)):
        return _print(help_text(name, command))
    try:
        parsed = parse(rest, command.flags, interspersed=command.interspersed)
    except UsageError as error:
        _complain(_with_usage(error.message, name, command))
        return _BAD_FLAG
    problem = argument_problem(name, command, len(parsed.arguments))
    if problem:
        _complain(f"sampan: {_with_usage(problem, name, command)}")
        return _FAILED
    if is_default(host_flag):
        from sampan.cli.autostart import ensure_daemon

        ensure_daemon()
    return command.run(Client(choose_host(host_flag, os.environ)), parsed)


def _before_argument(words: list[str], command: Command) -> list[str]:
    """The flags before the first argument: what follows belongs to the container's command."""
    taken: list[str] = []
    long_values = {f"--{flag.name}" for flag in command.flags if flag.kind != "bool"}
    short_values = {flag.short for flag in command.flags if flag.short and flag.kind != "bool"}
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        if not word.startswith("-"):
            break
        taken.append(word)
        skip = word in long_values or (not word.startswith("--") and word[-1:] in short_values)
    return taken


def _with_usage(message: str, name: str, command: Command) -> str:
    return f"{message}\n\nUsage:  sampan {name} {command.usage}\n\nRun 'sampan {name} --help' for more information"


def _unknown(words: list[str]) -> int:
    head = words[0]
    if head in GROUPS:
        if len(words) == 1 or words[1] == "--help":
            return _group(head)
        _complain(
            f"sampan: unknown command: sampan {head} {words[1]}\n\nRun 'sampan {head} --help' for more information"
        )
        return _FAILED
    guess = nearest(head)
    hint = f"\n\nDid you mean: sampan {guess}?" if guess else ""
    _complain(f"sampan: unknown command: sampan {head}{hint}\n\nRun 'sampan --help' for more information")
    return _FAILED


def _overview() -> int:
    lines = ["", "Usage:  sampan [OPTIONS] COMMAND", "", "A container engine", "", "Management commands:"]
    lines += [f"  {name:<12}{text}" for name, text in GROUPS.items()]
    lines += ["", "Commands:", "  " + " ".join(sorted(name for name in COMMANDS if " " not in name))]
    lines += ["", "Options:"]
    lines += [f"  -{flag.short}, --{flag.name:<10}{flag.help}" for flag in _GLOBAL]
    lines += [
        "",
        "Examples:",
        "  sampan image bootstrap debian     make an image from the distribution's packages",
        "  sampan run --rm -it debian bash   run a shell in a new container",
        "",
        "Run 'sampan COMMAND --help' for more information on a command.",
    ]
    return _print("\n".join(lines))


def _group(name: str) -> int:
    members = sorted(words for words in COMMANDS if words.startswith(f"{name} "))
    lines = ["", f"Usage:  sampan {name} COMMAND", "", GROUPS[name], "", "Commands:"]
    return _print("\n".join([*lines, *(f"  {words.partition(' ')[2]}" for words in members), ""]))


def _from_daemon(error: SampanError) -> str:
    local = error.kind in ("host", "flag", "file", "program", "connection", "reference")
    return error.message if local else f"Error response from daemon: {error.message}"


def _exit_code(error: SampanError) -> int:
    code = getattr(error, "exit_code", _FAILED)
    return code if isinstance(code, int) else _FAILED


def _print(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
