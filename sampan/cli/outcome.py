"""How a command ends: its exit code, and what is said about a failure."""

from __future__ import annotations

from sampan.errors import SampanError

FAILED = 1
BAD_USAGE = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
INTERRUPTED = 130
# What attach and exec say, as docker does, when the detach keys end them.
DETACHED = "read escape sequence"


class Failed(SampanError):
    """A command's failure with an exit code of its own; ``message`` is printed as it is, if there is one."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message, kind="command")
        self.exit_code = exit_code


def described(error: SampanError) -> str:
    """An error as a person reads it: what the daemon said is marked as such."""
    return f"Error response from daemon: {error.message}" if error.kind == "daemon" else error.message


def refused(error: SampanError, words: str) -> Failed:
    """A command line that makes no sense, or a container that could not be run: exit code 125."""
    return Failed(
        f"sampan: {described(error)}\n\nRun 'sampan {words} --help' for more information", BAD_USAGE
    )
