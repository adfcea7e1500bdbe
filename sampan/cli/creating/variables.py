"""Environment variables and labels, from flags and from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sampan.cli.files import read_lines
from sampan.errors import InvalidArgument


def environment(files: Sequence[str], texts: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The variables of ``--env-file`` and ``--env``, in order; of one name in ``texts`` the last counts.

    A name alone takes its value from ``env``. One that ``env`` does not have is left out of a
    file; given as a flag it is sent without a value, which unsets the image's variable.
    Raises InvalidArgument for a file that cannot be read or a name with white space in it.
    """
    found = [variable for path in files for variable in _of_file(path, env)]
    chosen: dict[str, str] = {}
    for text in texts:
        name, has_value, _ = text.partition("=")
        chosen[name] = text if has_value or name not in env else f"{name}={env[name]}"
    return [*found, *chosen.values()]


def _of_file(path: str, env: Mapping[str, str]) -> list[str]:
    found = []
    for _, line in read_lines(path):
        name, has_value, value = line.partition("=")
        if not name:
            raise _bad(path, f"no variable name on line '{line}'")
        if any(letter.isspace() for letter in name):
            raise _bad(path, f"variable '{name}' contains whitespaces")
        if has_value:
            found.append(f"{name}={value}")
        elif name in env:
            found.append(f"{name}={env[name]}")
    return found


def labels(files: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """The labels of ``--label-file`` and ``--label``; the last of one name counts. Raises InvalidArgument."""
    lines = [line for path in files for _, line in read_lines(path) if "=" in line]
    return pairs([*lines, *texts])


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """``key=value`` texts as a map; a key alone has an empty value."""
    return dict(text.partition("=")[::2] for text in texts)


def _bad(path: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f"invalid env file ({path}): {reason}", kind="file", ref=path)
