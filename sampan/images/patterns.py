"""Matching names by pattern, as the filter ``reference`` does (Go's path.Match)."""

from __future__ import annotations

import functools
import re

from sampan.errors import InvalidArgument
from sampan.oci.reference import Reference


def matches(pattern: str, reference: Reference) -> bool:
    """Whether ``pattern`` fits the short name, with or without its tag or digest.

    ``*`` and ``?`` do not match a slash. Raises InvalidArgument for a malformed pattern.
    """
    compiled = _compile(pattern)
    return any(compiled.fullmatch(text) for text in (reference.familiar(), reference.familiar_name))


@functools.lru_cache(maxsize=64)
def _compile(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[":
            part, position = _set(pattern, position)
            parts.append(part)
        elif char == "\\":
            if position == len(pattern):
                raise _invalid(pattern)
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append(re.escape(char))
    return re.compile("".join(parts), re.DOTALL)


def _set(pattern: str, start: int) -> tuple[str, int]:
    """The character class that begins after the bracket at ``start - 1``, and where it ends."""
    position = start
    negated = pattern[position : position + 1] == "^"
    position += negated
    ranges: list[str] = []
    while pattern[position : position + 1] != "]" or not ranges:
        low, position = _member(pattern, position)
        high = low
        if pattern[position : position + 1] == "-":
            high, position = _member(pattern, position + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            # An empty range matches nothing, and yet is a member.
            ranges.append("")
    body = "".join(ranges)
    if not body:
        return ("." if negated else "(?!)"), position + 1
    return f"[{'^' if negated else ''}{body}]", position + 1


def _member(pattern: str, position: int) -> tuple[str, int]:
    char = pattern[position : position + 1]
    if char in ("", "-", "]"):
        raise _invalid(pattern)
    if char == "\\":
        char = pattern[position + 1 : position + 2]
        if not char:
            raise _invalid(pattern)
        return char, position + 2
    return char, position + 1


def _invalid(pattern: str) -> InvalidArgument:
    return InvalidArgument(f"syntax error in pattern {pattern!r}", kind="filter", ref=pattern)
