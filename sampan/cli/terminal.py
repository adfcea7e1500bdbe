"""The terminal: raw mode, size, and where it does not exist.

The only module that touches what POSIX alone has; elsewhere there is simply no terminal to
make raw, and sizes are those of the environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator


def is_terminal(fd: int) -> bool:
    """Whether ``fd`` is a terminal."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def size() -> tuple[int, int]:
    """Height and width of the terminal, in characters."""
    columns, lines = shutil.get_terminal_size()
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
    """Pass the signals that would end us on to ``send`` by name instead."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    numbers = {getattr(signal, name): name for name in names if hasattr(signal, name)}

    def received(number: int, _: object) -> None:
        send(numbers[signal.Signals(number)])

    before = {number: signal.signal(number, received) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
