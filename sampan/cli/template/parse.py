"""A template's text as a tree."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from sampan.errors import InvalidArgument

_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<field>(?:\$\w*)?(?:\.\w+)+|\.|\$\w*)|(?P<assign>:?=)|(?P<word>\w+)|(?P<mark>[|(),]))"""
)


class Token(NamedTuple):
    """A piece of an action: its kind (a group's name above) and text."""

    kind: str
    text: str


Words: TypeAlias = tuple[Token, ...]


class Text(NamedTuple):
    """Text to print as it is."""

    text: str


class Action(NamedTuple):
    """A pipeline whose value is printed, or kept in ``variable``."""

    words: Words
    variable: str = ""


class Block(NamedTuple):
    """``if``, ``range`` or ``with``: its pipeline, its body and its else."""

    kind: str
    words: Words
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]
    variables: tuple[str, ...] = ()


Node: TypeAlias = Text | Action | Block


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a template. Raises InvalidArgument for one that is malformed."""
    pieces = _split(text)
    nodes, rest, _ = _nodes(pieces, top=True)
    if rest:
        raise _bad("unexpected {{end}}", text)
    return nodes


def _split(text: str) -> list[str | Words]:
    """Texts and actions in turn; a dash beside the braces eats the space next to it."""
    pieces: list[str | Words] = []
    position, eat = 0, False
    for found in _ACTION.finditer(text):
        before = text[position : found.start()]
        before = before.lstrip() if eat else before
        pieces.append(before.rstrip() if found[1] else before)
        body = found[2].strip()
        if not body.startswith("/*"):
            pieces.append(_tokens(body, text))
        position, eat = found.end(), bool(found[3])
    last = text[position:]
    if "{{" in last:
        raise _bad("unclosed action", text)
    pieces.append(last.lstrip() if eat else last)
    return pieces


def _tokens(body: str, text: str) -> Words:
    found: list[Token] = []
    position = 0
    while position < len(body):
        token = _TOKEN.match(body, position)
        if token is None or token.lastgroup is None:
            raise _bad(f"unexpected {body[position:].strip()[:10]!r} in action", text)
        found.append(Token(token.lastgroup, token[token.lastgroup]))
        position = token.end()
    if not found:
        raise _bad("missing value for command", text)
    return tuple(found)


def _nodes(
    pieces: list[str | Words], *, top: bool = False
) -> tuple[tuple[Node, ...], list[str | Words], Words]:
    """Nodes up to the end of the block; what follows; and the word that ended it."""
    nodes: list[Node] = []
    while pieces:
        piece, pieces = pieces[0], pieces[1:]
        if isinstance(piece, str):
            if piece:
                nodes.append(Text(piece))
            continue
        head = piece[0].text if piece[0].kind == "word" else ""
        if head in ("end", "else"):
            if top:
                raise _bad(f"unexpected {{{{{head}}}}}", head)
            return tuple(nodes), pieces, piece
        if head in ("if", "range", "with"):
            block, pieces = _block(head, piece[1:], pieces)
            nodes.append(block)
        else:
            nodes.append(_action(piece))
    if not top:
        raise _bad("unexpected EOF: {{end}} is missing", "")
    return tuple(nodes), [], ()


def _action(words: Words) -> Action:
    if len(words) > 2 and words[1].kind == "assign" and words[0].text.startswith("$"):
        return Action(words[2:], words[0].text)
    return Action(words)


def _block(kind: str, words: Words, pieces: list[str | Words]) -> tuple[Block, list[str | Words]]:
    if not words:
        raise _bad(f"missing value for {kind}", kind)
    variables: tuple[str, ...] = ()
    for position, word in enumerate(words):
        if word.kind == "assign":
            variables = tuple(item.text for item in words[:position] if item.text.startswith("$"))
            words = words[position + 1 :]
            break
    body, pieces, ending = _nodes(pieces)
    otherwise: tuple[Node, ...] = ()
    if ending[0].text == "else":
        if len(ending) > 1:
            inner, pieces = _block(ending[1].text, ending[2:], pieces)
            return Block(kind, words, body, (inner,), variables), pieces
        otherwise, pieces, ending = _nodes(pieces)
        if ending[0].text != "end":
            raise _bad("expected {{end}}", kind)
    return Block(kind, words, body, otherwise, variables), pieces


def _bad(reason: str, text: str) -> InvalidArgument:
    return InvalidArgument(f"template parsing error: {reason}", kind="flag", ref=text)
