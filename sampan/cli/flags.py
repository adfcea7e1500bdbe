"""Flags as the docker CLI reads them: ``--name=value``, ``--name value``, ``-it``, ``-p8080``.

A table of flags and one small parser, because the standard one takes longer to import than
most commands take to run. Values are checked as they are read, so that the first wrong one
is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sampan.errors import InvalidArgument

# What a flag takes, as the help names it. ``bool`` takes nothing; the numbers are checked here,
# the others by the flag's own ``check``.
KINDS = frozenset(
    {"bool", "string", "strings", "list", "map", "filter", "bytes", "decimal", "duration", "mount", "network",
     "ulimit", "gpu-request", "int", "uint", "uint16"}
)  # fmt: skip
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
# Least and greatest value, and the name of Go's parser, which its messages carry.
_NUMBERS = {
    "int": (-(1 << 63), (1 << 63) - 1, "ParseInt"),
    "uint": (0, (1 << 64) - 1, "ParseUint"),
    "uint16": (0, (1 << 16) - 1, "ParseUint"),
}


class Flag(NamedTuple):
    """One flag; ``default`` is shown in the help.

    ``check`` raises ValueError with the reason why a value is wrong. ``hidden`` are other
    spellings of the same flag, which the help does not show.
    """

    name: str
    short: str = ""
    kind: str = "string"
    help: str = ""
    default: str = ""
    check: Callable[[str], object] | None = None
    hidden: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """How messages name it."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


class UsageError(InvalidArgument):
    """The command line is wrong; the message is followed by how it should be."""


class Parsed:
    """What a command line says."""

    def __init__(
        self, values: Mapping[str, list[str]], arguments: list[str], flags: Mapping[str, Flag]
    ) -> None:
        self._values = values
        self._flags = flags
        self.arguments = arguments
        self.words = ""

    def given(self, name: str) -> bool:
        """Whether the flag was given at all."""
        return name in self._values

    def flag(self, name: str) -> bool:
        """A bool flag; the last one counts."""
        return self.text(name) in _TRUE

    def text(self, name: str) -> str:
        """A flag's value, its default if not given; the last one counts."""
        return self._values.get(name, [self._flags[name].default])[-1]

    def texts(self, name: str) -> list[str]:
        """Every value of a flag, in order."""
        return list(self._values.get(name, ()))

    def number(self, name: str) -> int:
        """A whole number; 0 if not given and without default."""
        return int(self.text(name) or "0")


def parse(argv: Sequence[str], flags: Sequence[Flag], *, interspersed: bool = True) -> Parsed:
    """Read a command line. Without ``interspersed`` everything after the first argument is one.

    ``--help`` is a flag of every command. Raises UsageError, naming the flag, for what is not
    in the table, lacks its value or has a wrong one.
    """
    by_name = {name: flag for flag in (*flags, HELP) for name in (flag.name, *flag.hidden)}
    by_short = {flag.short: flag for flag in flags if flag.short}
    values: dict[str, list[str]] = {}
    arguments: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            arguments += words
            break
        if word.startswith("--"):
            _long(word, words, by_name, values)
        elif word.startswith("-") and word != "-":
            _short(word, words, by_short, values)
        else:
            arguments.append(word)
            if not interspersed:
                arguments += words
                break
    return Parsed(values, arguments, by_name)


HELP = Flag("help", "", "bool", "Print usage")


class HelpWanted(Exception):
    """``--help`` was met: nothing behind it is looked at."""


def _long(word: str, words: list[str], flags: Mapping[str, Flag], values: dict[str, list[str]]) -> None:
    name, has_value, value = word[2:].partition("=")
    flag = flags.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}", kind="flag", ref=name)
    if not has_value:
        value = _following(f"--{name}", flag, words)
    values.setdefault(flag.name, []).append(_checked(flag, value))
    if flag is HELP and value in _TRUE:
        raise HelpWanted


def _short(word: str, words: list[str], flags: Mapping[str, Flag], values: dict[str, list[str]]) -> None:
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        flag = flags.get(letter)
        if flag is None:
            raise UsageError(
                f"unknown shorthand flag: '{letter}' in -{letter}{rest}", kind="flag", ref=letter
            )
        if flag.kind == "bool":
            value = "true"
            if rest.startswith("="):
                value, rest = rest[1:], ""
        elif rest:
            value, rest = rest.removeprefix("="), ""
        else:
            value = _following(f"'{letter}' in -{letter}", flag, words)
        values.setdefault(flag.name, []).append(_checked(flag, value))


def _following(shown: str, flag: Flag, words: list[str]) -> str:
    if flag.kind == "bool":
        return "true"
    if not words:
        raise UsageError(f"flag needs an argument: {shown}", kind="flag", ref=flag.name)
    return words.pop(0)


def _checked(flag: Flag, value: str) -> str:
    try:
        if flag.kind == "bool" and value not in _TRUE and value not in _FALSE:
            raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
        if flag.kind in _NUMBERS:
            _check_number(value, *_NUMBERS[flag.kind])
        if flag.check is not None:
            flag.check(value)
    except ValueError as error:
        raise UsageError(
            f'invalid argument "{value}" for "{flag.shown}" flag: {error}', kind="flag", ref=flag.name
        ) from error
    return value


def _check_number(text: str, least: int, greatest: int, parser: str) -> None:
    digits = text.removeprefix("-") if least < 0 else text
    if not (digits.isascii() and digits.removeprefix("+").isdigit()):
        raise ValueError(f'strconv.{parser}: parsing "{text}": invalid syntax')
    if not least <= int(text) <= greatest:
        raise ValueError(f'strconv.{parser}: parsing "{text}": value out of range')
