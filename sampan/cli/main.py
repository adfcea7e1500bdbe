"""``sampan``: from the command line to a command, and from its outcome to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from sampan.cli.command import Command, argument_problem, flag_lines, help_text, usage_line
from sampan.cli.flags import HELP, Flag, HelpWanted, Parsed, UsageError, parse
from sampan.cli.outcome import BAD_USAGE, FAILED, INTERRUPTED, described
from sampan.cli.table import COMMANDS, GROUPS, aliases, find, module_of, nearest
from sampan.client.api import Client
from sampan.client.transport import choose_host, is_default
from sampan.errors import InvalidArgument, NotImplementedHere, SampanError
from sampan.version import VERSION

_LEVELS = ("debug", "info", "warn", "error", "fatal")
_GLOBAL = (
    Flag("config", "", "string", "Directory of the client's configuration"),
    Flag("context", "c", "string", "Context to use; only 'default' is offered yet"),
    Flag("debug", "D", "bool", "Show where an error comes from"),
    Flag("host", "H", "list", "Address of the daemon: unix:///path or tcp://host:port"),
    Flag("log-level", "l", "string", "debug, info, warn, error or fatal", "info"),
    Flag("version", "v", "bool", "Print version information and quit"),
)
_SHORT_HELP = HELP._replace(short="h")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit code is the command's."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = False
    try:
        try:
            options = parse(words, (*_GLOBAL, _SHORT_HELP), interspersed=False)
        except HelpWanted:
            return _overview()
        debug = options.flag("debug")
        return _dispatch(options)
    except UsageError as error:
        _complain(
            f"{error.message}\n\nUsage:  sampan [OPTIONS] COMMAND [ARG...]\n\nRun 'sampan --help' for more information"
        )
        return BAD_USAGE
    except SampanError as error:
        if debug:
            raise
        if error.message:
            _complain(described(error))
        return _exit_code(error)
    except BrokenPipeError:
        # Whoever read our output has left; what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _dispatch(options: Parsed) -> int:
    words = options.arguments
    if options.flag("version"):
        return _print(f"Sampan version {VERSION}")
    if options.flag("help") or not words:
        return _overview()
    if words[0] == "help":
        return _help(words[1:])
    found = find(words)
    if found is None:
        return _unknown(words)
    name, rest = found
    command = _load(name)
    try:
        parsed = parse(rest, command.flags, interspersed=command.interspersed)
    except HelpWanted:
        return _print(help_text(name, command, aliases(name)))
    except UsageError as error:
        _complain(
            f"{error.message}\n\n{usage_line(name, command)}\n\nRun 'sampan {name} --help' for more information"
        )
        return BAD_USAGE
    parsed.words = name
    problem = argument_problem(name, command, len(parsed.arguments))
    if problem:
        _complain(problem)
        return FAILED
    return command.run(_client(options, os.environ), parsed)


def _load(words: str) -> Command:
    import importlib

    command: Command = importlib.import_module(module_of(words)).COMMAND
    return command


def _client(options: Parsed, env: Mapping[str, str]) -> Client:
    """A client of the daemon that is meant, which is started if it is ours to start."""
    level = options.text("log-level")
    if level not in _LEVELS:
        raise InvalidArgument(f"Unable to parse logging level: {level}", kind="flag", ref=level)
    hosts = options.texts("host")
    if len(hosts) > 1:
        raise InvalidArgument("Specify only one -H", kind="flag", ref="host")
    flag = hosts[0] if hosts else ""
    context = options.text("context") or env.get("DOCKER_CONTEXT", "")
    if flag and options.given("context"):
        raise InvalidArgument(
            "conflicting options: cannot specify both --host and --context", kind="flag", ref="context"
        )
    if context not in ("", "default"):
        raise NotImplementedHere(
            f"contexts are not offered yet ({context}): name the daemon with --host", kind="flag"
        )
    host = choose_host(flag, env)
    if env.get("DOCKER_TLS_VERIFY") and host.startswith("tcp://"):
        raise NotImplementedHere(
            "DOCKER_TLS_VERIFY is set, and TLS is not offered yet: nothing was sent", kind="host", ref=host
        )
    if is_default(flag, env):
        from sampan.cli.autostart import ensure_daemon

        ensure_daemon()
    return Client(host, version=env.get("DOCKER_API_VERSION", ""))


def _help(words: list[str]) -> int:
    if not words:
        return _overview()
    found = find(words)
    if found is not None:
        return _print(help_text(found[0], _load(found[0]), aliases(found[0])))
    if words[0] in GROUPS:
        return _print(_group(words[0]))
    _complain(f"unknown help topic: {' '.join(words)}")
    return FAILED


def _unknown(words: list[str]) -> int:
    head, *rest = words
    if head in GROUPS:
        if not rest:
            _complain(_group(head))
            return 0
        if rest[0] in ("--help", "-h"):
            return _print(_group(head))
        if rest[0].startswith("-"):
            raise UsageError(f"unknown flag: {rest[0].partition('=')[0]}", kind="flag", ref=rest[0])
        shown, scope = f"sampan {head} {rest[0]}", f"sampan {head}"
        usage = f"\n\nUsage:  {scope}"
    else:
        shown, scope, usage = f"sampan {head}", "sampan", ""
    guess = nearest(words)
    hint = f"\n\nDid you mean: sampan {guess}" if guess else ""
    _complain(f"sampan: unknown command: {shown}{usage}{hint}\n\nRun '{scope} --help' for more information")
    return FAILED


def _overview() -> int:
    names = sorted(name for name in COMMANDS if " " not in name)
    lines = ["Usage:  sampan [OPTIONS] COMMAND", "", "A container engine", "", "Management Commands:"]
    lines += [f"  {name:<12}{text}" for name, text in GROUPS.items()]
    lines += ["", "Commands:", *(f"  {name:<12}{_load(name).help}" for name in names)]
    lines += ["", "Global Options:", *flag_lines(_GLOBAL)]
    lines += [
        "",
        "Examples:",
        "  sampan image bootstrap debian     make an image from the distribution's packages",
        "  sampan run --rm -it debian bash   run a shell in a new container",
        "",
        "Run 'sampan COMMAND --help' for more information on a command.",
    ]
    return _print("\n".join(lines))


def _group(name: str) -> str:
    members = sorted(words.partition(" ")[2] for words in COMMANDS if words.startswith(f"{name} "))
    lines = [f"Usage:  sampan {name} COMMAND", "", GROUPS[name], "", "Commands:"]
    lines += [f"  {member:<12}{_load(f'{name} {member}').help}" for member in members]
    return "\n".join([*lines, "", f"Run 'sampan {name} COMMAND --help' for more information on a command."])


def _exit_code(error: SampanError) -> int:
    code = getattr(error, "exit_code", FAILED)
    return code if isinstance(code, int) else FAILED


def _print(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
