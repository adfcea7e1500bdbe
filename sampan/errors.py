"""Every error Sampan raises on purpose.

    SampanError
    ├── InvalidArgument      a value from outside is malformed or contradictory
    │   └── TooLarge         it is well formed but over a limit
    ├── Unauthorized         who asks is not known
    ├── Forbidden            who asks is known and may not
    ├── NotFound             the thing named does not exist
    ├── Conflict             the thing's present state forbids the operation
    ├── NotModified          the thing is already as asked
    ├── NotImplementedHere   the operation is known, this build does not offer it
    ├── Unavailable          something the operation needs is missing or down
    ├── Interrupted          the peer went away or the operation was cancelled
    └── InternalError        a fault of the engine or of a program it drives
        └── CommandFailed    a subprocess ended with a failure

The subject is carried in ``kind`` and ``ref``; nothing outside may match on the
text. HTTP statuses and exit codes are assigned in ``sampan.wire.errors`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence


class SampanError(Exception):
    """An expected failure: ``message`` is for people, ``kind`` and ``ref`` for programs.

    ``kind`` is the noun ("container", "image", "network", ...) and ``ref`` the
    name as it was given; either may be empty.
    """

    def __init__(self, message: str, *, kind: str = "", ref: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.ref = ref

    def __str__(self) -> str:
        return self.message


class InvalidArgument(SampanError):
    """A value from outside is malformed, out of range or contradictory."""


class TooLarge(InvalidArgument):
    """A value is well formed but exceeds a limit."""


class Unauthorized(SampanError):
    """The caller has not shown who it is."""


class Forbidden(SampanError):
    """The caller may not do this."""


class NotFound(SampanError):
    """The named thing does not exist."""


class Conflict(SampanError):
    """The present state of the named thing forbids the operation."""


class NotModified(SampanError):
    """The named thing is already in the state asked for."""


class NotImplementedHere(SampanError):
    """The operation exists in the API, and this build does not offer it."""


class Unavailable(SampanError):
    """A program, kernel feature or peer that the operation needs is not there."""


class Interrupted(SampanError):
    """The peer closed the connection, or the operation was cancelled."""


class InternalError(SampanError):
    """The engine, or a program it drives, failed in a way the caller cannot mend."""


class CommandFailed(InternalError):
    """A subprocess failed: ``argv``, ``exit_code`` and its ``stderr`` tell how."""

    def __init__(self, argv: Sequence[str], exit_code: int, stderr: str) -> None:
        tail = stderr.strip() or "no output on stderr"
        super().__init__(f"{argv[0]} ended with exit code {exit_code}: {tail}")
        self.argv = tuple(argv)
        self.exit_code = exit_code
        self.stderr = stderr
