"""Reading a log file that conmon writes: whole, its end, or as it grows."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from sampan.linux.inotify import FileWatch
from sampan.logdrivers.entry import Entry, docker_time, parse_entry
from sampan.wire.stdcopy import Stream

_BLOCK = 65536


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Which entries to read: streams, times in nanoseconds since 1970, the last ``tail`` lines."""

    stdout: bool = True
    stderr: bool = True
    since_ns: int = 0
    until_ns: int = 0
    tail: int | None = None
    timestamps: bool = False
    follow: bool = False


async def read_log(path: Path, query: LogQuery, ended: asyncio.Event) -> AsyncIterator[tuple[Stream, bytes]]:
    """The entries that ``query`` selects, as frames.

    With ``follow``, goes on until ``ended`` is set and everything written before is read,
    or until the first entry after ``until_ns``. A file that does not exist is an empty log.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    selection = _Selection(query)
    with file:
        if query.tail is not None:
            file.seek(_tail_offset(file, query))
        reader = _Lines(file)
        for frame in _selected(reader, selection):
            yield frame
            await asyncio.sleep(0)
        if query.follow and not selection.done:
            async for frame in _follow(path, reader, selection, ended):
                yield frame


async def _follow(
    path: Path, reader: _Lines, selection: _Selection, ended: asyncio.Event
) -> AsyncIterator[tuple[Stream, bytes]]:
    watch = FileWatch(path)
    try:
        while not selection.done:
            # Asked before reading: what was written before the end is then certainly read.
            last = ended.is_set()
            for frame in _selected(reader, selection):
                yield frame
            if last or selection.done:
                return
            await _first(watch, ended)
    finally:
        watch.close()


async def _first(watch: FileWatch, ended: asyncio.Event) -> None:
    """Return when the file changed or the container ended."""
    waits = {asyncio.ensure_future(watch.changed()), asyncio.ensure_future(ended.wait())}  # noqa: TID251
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


class _Lines:
    """Complete lines of a growing file; an unfinished one is kept until it is complete."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(_BLOCK):
            lines = (self._rest + block).split(b"\n")
            self._rest = lines.pop()
            yield from lines


class _Selection:
    """Which entries go out, and in which form."""

    def __init__(self, query: LogQuery) -> None:
        self._query = query
        self._streams = {Stream.STDOUT} if query.stdout else set()
        self._streams |= {Stream.STDERR} if query.stderr else set()
        self._open_lines: set[Stream] = set()
        self.done = False

    def frame(self, entry: Entry) -> tuple[Stream, bytes] | None:
        """The frame for an entry, or None if it is not asked for."""
        query = self._query
        if query.since_ns or query.until_ns:
            at_ns = entry.at_ns
            if query.until_ns and at_ns > query.until_ns:
                self.done = True
                return None
            if at_ns < query.since_ns:
                return None
        if entry.stream not in self._streams:
            return None
        begins = entry.stream not in self._open_lines
        if entry.data.endswith(b"\n"):
            self._open_lines.discard(entry.stream)
        else:
            self._open_lines.add(entry.stream)
        if query.timestamps and begins:
            return entry.stream, docker_time(entry.at) + b" " + entry.data
        return entry.stream, entry.data


def _selected(lines: _Lines, selection: _Selection) -> Iterator[tuple[Stream, bytes]]:
    """Selected frames; entries of one stream are joined so that fewer, larger ones go out."""
    stream: Stream | None = None
    parts: list[bytes] = []
    size = 0
    for line in lines:
        entry = parse_entry(line)
        frame = selection.frame(entry) if entry is not None else None
        if selection.done:
            break
        if frame is None:
            continue
        if stream is not None and (frame[0] is not stream or size > _BLOCK):
            yield stream, b"".join(parts)
            parts, size = [], 0
        stream = frame[0]
        parts.append(frame[1])
        size += len(frame[1])
    if stream is not None and parts:
        yield stream, b"".join(parts)


def _tail_offset(file: BinaryIO, query: LogQuery) -> int:
    """Where the last ``query.tail`` complete or open lines of the asked streams begin."""
    wanted = query.tail or 0
    if wanted == 0:
        return file.seek(0, os.SEEK_END)
    streams = ((b"stdout", query.stdout), (b"stderr", query.stderr))
    asked = {name for name, use in streams if use}
    # Read backwards; a line of output begins after an F entry (or the start) of its stream.
    ends: dict[bytes, int] = {}
    begin = file.seek(0, os.SEEK_END)
    found = 0
    for offset, line in _backwards(file):
        parts = line.split(b" ", 3)
        if len(parts) < 3 or parts[1] not in asked:
            continue
        stream = parts[1]
        starts_new = parts[2] == b"F" or stream not in ends
        if starts_new:
            found += 1
            if found > wanted:
                return begin
        ends[stream] = offset
        begin = offset
    return 0 if found <= wanted else begin


def _backwards(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Complete lines with their offsets, last first."""
    position = file.seek(0, os.SEEK_END)
    rest = b""
    first = True
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size) + rest
        lines = block.split(b"\n")
        rest = lines[0]
        offset = position + len(block)
        for line in reversed(lines[1:]):
            offset -= len(line)
            if not (first and not line):
                yield offset, line
            first = False
            offset -= 1
    if rest:
        yield 0, rest
