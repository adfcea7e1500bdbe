"""Starting conmon, which starts the OCI runtime and then holds what it started.

One conmon per container, and one per exec. It outlives the daemon: it keeps the standard
streams and the terminal, writes the log with nanosecond times, and leaves the exit code in
a file. Its interface is described in conmon(8); messages on its pipes are JSON lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sampan.errors import InternalError, Interrupted
from sampan.linux.pidfd import wait_readable
from sampan.linux.process import Child, spawn
from sampan.runtime.paths import MonitorPaths

_START_TIMEOUT_S = 60.0


class _Report(msgspec.Struct):
    """What conmon says on its sync pipe: a pid, or a negative number and why."""

    data: int = 0
    message: str = ""
    pid: int | None = None
    exit_code: int | None = None


_report = msgspec.json.Decoder(_Report)


class RuntimeRefused(InternalError):
    """The OCI runtime did not create the container or exec; ``message`` is its own text."""


class _LogLine(msgspec.Struct):
    """One line of the runtime's own log."""

    level: str = ""
    msg: str = ""


_log_line = msgspec.json.Decoder(_LogLine)


@contextlib.contextmanager
def explained(paths: MonitorPaths) -> Iterator[None]:
    """A refusal inside the block gets the reason from the runtime's own log, if there is one.

    With a terminal, some versions of conmon pass on no more than that it failed.
    """
    try:
        yield
    except RuntimeRefused as error:
        reason = _last_error(paths.runtime_log)
        if reason:
            raise RuntimeRefused(reason) from error
        raise


def _last_error(log: Path) -> str:
    try:
        lines = log.read_bytes().splitlines()
    except FileNotFoundError:
        return ""
    for line in reversed(lines):
        with contextlib.suppress(msgspec.DecodeError):
            entry = _log_line.decode(line)
            if entry.level == "error" and entry.msg:
                return entry.msg
    return ""


def common_arguments(
    paths: MonitorPaths,
    *,
    conmon: str,
    runtime: str,
    runtime_root: str,
    unique_id: str,
    log: str,
    terminal: bool,
    stdin: bool,
    keep_stdin: bool,
) -> list[str]:
    """conmon's arguments that tasks and execs share.

    ``log`` is conmon's ``driver:path``. ``keep_stdin`` leaves the process's input open
    when the client that wrote to it goes away.
    """
    argv = [
        conmon,
        "--api-version=1",
        "--sync",
        f"--cid={paths.container_id}",
        f"--cuuid={unique_id}",
        f"--runtime={runtime}",
        f"--runtime-arg=--root={runtime_root}",
        f"--runtime-arg=--log={paths.runtime_log}",
        "--runtime-arg=--log-format=json",
        f"--bundle={paths.bundle}",
        f"--container-pidfile={paths.pid_file}",
        f"--exit-dir={paths.bundle}",
        f"--log-path={log}",
        "--log-level=error",
        "--full-attach",
        "--no-sync-log",
    ]
    if terminal:
        argv.append("--terminal")
    if stdin:
        argv.append("--stdin")
    if keep_stdin:
        argv.append("--leave-stdin-open")
    return argv


class Pipe:
    """A pipe to conmon, one end of which is passed on by number in the environment."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe2(os.O_CLOEXEC)

    def close_read(self) -> None:
        """Close our or the child's read end; idempotent."""
        if self.read_end >= 0:
            os.close(self.read_end)
            self.read_end = -1

    def close_write(self) -> None:
        """Close our or the child's write end; idempotent."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Close both ends; idempotent."""
        self.close_read()
        self.close_write()


async def create_task(argv: Sequence[str], monitor_file: Path) -> tuple[Child, int]:
    """Run conmon so that it creates a container; return conmon and the init process's pid.

    conmon's own pid goes to ``monitor_file`` first, for a daemon that comes after this one.

    The container is created and not started. Raises RuntimeRefused with the runtime's text.
    """
    sync = Pipe()
    with contextlib.ExitStack() as stack:
        stack.callback(sync.close)
        child = spawn(
            argv,
            # It notes the want of memory in a file where it stands.
            cwd=monitor_file.parent,
            env={"_OCI_SYNCPIPE": str(sync.write_end)},
            pass_fds=[sync.write_end],
            new_session=True,
        )
        sync.close_write()
        monitor_file.write_text(str(child.pid))
        return child, await _pid_or_refusal(child, sync.read_end)


class ExecStarter:
    """An exec in two steps: conmon listens for attachment, then the process starts.

    ``attachable`` returns when the attach socket exists, ``start`` lets the process go
    and returns its pid. ``close`` is owed in any case.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        self._sync, self._attach, self._start = Pipe(), Pipe(), Pipe()
        try:
            self.monitor = spawn(
                argv,
                env={
                    "_OCI_SYNCPIPE": str(self._sync.write_end),
                    "_OCI_ATTACHPIPE": str(self._attach.write_end),
                    "_OCI_STARTPIPE": str(self._start.read_end),
                },
                pass_fds=[self._sync.write_end, self._attach.write_end, self._start.read_end],
                new_session=True,
            )
        except BaseException:
            self.close()
            raise
        self._sync.close_write()
        self._attach.close_write()
        self._start.close_read()

    async def attachable(self) -> None:
        """Return when the attach socket is there. Raises RuntimeRefused if conmon failed."""
        os.write(self._start.write_end, b"\0")
        line = await _read_line(self._attach.read_end)
        if not line:
            raise RuntimeRefused(await self._last_words())
        report = _decode(line)
        if report.data < 0:
            raise RuntimeRefused(report.message)

    async def start(self) -> int:
        """Let the process start; its pid. Raises RuntimeRefused with the runtime's text."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._start.write_end, b"\0")
        self._start.close_write()
        return await _pid_or_refusal(self.monitor, self._sync.read_end)

    async def _last_words(self) -> str:
        line = await _read_line(self._sync.read_end)
        return _decode(line).message if line else "conmon ended before the exec could be attached"

    def close(self) -> None:
        """Close the pipes; idempotent. The monitor runs on."""
        for pipe in (self._sync, self._attach, self._start):
            pipe.close()


async def _pid_or_refusal(child: Child, fd: int) -> int:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            line = await _read_line(fd)
    except BaseException:
        child.kill()
        await child.wait()
        raise
    report = _decode(line) if line else _Report(data=-1, message="conmon ended without a word")
    pid = report.pid if report.pid is not None else report.data
    if pid <= 0:
        await child.wait()
        raise RuntimeRefused(report.message or f"the OCI runtime failed with code {pid}")
    return pid


async def _read_line(fd: int) -> bytes:
    """The first line of a pipe; shorter, perhaps empty, if its writer is gone.

    An exec that ends at once has its exit code reported behind its pid, in the same read;
    the code is taken from the exit file.
    """
    os.set_blocking(fd, False)
    line = b""
    while b"\n" not in line:
        try:
            part = os.read(fd, 65536)
        except BlockingIOError:
            await wait_readable(fd)
            continue
        if not part:
            break
        line += part
    return line.partition(b"\n")[0]


def _decode(line: bytes) -> _Report:
    try:
        return _report.decode(line)
    except msgspec.DecodeError as error:
        raise Interrupted(f"conmon sent what is no report: {line[:200]!r}", kind="program") from error
