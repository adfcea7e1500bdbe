"""The one door for subprocesses: argument lists, a scrubbed environment, no shell."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sampan.errors import CommandFailed, Unavailable
from sampan.linux.pidfd import wait_readable
from sampan.log import get_logger

log = get_logger(__name__)

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GRACE_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Completed:
    """How a subprocess ended; ``exit_code`` is negative for a signal, as subprocess has it."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes


class Child:
    """A running subprocess of ours. ``wait`` reaps it; whoever spawns must wait."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid
        self._pidfd = os.pidfd_open(popen.pid)

    async def wait(self) -> int:
        """Its exit code, when it ends (negative: the signal that ended it)."""
        if self._popen.returncode is None:
            await wait_readable(self._pidfd)
            self._popen.wait()
        self.close()
        return self._popen.returncode

    def kill(self) -> None:
        """End it at once; a later ``wait`` is still owed."""
        self._popen.kill()

    def terminate(self) -> None:
        """Ask it to end; a later ``wait`` is still owed."""
        self._popen.terminate()

    def close(self) -> None:
        """Give up the pidfd; idempotent."""
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a subprocess sees: a fixed PATH, a neutral locale, and ``extra``."""
    return {"PATH": _PATH, "LANG": "C.UTF-8", **(extra or {})}


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    new_session: bool = False,
) -> Child:
    """Start a program. Raises Unavailable, naming it, if it cannot be executed."""
    log.debug("spawn", command=shlex.join(argv))
    try:
        popen = subprocess.Popen(
            argv,
            env=environment(env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(pass_fds),
            start_new_session=new_session,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unavailable(f"cannot run {argv[0]}: {reason}", kind="program", ref=argv[0]) from error
    return Child(popen)


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    timeout_s: float | None = None,
    check: bool = True,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run a program to its end and return what it wrote.

    Output is collected in memory files, so that neither a thread nor a pipe's reader is
    needed. When cancelled or over ``timeout_s``, the program gets TERM, then KILL, and is
    reaped before the exception goes on.

    Raises:
        CommandFailed: it ended with another code than 0 and ``check`` is set.
        Unavailable: there is no such program.
        TimeoutError: it took longer than ``timeout_s`` seconds.
    """
    with contextlib.ExitStack() as stack:
        source = subprocess.DEVNULL
        if stdin:
            source = _memfd(stack, "stdin")
            os.write(source, stdin)
            os.lseek(source, 0, os.SEEK_SET)
        done = await collect(argv, stdin=source, env=env, cwd=cwd, timeout_s=timeout_s, pass_fds=pass_fds)
    if check and done.exit_code != 0:
        raise CommandFailed(argv, done.exit_code, done.stderr.decode(errors="replace"))
    return done


async def collect(
    argv: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    timeout_s: float | None = None,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """As ``run`` without ``check``, with a descriptor for the program's input."""
    with contextlib.ExitStack() as stack:
        out, err = _memfd(stack, "stdout"), _memfd(stack, "stderr")
        child = spawn(argv, env=env, cwd=cwd, stdin=stdin, stdout=out, stderr=err, pass_fds=pass_fds)
        try:
            async with asyncio.timeout(timeout_s):
                exit_code = await child.wait()
        except BaseException:
            await _end(child)
            raise
        return Completed(argv=tuple(argv), exit_code=exit_code, stdout=_content(out), stderr=_content(err))


async def _end(child: Child) -> None:
    """TERM, wait, KILL; runs to its end even if the caller is cancelled again."""
    child.terminate()
    reaper = asyncio.ensure_future(child.wait())  # noqa: TID251 - awaited right below
    _, pending = await asyncio.wait({reaper}, timeout=_GRACE_S)
    if pending:
        child.kill()
        await asyncio.wait({reaper})


def _memfd(stack: contextlib.ExitStack, name: str) -> int:
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    stack.callback(os.close, fd)
    return fd


def _content(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    parts: list[bytes] = []
    offset = 0
    while offset < size:
        part = os.pread(fd, size - offset, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
