"""What ``run``, ``start``, ``attach`` and ``exec`` share."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from sampan.cli.commands.simple import path_of
from sampan.cli.terminal import forwarding_signals, is_terminal, on_resize
from sampan.client.api import Client, Hijacked
from sampan.errors import InvalidArgument, SampanError


def attach(
    client: Client, container: str, *, stdin: bool, stdout: bool, stderr: bool, detach_keys: str = ""
) -> Hijacked:
    """Take a connection to a container's streams."""
    wanted = (("stdin", stdin), ("stdout", stdout), ("stderr", stderr))
    values = [("stream", "1"), *((name, "1") for name, use in wanted if use)]
    values += [("detachKeys", detach_keys)] if detach_keys else []
    return client.hijack(path_of(container, "/attach"), values)


def require_terminal(*, stdin: bool, tty: bool) -> None:
    """Raise InvalidArgument if a terminal's input is to come from what is no terminal."""
    if stdin and tty and not is_terminal(sys.stdin.fileno()):
        raise InvalidArgument("the input device is not a TTY", kind="flag", ref="tty")


def proxying_signals(client: Client, container: str) -> AbstractContextManager[None]:
    """Signals that we get go to the container's process, inside the block."""

    def send(name: str) -> None:
        try:
            client.post(path_of(container, "/kill"), [("signal", name)])
        except SampanError:
            # It has ended meanwhile: there is nobody to receive the signal.
            return

    return forwarding_signals(send)


def resizing(client: Client, path: str) -> AbstractContextManager[None]:
    """The far terminal has our terminal's size, inside the block."""

    return on_resize(lambda height, width: resize(client, path, height, width))


def resize(client: Client, path: str, height: int, width: int) -> None:
    """Give the far terminal a size, in characters, if it is there."""
    try:
        client.post(path, [("h", str(height)), ("w", str(width))])
    except SampanError:
        # It has ended meanwhile, or not begun: no terminal, no size.
        return
