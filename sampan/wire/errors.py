"""Errors to HTTP statuses and back, and to a client's exit codes: the only place that assigns them."""

from __future__ import annotations

from sampan.errors import (
    Conflict,
    Forbidden,
    InternalError,
    Interrupted,
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    NotModified,
    SampanError,
    TooLarge,
    Unauthorized,
    Unavailable,
)

# The first class that fits counts, so that subclasses stand before their bases.
_STATUSES: tuple[tuple[type[SampanError], int], ...] = (
    (TooLarge, 413),
    (InvalidArgument, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (NotModified, 304),
    (NotImplementedHere, 501),
    (Unavailable, 503),
    (Interrupted, 499),
    (InternalError, 500),
)
_CLASSES: dict[int, type[SampanError]] = {status: found for found, status in _STATUSES}


def status_of(error: SampanError) -> int:
    """The HTTP status of an error. Raises LookupError for a class that nobody assigned one."""
    for found, status in _STATUSES:
        if isinstance(error, found):
            return status
    raise LookupError(f"no HTTP status for {type(error).__name__}")


def error_from(status: int, message: str) -> SampanError:
    """The error that a server's answer stands for; an unknown status goes by its class."""
    known = _CLASSES.get(status)
    if known is None:
        known = InvalidArgument if 400 <= status < 500 else InternalError
    return known(message)
