"""Telling whoever started the daemon that it answers."""

from __future__ import annotations

import contextlib
import os
import socket


def announce_ready() -> None:
    """One byte on the pipe ``SAMPAN_READY_FD`` names, and ``READY=1`` to systemd, if they are there."""
    fd = os.environ.pop("SAMPAN_READY_FD", "")
    if fd.isdigit():
        with contextlib.suppress(OSError):
            os.write(int(fd), b"1")
            os.close(int(fd))
    address = os.environ.pop("NOTIFY_SOCKET", "")
    if address:
        # sd_notify(3): a leading @ stands for the abstract namespace.
        target = "\0" + address[1:] if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.sendto(b"READY=1", target)
