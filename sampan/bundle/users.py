"""Users and groups: names of a container looked up in its own passwd and group files.

The files come from an image and are hostile: lines that make no sense are passed over,
and nothing in them is trusted beyond the numbers.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence

from sampan.errors import InvalidArgument

MAX_ID = 2**31 - 1
"""The largest id accepted; above it, kernels and tools disagree about signs."""

_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResolvedUser:
    """Who a process runs as; ``home`` is empty if the passwd file does not say."""

    uid: int
    gid: int
    additional_gids: tuple[int, ...] = ()
    home: str = ""


@dataclasses.dataclass(frozen=True)
class _User:
    name: str
    uid: int
    gid: int
    home: str


@dataclasses.dataclass(frozen=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def resolve_user(spec: str, passwd: str, group: str, group_add: Sequence[str] = ()) -> ResolvedUser:
    """The ids that ``user[:group]`` stands for, by name or number; empty is root.

    A number needs no entry; with one, its primary group and home are taken. Without an
    explicit group the additional groups are those that list the user. Always followed by
    the groups of ``group_add``.

    Raises:
        InvalidArgument: a name has no entry, or a number is out of range.
    """
    user_text, _, rest = spec.partition(":")
    group_text = rest.partition(":")[0]
    entry, uid = _find_user(user_text, passwd)
    gid = entry.gid if entry is not None else 0
    additional: list[int] = []
    if group_text:
        gid = _find_group(group_text, group)
    elif entry is not None:
        additional = [line.gid for line in _groups(group) if entry.name in line.members]
    extra = [_find_group(text, group, unknown="Unable") for text in group_add]
    # The primary group is repeated among the additional ones: a process must not be able
    # to get rid of a group that denies it something (CVE-2022-36109).
    gids = dict.fromkeys((gid, *additional, *extra))
    return ResolvedUser(
        uid=uid,
        gid=gid,
        additional_gids=tuple(gids),
        home=entry.home if entry is not None else "",
    )


def _find_user(text: str, passwd: str) -> tuple[_User | None, int]:
    number = _number(text) if text else 0
    for entry in _users(passwd):
        if (text and entry.name == text) or (number is not None and entry.uid == number):
            return entry, entry.uid
    if number is None:
        message = f"unable to find user {text}: no matching entries in passwd file"
        raise InvalidArgument(message, kind="user", ref=text)
    return None, number


def _find_group(text: str, group: str, *, unknown: str = "unable") -> int:
    number = _number(text)
    if number is not None:
        # A group may be named by digits; the number wins only where no such name exists.
        return next((line.gid for line in _groups(group) if line.name == text), number)
    for line in _groups(group):
        if line.name == text:
            return line.gid
    message = f"{unknown} to find group {text}: no matching entries in group file"
    raise InvalidArgument(message, kind="group", ref=text)


def _number(text: str) -> int | None:
    """``text`` as an id, None if it is a name."""
    unsigned = text.removeprefix("-")
    if not (unsigned.isascii() and unsigned.isdigit()):
        return None
    if text.startswith("-") or len(unsigned) > 10 or int(unsigned) > MAX_ID:
        message = f"uids and gids must be in range 0-{MAX_ID}"
        raise InvalidArgument(message, kind="user", ref=text)
    return int(unsigned)


def _users(passwd: str) -> Iterator[_User]:
    for fields in _lines(passwd):
        if len(fields) >= 4 and (ids := _ids(fields[2], fields[3])):
            yield _User(fields[0], ids[0], ids[1], fields[5] if len(fields) > 5 else "")


def _groups(group: str) -> Iterator[_Group]:
    for fields in _lines(group):
        if len(fields) >= 3 and (ids := _ids(fields[2])):
            members = fields[3].split(",") if len(fields) > 3 else []
            yield _Group(fields[0], ids[0], tuple(members))


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield stripped.split(":")


def _ids(*texts: str) -> tuple[int, ...]:
    """The numbers, or nothing if one is none or out of range."""
    numbers = tuple(int(text) for text in texts if _NUMBER.fullmatch(text))
    if len(numbers) != len(texts) or any(number > MAX_ID for number in numbers):
        return ()
    return numbers
