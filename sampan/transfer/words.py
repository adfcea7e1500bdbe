"""Words of a Dockerfile instruction: quotes, escapes and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sampan.errors import InvalidArgument

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]")


def split_words(text: str) -> list[str]:
    """``text`` cut at blanks that are neither quoted nor escaped; quotes and escapes stay."""
    words: list[str] = []
    word = ""
    quote = ""
    inside = False
    position = 0
    while position < len(text):
        char = text[position]
        if not quote and char.isspace():
            if inside:
                words.append(word)
            word, inside = "", False
            position += 1
            continue
        inside = True
        if char == "\\" and quote != "'" and position + 1 < len(text):
            word += text[position : position + 2]
            position += 2
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        word += char
        position += 1
    if inside:
        words.append(word)
    return words


def expand(text: str, variables: Mapping[str, str]) -> str:
    """``text`` without its quotes and escapes, with ``$name`` and ``${name}`` filled in.

    ``${name:-word}`` and ``${name:+word}`` (and both without the colon) work as in a shell;
    an unknown variable is empty. Nothing is expanded within single quotes.

    Raises InvalidArgument for an open quote or brace, or another ``${}`` form.
    """
    result, rest = _expand(text, 0, "", variables)
    assert rest == len(text)
    return result


def _expand(text: str, start: int, stop: str, variables: Mapping[str, str]) -> tuple[str, int]:
    """Expand from ``start`` to an unquoted ``stop`` or the end; the position reached."""
    parts: list[str] = []
    position = start
    while position < len(text) and text[position] != stop:
        char = text[position]
        if char == "'":
            end = text.find("'", position + 1)
            if end < 0:
                raise _invalid("unexpected end of statement while looking for matching single-quote", text)
            parts.append(text[position + 1 : end])
            position = end + 1
        elif char == '"':
            part, position = _double_quoted(text, position + 1, variables)
            parts.append(part)
        elif char == "\\":
            # A backslash at the very end stands for nothing.
            parts.append(text[position + 1 : position + 2])
            position += 2
        elif char == "$":
            part, position = _variable(text, position, variables)
            parts.append(part)
        else:
            parts.append(char)
            position += 1
    return "".join(parts), min(position, len(text))


def _double_quoted(text: str, start: int, variables: Mapping[str, str]) -> tuple[str, int]:
    parts: list[str] = []
    position = start
    while position < len(text):
        char = text[position]
        if char == '"':
            return "".join(parts), position + 1
        if char == "$":
            part, position = _variable(text, position, variables)
            parts.append(part)
        elif char == "\\" and text[position + 1 : position + 2] in ('"', "$", "\\"):
            parts.append(text[position + 1])
            position += 2
        else:
            parts.append(char)
            position += 1
    raise _invalid("unexpected end of statement while looking for matching double-quote", text)


def _variable(text: str, start: int, variables: Mapping[str, str]) -> tuple[str, int]:
    """The value of the variable at ``start`` (a dollar sign), and where it ends."""
    braced = text[start + 1 : start + 2] == "{"
    match = _NAME.match(text, start + 2 if braced else start + 1)
    if match is None:
        if braced:
            raise _invalid("bad substitution", text)
        return "$", start + 1
    name, position = match[0], match.end()
    if not braced:
        return variables.get(name, ""), position
    if text[position : position + 1] == "}":
        return variables.get(name, ""), position + 1
    empty_counts = text[position : position + 1] == ":"
    position += empty_counts
    operator = text[position : position + 1]
    if operator not in ("-", "+", "?") or not operator:
        raise _invalid("unsupported modifier in substitution", text)
    word, end = _expand(text, position + 1, "}", variables)
    if text[end : end + 1] != "}":
        raise _invalid("syntax error: missing '}'", text)
    is_set = bool(variables.get(name)) if empty_counts else name in variables
    if operator == "+":
        return (word if is_set else ""), end + 1
    if operator == "?" and not is_set:
        raise _invalid(f"{name}: {word or 'is not allowed to be unset'}", text)
    return (variables[name] if is_set else word), end + 1


def _invalid(message: str, text: str) -> InvalidArgument:
    return InvalidArgument(f"failed to process {text!r}: {message}", kind="change", ref=text)
