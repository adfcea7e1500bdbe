"""Structured logging: a constant message, and fields beside it.

``get_logger(__name__).info("container started", container=cid, pid=pid)`` prints one
logfmt line. Messages are constant so that they can be searched and counted; what varies
goes into fields. Fields bound with ``bound`` are added to every line logged inside it.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime
import logging
import sys
from collections.abc import Iterator
from typing import TextIO

_bound: contextvars.ContextVar[tuple[tuple[str, object], ...]] = contextvars.ContextVar(
    "sampan_log_fields", default=()
)

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_NAMES = {number: name for name, number in LEVELS.items()}


class Logger:
    """A named source of log lines."""

    __slots__ = ("_target",)

    def __init__(self, name: str) -> None:
        self._target = logging.getLogger(name)

    def debug(self, message: str, **fields: object) -> None:
        """Log what only a developer of Sampan wants to see."""
        self._emit(logging.DEBUG, message, fields)

    def info(self, message: str, **fields: object) -> None:
        """Log a normal event of the daemon's life."""
        self._emit(logging.INFO, message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Log something an administrator should know although work goes on."""
        self._emit(logging.WARNING, message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Log a failure that ended here."""
        self._emit(logging.ERROR, message, fields)

    def exception(self, message: str, **fields: object) -> None:
        """Log a failure that ended here, with the traceback of the active exception."""
        if self._target.isEnabledFor(logging.ERROR):
            self._target.error(message, extra={"fields": _merge(fields)}, exc_info=True)

    def _emit(self, level: int, message: str, fields: dict[str, object]) -> None:
        if self._target.isEnabledFor(level):
            self._target.log(level, message, extra={"fields": _merge(fields)})


def get_logger(name: str) -> Logger:
    """The logger of a module; pass ``__name__``."""
    return Logger(name)


@contextlib.contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add ``fields`` to every line logged by this task until the block ends."""
    token = _bound.set((*_bound.get(), *fields.items()))
    try:
        yield
    finally:
        _bound.reset(token)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send log lines of at least ``level`` (a key of ``LEVELS``) to ``stream``, stderr by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Logfmt())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _merge(fields: dict[str, object]) -> dict[str, object]:
    return {**dict(_bound.get()), **fields}


class _Logfmt(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        parts = [
            f"time={when:%Y-%m-%dT%H:%M:%S.%f}Z",
            f"level={_NAMES.get(record.levelno, record.levelname.lower())}",
            f"msg={_quote(record.getMessage())}",
        ]
        fields: dict[str, object] = getattr(record, "fields", {})
        parts += [f"{key}={_quote(value)}" for key, value in fields.items()]
        line = " ".join(parts)
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def _quote(value: object) -> str:
    text = str(value)
    if text and not any(char in text for char in ' "=\n\t\r\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
