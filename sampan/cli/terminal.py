"""The terminal: raw mode, size, and where it does not exist.

The only module that touches what POSIX alone has; elsewhere there is simply no terminal to
make raw, and sizes are those of the environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator

# Those that only tell us about ourselves: our children, our pipes, our window, our own faults, and
# that we read from, or write to, a terminal whose foreground we are not.
_OURS = frozenset(
    {"SIGCHLD", "SIGCLD", "SIGPIPE", "SIGURG", "SIGWINCH", "SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE",
     "SIGILL", "SIGTRAP", "SIGABRT", "SIGIOT", "SIGSYS", "SIGPROF", "SIGVTALRM", "SIGTTIN", "SIGTTOU"}
)  # fmt: skip


def is_terminal(fd: int) -> bool:
    """Whether ``fd`` is a terminal."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def size() -> tuple[int, int]:
    """Height and width of the terminal, in characters; 0, 0 where there is none."""
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return 0, 0
    return lines, columns


@contextlib.contextmanager
def raw(fd: int) -> Iterator[None]:
    """Every key goes through as it is, inside the block; the old mode comes back in any case."""
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    if not is_terminal(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextlib.contextmanager
def on_resize(act: Callable[[int, int], None]) -> Iterator[None]:
    """Call ``act`` with height and width now and whenever the terminal changes its size."""
    number = getattr(signal, "SIGWINCH", None)
    if number is None or not is_terminal(sys.stdout.fileno()):
        yield
        return

    def changed(*_: object) -> None:
        act(*size())

    before = signal.signal(number, changed)
    try:
        changed()
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def forwarding_signals(send: Callable[[str], None]) -> Iterator[None]:
    """Pass the signals that would end or stop us on to ``send`` by name instead."""
    # Elsewhere there are members of another kind, such as CTRL_C_EVENT.
    chosen = [found for found in signal.Signals if found.name.startswith("SIG") and found.name not in _OURS]

    def received(number: int, _: object) -> None:
        send(signal.Signals(number).name)

    before = {number: signal.signal(number, received) for number in chosen}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None: the handler was set by other than Python, and cannot be given back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
