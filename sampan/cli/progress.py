"""Progress messages on the terminal, or one line an event where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from sampan.errors import InternalError
from sampan.wire.jsonmessage import Decoder, JSONMessage


def show_messages(parts: Iterable[bytes], *, quiet: bool = False) -> int:
    """Print a stream of messages. Raises InternalError with the message that reports a failure."""
    decoder = Decoder()
    for data in parts:
        for message in decoder.feed(data):
            _show(message, quiet=quiet)
    for message in decoder.finish():
        _show(message, quiet=quiet)
    return 0


def _show(message: JSONMessage, *, quiet: bool) -> None:
    if message.error:
        detail = message.error_detail
        raise InternalError(detail.message if detail is not None and detail.message else message.error)
    if message.stream:
        sys.stdout.write(message.stream)
    elif message.status and not (quiet and message.progress_detail is not None):
        prefix = f"{message.id}: " if message.id else ""
        sys.stdout.write(f"{prefix}{message.status}\n")
    sys.stdout.flush()
