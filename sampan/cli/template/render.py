"""A template's tree with a value: the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sampan.cli.template.errors import TemplateFailed
from sampan.cli.template.functions import FUNCTIONS
from sampan.cli.template.lex import line_of
from sampan.cli.template.parse import parse
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
from sampan.cli.template.tree import (
    shown as shown_node,
)
from sampan.cli.template.values import Nil, field, shown

_CONTEXT = 20
_DEPTH = 100


def render(template: str, value: object) -> str:
    """The text of ``template`` for ``value``. Raises MalformedTemplate and TemplateFailed."""
    return Renderer(parse(template)).render(value)


class _Jumped(Exception):
    """A ``break`` or ``continue`` on its way to its ``range``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Renderer:
    """A parsed template, for many values."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._out: list[str] = []
        self._depth = 0

    def render(self, value: object) -> str:
        """The text for one value. Raises TemplateFailed for a field it does not have."""
        self._out = []
        self._run(self._template.nodes, value, [{"$": value}])
        return "".join(self._out)

    def _run(self, nodes: Sequence[Node], dot: object, scopes: list[dict[str, object]]) -> None:
        for node in nodes:
            match node:
                case Text(text):
                    self._out.append(text)
                case Action(pipeline):
                    value = self._pipeline(pipeline, dot, scopes)
                    if not pipeline.variables:
                        self._out.append(shown(value))
                case Block():
                    self._block(node, dot, [*scopes, {}])
                case Jump(kind):
                    raise _Jumped(kind)
                case Call():
                    self._call(node, dot, scopes)

    def _call(self, node: Call, dot: object, scopes: list[dict[str, object]]) -> None:
        nodes = self._template.defined.get(node.name)
        if nodes is None or self._depth >= _DEPTH:
            reason = (
                f'template "{node.name}" not defined' if nodes is None else "exceeded maximum template depth"
            )
            raise self._failed(f'{{{{template "{node.name}"}}}}', node.at, reason)
        value = self._pipeline(node.pipeline, dot, scopes) if node.pipeline is not None else None
        self._depth += 1
        self._run(nodes, value, [{"$": value}])
        self._depth -= 1

    def _block(self, node: Block, dot: object, scopes: list[dict[str, object]]) -> None:
        value = self._pipeline(node.pipeline, dot, scopes)
        if not value:
            self._run(node.otherwise, dot, scopes)
        elif node.kind == "range":
            self._range(node, value, scopes)
        else:
            self._run(node.body, value if node.kind == "with" else dot, scopes)

    def _range(self, node: Block, value: object, scopes: list[dict[str, object]]) -> None:
        variables = node.pipeline.variables
        for key, item in self._items(node, value):
            if variables:
                scopes[-1][variables[-1]] = item
            if len(variables) > 1:
                scopes[-1][variables[0]] = key
            try:
                self._run(node.body, item, [*scopes, {}])
            except _Jumped as jump:
                if jump.kind == "break":
                    return

    def _items(self, node: Block, value: object) -> list[tuple[object, object]]:
        if isinstance(value, Mapping):
            return [(key, value[key]) for key in sorted(value)]
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return [(number, number) for number in range(value)]
        shown_pipeline = shown_node(node.pipeline)[1:-1]
        raise self._failed(shown_pipeline, node.pipeline.at, f"range can't iterate over {shown(value)}")

    def _pipeline(self, pipeline: Pipeline, dot: object, scopes: list[dict[str, object]]) -> object:
        value: object = None
        for position, command in enumerate(pipeline.commands):
            value = self._command(command, [value] if position else [], dot, scopes)
        if pipeline.declares:
            scopes[-1] |= dict.fromkeys(pipeline.variables, value)
        elif pipeline.variables:
            scope = next((scope for scope in reversed(scopes) if pipeline.variables[0] in scope), None)
            if scope is None:
                raise self._failed("", pipeline.at, f"undefined variable: {pipeline.variables[0]}")
            scope[pipeline.variables[0]] = value
        return value

    def _command(
        self, command: Command, extra: list[object], dot: object, scopes: list[dict[str, object]]
    ) -> object:
        head, *rest = command.operands
        if isinstance(head, Word):
            return self._function(command, head, rest, extra, dot, scopes)
        value = self._operand(head, dot, scopes)
        arguments = [*(self._operand(operand, dot, scopes) for operand in rest), *extra]
        if callable(value):
            try:
                return value(*arguments)
            except TypeError as error:
                raise self._failed(shown_node(head), head.at, f"wrong number of args: {error}") from error
        if isinstance(head, Literal) and head.value is None:
            raise self._failed("nil", head.at, "nil is not a command")
        if arguments:
            raise self._failed(
                shown_node(head), head.at, f"can't give argument to non-function {shown_node(head)}"
            )
        return value

    def _function(
        self,
        command: Command,
        head: Word,
        rest: Sequence[Operand],
        extra: list[object],
        dot: object,
        scopes: list[dict[str, object]],
    ) -> object:
        function = FUNCTIONS[head.name]
        count = len(rest) + len(extra)
        if count < function.least or 0 <= function.most < count:
            wanted = f"at least {function.least}" if function.most < 0 else str(function.least)
            raise self._failed(
                shown_node(head), head.at, f"wrong number of args for {head.name}: want {wanted} got {count}"
            )
        if head.name in ("and", "or"):
            return self._until(head.name == "or", rest, extra, dot, scopes)
        arguments = [*(self._operand(operand, dot, scopes) for operand in rest), *extra]
        try:
            return function.call(*arguments)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise self._failed(shown_node(command), head.at, f"error calling {head.name}: {error}") from error

    def _until(
        self,
        stop: bool,
        operands: Sequence[Operand],
        extra: list[object],
        dot: object,
        scopes: list[dict[str, object]],
    ) -> object:
        """The first value that is ``stop``, or the last; those behind it are not looked at."""
        value: object = None
        for operand in operands:
            value = self._operand(operand, dot, scopes)
            if bool(value) is stop:
                return value
        return extra[0] if extra else value

    def _operand(self, operand: Operand, dot: object, scopes: list[dict[str, object]]) -> object:
        match operand:
            case Literal():
                return operand.value
            case Pipeline():
                return self._pipeline(operand, dot, scopes)
            case Word():
                return self._command(Command((operand,), operand.at), [], dot, scopes)
            case Path():
                return self._path(operand, dot, scopes)
        raise TypeError(type(operand).__name__)

    def _path(self, path: Path, dot: object, scopes: list[dict[str, object]]) -> object:
        value = dot
        if isinstance(path.base, Pipeline):
            value = self._pipeline(path.base, dot, scopes)
        elif isinstance(path.base, str):
            scope = next((scope for scope in reversed(scopes) if path.base in scope), None)
            if scope is None:
                raise self._failed(shown_node(path), path.at, f"undefined variable: {path.base}")
            value = scope[path.base]
        for name in path.names:
            if isinstance(value, Nil) or value is None:
                raise self._failed(shown_node(path), path.at, f"nil pointer evaluating interface {{}}.{name}")
            if not isinstance(value, Mapping):
                raise self._failed(
                    shown_node(path), path.at, f"can't evaluate field {name} in type interface {{}}"
                )
            try:
                value = field(value, name)
            except KeyError as error:
                raise self._failed(shown_node(path), path.at, f'map has no entry for key "{name}"') from error
        return value

    def _failed(self, context: str, at: int, reason: str) -> TemplateFailed:
        source = self._template.source
        column = at - (source.rfind("\n", 0, at) + 1)
        short = f"{context[:_CONTEXT]}..." if len(context) > _CONTEXT else context
        return TemplateFailed(
            f'template: :{line_of(source, at)}:{column}: executing "" at <{short}>: {reason}'
        )
