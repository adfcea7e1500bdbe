"""A template's tree with a value: the text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from sampan.cli.template.parse import Action, Block, Node, Text, Token, Words, parse
from sampan.errors import InvalidArgument

Function = Callable[..., object]


def render(template: str, value: object) -> str:
    """The text of ``template`` for ``value`` (as JSON has it). Raises InvalidArgument."""
    return Renderer(parse(template)).render(value)


class Renderer:
    """A parsed template, for many values."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def render(self, value: object) -> str:
        """The text for one value. Raises InvalidArgument for a field it does not have."""
        out: list[str] = []
        _run(self._nodes, value, {"$": value}, out)
        return "".join(out)


def _run(nodes: Sequence[Node], dot: object, variables: dict[str, object], out: list[str]) -> None:
    for node in nodes:
        match node:
            case Text(text):
                out.append(text)
            case Action(words, variable):
                value = _pipeline(words, dot, variables)
                if variable:
                    variables[variable] = value
                else:
                    out.append(shown(value))
            case Block():
                _block(node, dot, dict(variables), out)


def _block(node: Block, dot: object, variables: dict[str, object], out: list[str]) -> None:
    value = _pipeline(node.words, dot, variables)
    if not _true(value):
        _run(node.otherwise, dot, variables, out)
    elif node.kind == "range":
        for key, item in _items(value):
            if node.variables:
                variables[node.variables[-1]] = item
                if len(node.variables) > 1:
                    variables[node.variables[0]] = key
            _run(node.body, item, variables, out)
    else:
        if node.variables:
            variables[node.variables[0]] = value
        _run(node.body, value if node.kind == "with" else dot, variables, out)


def _items(value: object) -> list[tuple[object, object]]:
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, list):
        return list(enumerate(value))
    raise _bad(f"range can't iterate over {shown(value)}")


def _pipeline(words: Words, dot: object, variables: Mapping[str, object]) -> object:
    value: object = None
    for position, command in enumerate(_commands(words)):
        extra = [value] if position else []
        value = _command(command, extra, dot, variables)
    return value


def _commands(words: Words) -> list[Words]:
    """A pipeline's commands; a bar inside parentheses is not ours."""
    commands: list[list[Token]] = [[]]
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "mark" else 0
        if word.kind == "mark" and word.text == "|" and depth == 0:
            commands.append([])
        else:
            commands[-1].append(word)
    return [tuple(command) for command in commands]


def _command(words: Words, extra: list[object], dot: object, variables: Mapping[str, object]) -> object:
    if not words:
        raise _bad("missing value for command")
    head = words[0]
    if head.kind == "word" and head.text not in ("true", "false", "nil"):
        function = FUNCTIONS.get(head.text)
        if function is None:
            raise InvalidArgument(
                f'template parsing error: template: :1: function "{head.text}" not defined',
                kind="flag",
                ref=head.text,
            )
        arguments = [*_operands(words[1:], dot, variables), *extra]
        try:
            return function(*arguments)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise _bad(f"error calling {head.text}: {error}") from error
    operands = _operands(words, dot, variables)
    if len(operands) != 1 or extra:
        raise _bad("a value takes no arguments")
    return operands[0]


def _operands(words: Words, dot: object, variables: Mapping[str, object]) -> list[object]:
    found: list[object] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word.kind == "mark" and word.text == "(":
            end = _closing(words, position)
            value = _pipeline(words[position + 1 : end], dot, variables)
            position = end + 1
            if (
                position < len(words)
                and words[position].kind == "field"
                and words[position].text.startswith(".")
            ):
                value = _field(value, words[position].text)
                position += 1
            found.append(value)
            continue
        found.append(_operand(word, dot, variables))
        position += 1
    return found


def _closing(words: Words, start: int) -> int:
    depth = 0
    for position in range(start, len(words)):
        if words[position].kind == "mark":
            depth += {"(": 1, ")": -1}.get(words[position].text, 0)
            if depth == 0:
                return position
    raise _bad("unclosed left paren")


def _operand(word: Token, dot: object, variables: Mapping[str, object]) -> object:
    match word.kind:
        case "string":
            return word.text[1:-1] if word.text[0] == "`" else json.loads(word.text)
        case "number":
            return float(word.text) if "." in word.text else int(word.text)
        case "field":
            if not word.text.startswith("$"):
                return _field(dot, word.text)
            name, _, rest = word.text.partition(".")
            if name not in variables:
                raise _bad(f"undefined variable {name}")
            return _field(variables[name], f".{rest}") if rest else variables[name]
        case "word":
            return {"true": True, "false": False, "nil": None}.get(word.text)
    raise _bad(f"unexpected {word.text!r}")


def _field(value: object, path: str) -> object:
    for name in path.split("."):
        if not name:
            continue
        if isinstance(value, Mapping):
            if name not in value:
                raise _bad(f'map has no entry for key "{name}"')
            value = value[name]
        elif value is None:
            raise _bad(f"nil pointer evaluating field {name}")
        else:
            raise _bad(f"can't evaluate field {name} in {shown(value)}")
    return value


def shown(value: object) -> str:
    """A value as Go's templates print it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{shown(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(shown(item) for item in value) + "]"
    return str(value)


def _true(value: object) -> bool:
    return bool(value)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _index(value: object, *keys: object) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | str) and isinstance(key, int):
            value = value[key]
        else:
            raise TypeError(f"cannot index {shown(value)} with {shown(key)}")
    return value


def _printf(form: str, *values: object) -> str:
    shown_values = [value if isinstance(value, int | float) else shown(value) for value in values]
    return form.replace("%v", "%s").replace("%q", '"%s"').replace("%t", "%s") % tuple(shown_values)


def _and(*values: object) -> object:
    return next((value for value in values if not _true(value)), values[-1])


def _or(*values: object) -> object:
    return next((value for value in values if _true(value)), values[-1])


def _join(values: Sequence[object], mark: str) -> str:
    return mark.join(shown(value) for value in values)


FUNCTIONS: dict[str, Function] = {
    "and": _and,
    "eq": lambda first, *others: any(first == other for other in others),
    "ge": lambda left, right: left >= right,
    "gt": lambda left, right: left > right,
    "index": _index,
    "join": _join,
    "json": _json,
    "le": lambda left, right: left <= right,
    "len": len,
    "lower": lambda text: text.lower(),
    "lt": lambda left, right: left < right,
    "ne": lambda left, right: left != right,
    "not": lambda value: not _true(value),
    "or": _or,
    "pad": lambda text, before, after: " " * before + text + " " * after if text else text,
    "print": lambda *values: "".join(shown(value) for value in values),
    "printf": _printf,
    "println": lambda *values: " ".join(shown(value) for value in values) + "\n",
    "slice": lambda value, start=0, end=None: value[start:end],
    "split": lambda text, mark: text.split(mark),
    "table": lambda value: shown(value),
    "title": lambda text: text.title(),
    "truncate": lambda text, width: text[:width],
    "upper": lambda text: text.upper(),
}


def _bad(reason: str) -> InvalidArgument:
    return InvalidArgument(f"template: {reason}", kind="flag", ref="format")
