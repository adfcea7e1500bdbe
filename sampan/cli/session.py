"""Carrying an attached session between the connection and our own standard streams."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import suppress

from sampan.client.api import Hijacked
from sampan.wire.detach import DetachScanner, parse_detach_keys
from sampan.wire.stdcopy import Decoder, Stream

_READ = 1 << 16


class Session:
    """Copies both ways until the output ends, or the detach keys are typed.

    Input is copied by a thread of its own: on POSIX it is woken and joined at the end; elsewhere
    it is left behind, for it may be waiting for a key that will never come.
    """

    def __init__(self, connection: Hijacked, *, stdin: bool, tty: bool, detach_keys: str = "") -> None:
        self._connection = connection
        self._tty = tty
        # Only a terminal has keys; other input may hold any bytes.
        self._scanner = DetachScanner(parse_detach_keys(detach_keys)) if tty else None
        self._feeder = threading.Thread(target=self._feed, daemon=True) if stdin else None
        self._stop_read, self._stop_write = os.pipe()
        self.detached = False

    def serve(self) -> None:
        """Copy until the end; close the connection. Raises BrokenPipeError if nobody reads our output."""
        if self._feeder is not None:
            self._feeder.start()
        try:
            self._show()
        finally:
            os.close(self._stop_write)
            if self._feeder is not None and os.name == "posix":
                self._feeder.join()
                os.close(self._stop_read)
            self._connection.close()

    def _feed(self) -> None:
        source = sys.stdin.fileno()
        while True:
            if os.name == "posix":
                ready, _, _ = select.select([source, self._stop_read], [], [])
                if self._stop_read in ready:
                    return
            data = _read(source)
            if not data:
                self._connection.end_input()
                return
            detached = False
            if self._scanner is not None:
                data, detached = self._scanner.feed(data)
            with suppress(OSError):
                # The session may be over; what ended it is told by the output's side.
                self._connection.socket.sendall(data)
            if detached:
                self.detached = True
                self._connection.abandon()
                return

    def _show(self) -> None:
        decoder = Decoder()
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
        data = self._connection.received or self._connection.receive(_READ)
        while data:
            if self._tty:
                _write(out, data)
            else:
                for stream, part in decoder.feed(data):
                    _write(err if stream is Stream.STDERR else out, part)
            data = self._connection.receive(_READ)


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _READ)
    except OSError:
        # A terminal that was hung up (EIO) has no more input.
        return b""


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
