"""Flags as the docker CLI reads them: ``--name=value``, ``--name value``, ``-it``, ``-p8080``.

A table of flags and one small parser, because the standard one takes longer to import than
most commands take to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from sampan.errors import InvalidArgument

Kind = Literal["bool", "text", "list", "number"]
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class Flag(NamedTuple):
    """One flag. ``default`` is shown in the help; a ``list`` may be given several times."""

    name: str
    short: str = ""
    kind: Kind = "text"
    help: str = ""
    default: str = ""


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

    def given(self, name: str) -> bool:
        """Whether the flag was given at all."""
        return name in self._values

    def flag(self, name: str) -> bool:
        """A bool flag; the last one counts."""
        return self._values.get(name, [self._flags[name].default])[-1] in _TRUE

    def text(self, name: str) -> str:
        """A flag's value, its default if not given; the last one counts."""
        return self._values.get(name, [self._flags[name].default])[-1]

    def texts(self, name: str) -> list[str]:
        """Every value of a flag, in order."""
        return list(self._values.get(name, ()))

    def number(self, name: str) -> int | None:
        """A whole number; None if not given and without default."""
        text = self.text(name)
        return int(text) if text else None


def parse(argv: Sequence[str], flags: Sequence[Flag], *, interspersed: bool = True) -> Parsed:
    """Read a command line. Without ``interspersed`` everything after the first argument is one.

    Raises UsageError, naming the flag, for what is not in the table or lacks its value.
    """
    by_name = {flag.name: flag for flag in flags}
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


def _long(word: str, words: list[str], flags: Mapping[str, Flag], values: dict[str, list[str]]) -> None:
    name, has_value, value = word[2:].partition("=")
    flag = flags.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}", kind="flag", ref=name)
    if not has_value:
        value = _following(f"--{name}", flag, words)
    values.setdefault(name, []).append(_checked(f"--{name}", flag, value))


def _short(word: str, words: list[str], flags: Mapping[str, Flag], values: dict[str, list[str]]) -> None:
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        flag = flags.get(letter)
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in {word}", kind="flag", ref=letter)
        shown = f"-{letter}, --{flag.name}"
        if flag.kind == "bool":
            value = "true"
            if rest.startswith("="):
                value, rest = rest[1:], ""
        elif rest:
            value, rest = rest.removeprefix("="), ""
        else:
            value = _following(f"'{letter}' in {word}", flag, words)
        values.setdefault(flag.name, []).append(_checked(shown, flag, value))


def _following(shown: str, flag: Flag, words: list[str]) -> str:
    if flag.kind == "bool":
        return "true"
    if not words:
        raise UsageError(f"flag needs an argument: {shown}", kind="flag", ref=flag.name)
    return words.pop(0)


def _checked(shown: str, flag: Flag, value: str) -> str:
    if flag.kind == "bool" and value not in _TRUE and value not in _FALSE:
        raise UsageError(
            f'invalid argument "{value}" for "{shown}" flag: strconv.ParseBool: parsing "{value}": invalid syntax',
            kind="flag",
            ref=flag.name,
        )
    if flag.kind == "number" and not value.lstrip("-").isdigit():
        raise UsageError(
            f'invalid argument "{value}" for "{shown}" flag: strconv.ParseInt: parsing "{value}": invalid syntax',
            kind="flag",
            ref=flag.name,
        )
    return value
