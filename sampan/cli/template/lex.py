"""A template's text as tokens with their positions."""

from __future__ import annotations

import re
from typing import NamedTuple

from sampan.cli.template.errors import MalformedTemplate

_ACTION = re.compile(r"\{\{(?P<left>-(?=\s))?\s*(?P<body>(?:\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'|(?!\}\}).)*?)(?P<right>\s-)?\}\}", re.DOTALL)  # fmt: skip
_COMMENT = re.compile(r"\{\{(?P<left>-\s)?\s*/\*.*?\*/\s*?(?P<right>\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)|(?P<char>'(?:\\.|[^'\\\n])+')"""
    r"""|(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?))"""
    r"""|(?P<field>\.[^\W\d]\w*)|(?P<variable>\$\w*)|(?P<dot>\.)|(?P<assign>:?=)"""
    r"""|(?P<word>[^\W\d]\w*)|(?P<mark>[|(),])"""
)


class Token(NamedTuple):
    """A piece of an action: its kind (a group's name above), text, position, and whether space is before it."""

    kind: str
    text: str
    at: int
    apart: bool = True


class Piece(NamedTuple):
    """Text to print, or the tokens of one action."""

    text: str
    tokens: tuple[Token, ...] | None
    at: int


def line_of(source: str, at: int) -> int:
    """The number of the line at a position, from 1."""
    return source.count("\n", 0, at) + 1


def malformed(source: str, at: int, reason: str) -> MalformedTemplate:
    """The error for what stands at a position."""
    return MalformedTemplate(f"template: :{line_of(source, at)}: {reason}")


def split(source: str) -> list[Piece]:
    """Texts and actions in turn. A dash beside the braces eats the space next to it. Raises MalformedTemplate."""
    pieces: list[Piece] = []
    position, eat = 0, False
    while True:
        start = source.find("{{", position)
        text = source[position:] if start < 0 else source[position:start]
        text = text.lstrip() if eat else text
        if start < 0:
            pieces.append(Piece(text, None, position))
            return pieces
        found = _COMMENT.match(source, start) or _ACTION.match(source, start)
        if found is None:
            raise malformed(source, start, "unclosed action")
        pieces.append(Piece(text.rstrip() if found["left"] else text, None, position))
        if found.re is _ACTION:
            tokens = _tokens(source, found["body"], found.start("body"))
            pieces.append(Piece("", tokens, found.start("body")))
        position, eat = found.end(), bool(found["right"])


def _tokens(source: str, body: str, offset: int) -> tuple[Token, ...]:
    found: list[Token] = []
    position, apart = 0, True
    while position < len(body):
        token = _TOKEN.match(body, position)
        if token is None or token.lastgroup is None:
            raise malformed(source, offset + position, f"unexpected {body[position]!r} in action")
        if token.lastgroup != "space":
            found.append(Token(token.lastgroup, token[0], offset + position, apart))
        apart = token.lastgroup == "space"
        position = token.end()
    return tuple(found)
