"""Linux's signals by name and number; a table, so that it is right on any client."""

from __future__ import annotations

from sampan.errors import InvalidArgument

_NAMES = [
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "STKFLT",
    "CHLD",
    "CONT",
    "STOP",
    "TSTP",
    "TTIN",
    "TTOU",
    "URG",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "WINCH",
    "IO",
    "PWR",
    "SYS",
]
NUMBERS: dict[str, int] = {name: number for number, name in enumerate(_NAMES, start=1)}
_ALIASES = {"IOT": 6, "POLL": 29, "CLD": 17, "UNUSED": 31}
RTMIN, RTMAX = 34, 64


def parse_signal(text: str) -> int:
    """The number of a signal given as ``9``, ``KILL``, ``SIGKILL`` or ``RTMIN+3``.

    Raises InvalidArgument, naming it, for anything else.
    """
    name = text.strip().upper().removeprefix("SIG")
    number = _number(name)
    if number is None:
        raise InvalidArgument(f"invalid signal: {text}", kind="signal", ref=text)
    return number


def _number(name: str) -> int | None:
    if name.isascii() and name.isdigit():
        return int(name) if 0 < int(name) <= RTMAX else None
    if name in NUMBERS or name in _ALIASES:
        return NUMBERS.get(name) or _ALIASES[name]
    for base, start in (("RTMIN", RTMIN), ("RTMAX", RTMAX)):
        if name.startswith(base):
            rest = name.removeprefix(base)
            offset = int(rest) if rest[:1] in ("+", "-") and rest[1:].isdigit() else (0 if not rest else None)
            if offset is not None and RTMIN <= start + offset <= RTMAX:
                return start + offset
    return None
