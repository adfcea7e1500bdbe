"""Progress messages on the terminal, or one line an event where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from sampan.errors import InternalError
from sampan.wire.jsonmessage import Decoder, JSONMessage


def show_messages(parts: Iterable[bytes], *, out: TextIO | None = None, quiet: bool = False) -> None:
    """Print a stream of messages. Raises InternalError with the message that reports a failure.

    With ``quiet`` only failures and results (``stream``) are shown.
    """
    target = out or sys.stdout
    decoder = Decoder()
    board = _Board(target)
    for data in parts:
        for message in decoder.feed(data):
            _show(message, board, quiet=quiet)
        target.flush()
    for message in decoder.finish():
        _show(message, board, quiet=quiet)
    target.flush()


class _Board:
    """Lines of progress, each of which changes in place on a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._rows: dict[str, int] = {}

    def plain(self, text: str) -> None:
        """Text as it is; the lines above it stay as they are from now on."""
        self._rows.clear()
        self._out.write(text)

    def status(self, message: JSONMessage) -> None:
        """The state of the thing that the message names; intermediate states only on a terminal."""
        moving = message.progress_detail is not None and bool(message.progress)
        if not message.id:
            self.plain(f"{message.status}\n")
        elif self._live:
            self._place(message.id, f"{message.id}: {message.status} {message.progress}".rstrip())
        elif not moving:
            self._out.write(f"{message.id}: {message.status}\n")

    def _place(self, key: str, line: str) -> None:
        if key not in self._rows:
            self._rows[key] = len(self._rows)
            self._out.write(f"{line}\n")
            return
        up = len(self._rows) - self._rows[key]
        # Cursor up, clear the line (ECMA-48 CUU and EL), write, and down again.
        self._out.write(f"\x1b[{up}A\x1b[2K\r{line}\r\x1b[{up}B")


def _show(message: JSONMessage, board: _Board, *, quiet: bool) -> None:
    if message.error or message.error_detail is not None:
        detail = message.error_detail
        raise InternalError(
            detail.message if detail is not None and detail.message else message.error, kind="stream"
        )
    if message.stream:
        board.plain(message.stream)
    elif message.status and not quiet:
        board.status(message)
