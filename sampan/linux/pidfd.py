"""Processes that are not our children: who they are, and when they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

import msgspec


class ProcessRef(msgspec.Struct, frozen=True):
    """A process named so that a recycled pid is not mistaken for it.

    ``start_time`` is field 22 of ``/proc/<pid>/stat``: clock ticks since boot.
    """

    pid: int
    start_time: int


class TaskProcesses(msgspec.Struct, frozen=True, kw_only=True):
    """A task's first process, and the monitor that holds its streams and outlives the daemon."""

    init: ProcessRef
    monitor: ProcessRef


def start_time(pid: int) -> int | None:
    """When process ``pid`` started, in clock ticks since boot; None if there is none or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            text = stat.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in parentheses and may contain anything, so count from the last one.
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def identify(pid: int) -> ProcessRef | None:
    """The reference of a living process, or None."""
    started = start_time(pid)
    return None if started is None else ProcessRef(pid, started)


def open_process(ref: ProcessRef) -> int | None:
    """A pidfd of exactly that process, or None if it has ended. The caller closes it."""
    try:
        fd = os.pidfd_open(ref.pid)
    except ProcessLookupError:
        return None
    # Checked after opening: from here on the pid cannot pass to another process unnoticed.
    if start_time(ref.pid) != ref.start_time:
        os.close(fd)
        return None
    return fd


def is_alive(ref: ProcessRef) -> bool:
    """Whether that very process still runs."""
    return start_time(ref.pid) == ref.start_time


async def wait_exit(ref: ProcessRef) -> None:
    """Return when the process has ended; at once if it already has."""
    fd = open_process(ref)
    if fd is None:
        return
    try:
        await wait_readable(fd)
    finally:
        os.close(fd)


async def wait_readable(fd: int) -> None:
    """Return when ``fd`` is readable; a pidfd becomes so when its process ends."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        loop.remove_reader(fd)
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, wake)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


def send_signal(ref: ProcessRef, number: int) -> bool:
    """Send a signal to exactly that process; False if it has ended."""
    fd = open_process(ref)
    if fd is None:
        return False
    try:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(fd, number)
            return True
        return False
    finally:
        os.close(fd)
