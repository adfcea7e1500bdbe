"""A program on a pseudo-terminal, as a person at a keyboard has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence


class PtyProcess:
    """Runs ``argv`` with a terminal of its own; what it prints is kept. Use as a context manager."""

    def __init__(
        self, argv: Sequence[str], environment: Mapping[str, str], *, rows: int = 24, columns: int = 80
    ) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(rows, columns, tell=False)
        self._process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(theirs)
        self.output = b""

    def __enter__(self) -> PtyProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    def resize(self, rows: int, columns: int, *, tell: bool = True) -> None:
        """Change the terminal's size, and tell the program unless it has not started yet."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self._process.send_signal(signal.SIGWINCH)

    def type(self, data: bytes) -> None:
        """Press these keys."""
        os.write(self._ours, data)

    def expect(self, text: bytes, *, timeout_s: float = 10.0) -> bytes:
        """Read until ``text`` has been printed; what came up to it. Raises AssertionError if it does not come."""
        if not self.wait_for(text, timeout_s=timeout_s):
            raise AssertionError(f"{text!r} was not printed, but {self.output!r}")
        before, _, self.output = self.output.partition(text)
        return before + text

    def wait_for(self, text: bytes, *, timeout_s: float) -> bool:
        """Read until ``text`` has been printed; whether it was in time."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            if not self._more(deadline):
                return False
        return True

    def end(self, *, timeout_s: float = 10.0) -> tuple[int, bytes]:
        """Read to the end; the exit code and what was printed since the last ``expect``."""
        deadline = time.monotonic() + timeout_s
        while self._more(deadline):
            pass
        return self._process.wait(max(0.1, deadline - time.monotonic())), self.output

    def _more(self, deadline: float) -> bool:
        readable, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        if not readable:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False  # EIO: nobody has the other side open any more
        self.output += data
        return bool(data)
