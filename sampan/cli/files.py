"""Files that a command line names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from sampan.errors import InvalidArgument


def file_error(error: OSError, path: str, verb: str = "open") -> InvalidArgument:
    """The failure to open a file, in the words of the field."""
    reason = error.strerror or str(error)
    return InvalidArgument(f"{verb} {path}: {reason[:1].lower()}{reason[1:]}", kind="file", ref=path)


def open_binary(path: str) -> BinaryIO:
    """A file to read bytes from. Raises InvalidArgument if it cannot be opened."""
    try:
        return open(path, "rb")
    except OSError as error:
        raise file_error(error, path) from error


def read_lines(path: str) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers; comments, empty lines and leading space are left out.

    Raises InvalidArgument if it cannot be read, or is not UTF-8.
    """
    with open_binary(path) as file:
        try:
            content = file.read()
        except OSError as error:
            raise file_error(error, path, "read") from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            line = raw.removesuffix(b"\r").decode().lstrip()
        except UnicodeDecodeError as error:
            raise InvalidArgument(
                f"{path} contains invalid utf8 bytes at line {number}", kind="file", ref=path
            ) from error
        if line and not line.startswith("#"):
            yield number, line
