"""What a template's text means."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Literal(NamedTuple):
    """A constant; ``shown`` is its text in the template."""

    value: object
    shown: str
    at: int


class Path(NamedTuple):
    """Fields of a base, one after the other: of the dot (None), a variable's name, or a pipeline in parentheses."""

    base: str | Pipeline | None
    names: tuple[str, ...]
    at: int


class Word(NamedTuple):
    """A function's name."""

    name: str
    at: int


Operand: TypeAlias = "Literal | Path | Word | Pipeline"


class Command(NamedTuple):
    """A value, or a function or method with its arguments."""

    operands: tuple[Operand, ...]
    at: int


class Pipeline(NamedTuple):
    """Commands, each of which gets the value of the one before; the last value may be kept in variables."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...]
    declares: bool
    at: int


class Text(NamedTuple):
    """Text to print as it is."""

    text: str


class Action(NamedTuple):
    """A pipeline whose value is printed, unless it is kept."""

    pipeline: Pipeline


class Block(NamedTuple):
    """``if``, ``range`` or ``with``: its pipeline, its body and its else."""

    kind: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


class Jump(NamedTuple):
    """``break`` or ``continue``."""

    kind: str


class Call(NamedTuple):
    """``template``: another template by its name, with a value for its dot."""

    name: str
    pipeline: Pipeline | None
    at: int


Node: TypeAlias = Text | Action | Block | Jump | Call


class Template(NamedTuple):
    """A whole template: its own nodes, and those it defines by name."""

    source: str
    nodes: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]]


def shown(node: Operand | Command) -> str:
    """A node as Go's messages show it."""
    match node:
        case Literal():
            return node.shown
        case Word():
            return node.name
        case Path(base=None):
            return "".join(f".{name}" for name in node.names) or "."
        case Path(base=str()):
            return ".".join((str(node.base), *node.names))
        case Path(base=Pipeline() as inner):
            return "".join((f"({_pipeline(inner)})", *(f".{name}" for name in node.names)))
        case Pipeline():
            return f"({_pipeline(node)})"
        case Command():
            return " ".join(shown(operand) for operand in node.operands)
    raise TypeError(type(node).__name__)


def _pipeline(pipeline: Pipeline) -> str:
    return " | ".join(shown(command) for command in pipeline.commands)
