"""A template's text as a tree, by Go's text/template grammar."""

from __future__ import annotations

import json

from sampan.cli.template.errors import MalformedTemplate
from sampan.cli.template.functions import FUNCTIONS
from sampan.cli.template.lex import Piece, Token, malformed, split
from sampan.cli.template.tree import (
    Action,
    Block,
    Call,
    Command,
    Jump,
    Literal,
    Node,
    Operand,
    Path,
    Pipeline,
    Template,
    Text,
    Word,
)

_BLOCKS = ("if", "range", "with")
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "nil": None}


def parse(source: str) -> Template:
    """The tree of a template. Raises MalformedTemplate."""
    return _Parser(source).template()


class _Parser:
    """Reads the pieces from first to last."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces = split(source)
        self._next = 0
        self._defined: dict[str, tuple[Node, ...]] = {}

    def template(self) -> Template:
        nodes, ending = self._nodes()
        if ending is not None:
            word = (ending.tokens or ())[0]
            raise malformed(self._source, ending.at, f"unexpected {{{{{word.text}}}}}")
        return Template(self._source, nodes, self._defined)

    def _nodes(self) -> tuple[tuple[Node, ...], Piece | None]:
        """Nodes up to an ``end`` or ``else``, which is returned too; None at the end of the text."""
        nodes: list[Node] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if piece.tokens is None:
                nodes += [Text(piece.text)] if piece.text else []
                continue
            head = piece.tokens[0] if piece.tokens else None
            if head is None:
                raise malformed(self._source, piece.at, "missing value for command")
            word = head.text if head.kind == "word" else ""
            if word in ("end", "else"):
                return tuple(nodes), piece
            node = self._node(word, piece.tokens, piece.at)
            nodes += [node] if node is not None else []
        return tuple(nodes), None

    def _node(self, word: str, tokens: tuple[Token, ...], at: int) -> Node | None:
        if word in _BLOCKS:
            return self._block(word, tokens[1:], at)
        if word in ("break", "continue"):
            return Jump(word)
        if word == "define":
            name = self._name(tokens, word, at)
            self._defined[name] = self._body(at)[0]
            return None
        if word == "template":
            name = self._name(tokens, word, at)
            return Call(name, self._pipeline(tokens[2:], word, at) if tokens[2:] else None, at)
        return Action(self._pipeline(tokens, "command", at))

    def _name(self, tokens: tuple[Token, ...], word: str, at: int) -> str:
        if len(tokens) < 2 or tokens[1].kind != "string":
            raise malformed(self._source, at, f"missing name for {word}")
        return str(self._constant(tokens[1]).value)

    def _body(self, at: int) -> tuple[tuple[Node, ...], Piece]:
        nodes, ending = self._nodes()
        if ending is None:
            raise malformed(self._source, len(self._source) or at, "unexpected EOF")
        return nodes, ending

    def _block(self, kind: str, tokens: tuple[Token, ...], at: int) -> Block:
        pipeline = self._pipeline(tokens, kind, at)
        body, ending = self._body(at)
        otherwise: tuple[Node, ...] = ()
        rest = (ending.tokens or ())[1:]
        if (ending.tokens or ())[0].text == "else":
            if rest:
                # "else if x" is an else that holds an if, and ends with it.
                return Block(kind, pipeline, body, (self._block(rest[0].text, rest[1:], rest[0].at),))
            otherwise, ending = self._body(at)
            if (ending.tokens or ())[0].text != "end":
                raise malformed(self._source, ending.at, "expected end; found {{else}}")
        return Block(kind, pipeline, body, otherwise)

    def _pipeline(self, tokens: tuple[Token, ...], context: str, at: int) -> Pipeline:
        variables: tuple[str, ...] = ()
        declares = False
        for position, token in enumerate(tokens[:4]):
            if token.kind == "assign":
                variables = tuple(item.text for item in tokens[:position] if item.kind == "variable")
                declares, tokens = token.text == ":=", tokens[position + 1 :]
                break
        if not tokens:
            raise malformed(self._source, at, f"missing value for {context}")
        commands = []
        start = depth = 0
        for position, token in enumerate((*tokens, Token("mark", "|", at))):
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
            if depth < 0:
                raise malformed(self._source, token.at, "unexpected right paren")
            if token.kind == "mark" and token.text == "|" and depth == 0:
                commands.append(self._command(tokens[start:position], token.at))
                start = position + 1
        if depth:
            raise malformed(self._source, at, "unclosed left paren")
        return Pipeline(tuple(commands), variables, declares, at)

    def _command(self, tokens: tuple[Token, ...], at: int) -> Command:
        if not tokens:
            raise malformed(self._source, at, "missing value for command")
        operands: list[Operand] = []
        position = 0
        while position < len(tokens):
            operand, position = self._operand(tokens, position)
            operands.append(operand)
        return Command(tuple(operands), tokens[0].at)

    def _operand(self, tokens: tuple[Token, ...], position: int) -> tuple[Operand, int]:
        token = tokens[position]
        position += 1
        base: str | Pipeline | None = None
        names: list[str] = []
        if token.kind == "mark" and token.text == "(":
            end = self._closing(tokens, position)
            base = self._pipeline(tokens[position:end], "parenthesized pipeline", token.at)
            position = end + 1
        elif token.kind == "variable":
            base = token.text
        elif token.kind == "field":
            names.append(token.text[1:])
        elif token.kind != "dot":
            return self._word_or_constant(token), position
        fields = []
        while position < len(tokens) and tokens[position].kind == "field" and not tokens[position].apart:
            fields.append(tokens[position])
            position += 1
        # Go's messages point to the second field of a chain.
        at = fields[0].at if fields else token.at
        if isinstance(base, Pipeline) and not fields:
            return base, position
        return Path(base, (*names, *(field.text[1:] for field in fields)), at), position

    def _closing(self, tokens: tuple[Token, ...], start: int) -> int:
        depth = 1
        for position in range(start, len(tokens)):
            if tokens[position].kind == "mark":
                depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
                if depth == 0:
                    return position
        raise malformed(self._source, tokens[start - 1].at, "unclosed left paren")

    def _word_or_constant(self, token: Token) -> Operand:
        if token.kind != "word":
            return self._constant(token)
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.text, token.at)
        if token.text not in FUNCTIONS:
            raise malformed(self._source, token.at, f'function "{token.text}" not defined')
        return Word(token.text, token.at)

    def _constant(self, token: Token) -> Literal:
        text = token.text
        try:
            match token.kind:
                case "string":
                    return Literal(text[1:-1] if text[0] == "`" else json.loads(text), text, token.at)
                case "char":
                    return Literal(ord(json.loads(f'"{text[1:-1]}"')), text, token.at)
                case "number":
                    whole = text.lstrip("+-").isdigit() or "x" in text.lower()
                    return Literal(int(text, 0) if whole else float(text), text, token.at)
        except (ValueError, TypeError) as error:
            raise malformed(self._source, token.at, f"bad constant: {text}") from error
        raise self._unexpected(token)

    def _unexpected(self, token: Token) -> MalformedTemplate:
        return malformed(self._source, token.at, f'unexpected "{token.text}" in operand')
