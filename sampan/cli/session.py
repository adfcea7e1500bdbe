"""Carrying an attached session between the connection and our own standard streams."""

from __future__ import annotations

import os
import select
import sys
import threading

from sampan.client.api import Hijacked
from sampan.wire.stdcopy import Decoder, Stream

_READ = 1 << 16


def serve(connection: Hijacked, *, stdin: bool, tty: bool) -> None:
    """Copy both ways until the output ends.

    Input is copied by a thread of its own, which is left behind when the output has ended:
    it may be waiting for a key that will never come.
    """
    stop_read, stop_write = os.pipe()
    feeder = threading.Thread(target=_feed, args=(connection, stop_read), daemon=True) if stdin else None
    if feeder is not None:
        feeder.start()
    try:
        _show(connection, tty=tty)
    finally:
        os.close(stop_write)
        if feeder is not None and os.name == "posix":
            feeder.join()
        os.close(stop_read)
        connection.close()


def _feed(connection: Hijacked, stop: int) -> None:
    source = sys.stdin.fileno()
    while True:
        if os.name == "posix":
            ready, _, _ = select.select([source, stop], [], [])
            if stop in ready:
                return
        data = os.read(source, _READ)
        if not data:
            connection.end_input()
            return
        try:
            connection.socket.sendall(data)
        except OSError:
            # The session is over; what ended it is told by the output's side.
            return


def _show(connection: Hijacked, *, tty: bool) -> None:
    decoder = Decoder()
    data = connection.received or connection.socket.recv(_READ)
    while data:
        if tty:
            _write(sys.stdout.fileno(), data)
        else:
            for stream, part in decoder.feed(data):
                _write(sys.stderr.fileno() if stream is Stream.STDERR else sys.stdout.fileno(), part)
        try:
            data = connection.socket.recv(_READ)
        except ConnectionResetError:
            return


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
