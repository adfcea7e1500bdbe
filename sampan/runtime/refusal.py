"""The OCI runtime's refusals, in the words that Docker's clients understand.

A runtime reports only text. The docker CLI turns three phrases of it into exit codes 126
and 127, so this module, and no other, reads that text.
"""

from __future__ import annotations

from sampan.errors import InvalidArgument

_PREFIX = "failed to create task for container: OCI runtime create failed: unable to start container process"
_EXEC_PREFIX = "OCI runtime exec failed: exec failed: unable to start container process"


class StartRefused(InvalidArgument):
    """The container's command cannot be executed; ``exit_code`` is what a shell would give."""

    def __init__(self, message: str, *, exit_code: int, ref: str) -> None:
        super().__init__(message, kind="container", ref=ref)
        self.exit_code = exit_code


def translate(message: str, *, argv0: str, ref: str, is_exec: bool = False) -> StartRefused:
    """The error for a runtime's message about a container or exec that should run ``argv0``."""
    text = message.strip()
    prefix = _EXEC_PREFIX if is_exec else _PREFIX
    low = text.lower()
    if "operation not permitted" in low and ("executable" in low or "not a regular file" in low):
        return StartRefused(
            f'{prefix}: exec: "{argv0}": is a directory: permission denied', exit_code=126, ref=ref
        )
    if "executable" in low and ("permission denied" in low or "not executable" in low):
        return StartRefused(f'{prefix}: exec: "{argv0}": permission denied', exit_code=126, ref=ref)
    if "executable" in low and ("not found" in low or "no such file" in low):
        what = (
            f"stat {argv0}: no such file or directory"
            if "/" in argv0
            else "executable file not found in $PATH"
        )
        return StartRefused(f'{prefix}: exec: "{argv0}": {what}', exit_code=127, ref=ref)
    return StartRefused(f"{prefix}: {text}", exit_code=128, ref=ref)
