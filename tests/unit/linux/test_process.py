"""Subprocesses: output, failures, time limits, and processes that are not ours."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from sampan.errors import CommandFailed, Unavailable
from sampan.linux import pidfd
from sampan.linux.process import run, spawn


async def test_output_input_and_code_come_back() -> None:
    done = await run(["/bin/sh", "-c", "cat; echo err >&2; exit 3"], stdin=b"in" * 100_000, check=False)
    assert (done.stdout, done.stderr, done.exit_code) == (b"in" * 100_000, b"err\n", 3)


async def test_a_failure_names_program_code_and_reason() -> None:
    with pytest.raises(CommandFailed, match="ended with exit code 4: no way") as caught:
        await run(["/bin/sh", "-c", "echo no way >&2; exit 4"])
    assert caught.value.exit_code == 4


async def test_a_missing_program_is_named() -> None:
    with pytest.raises(Unavailable, match="/no/such/program"):
        await run(["/no/such/program"])


async def test_the_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DAEMON", "x")
    done = await run(["/usr/bin/env"], env={"GIVEN": "1"})
    assert b"SECRET_OF_THE_DAEMON" not in done.stdout
    assert b"GIVEN=1" in done.stdout


async def test_a_time_limit_ends_and_reaps_the_program() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await run(["/bin/sleep", "60"], timeout_s=0.05)
    assert time.monotonic() - began < 5


def _children() -> set[str]:
    """Pids of this process's children, zombies included."""
    tasks = Path("/proc/self/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split()}


async def test_cancelling_ends_and_reaps_the_program() -> None:
    before = _children()
    task = asyncio.ensure_future(run(["/bin/sleep", "60"]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _children() <= before


async def test_a_process_is_recognised_by_its_start_time() -> None:
    child = spawn(["/bin/sleep", "60"])
    ref = pidfd.identify(child.pid)
    assert ref is not None
    assert pidfd.is_alive(ref)
    impostor = pidfd.ProcessRef(ref.pid, ref.start_time + 1)
    assert not pidfd.is_alive(impostor)
    assert not pidfd.send_signal(impostor, signal.SIGKILL)
    await pidfd.wait_exit(impostor)
    assert pidfd.send_signal(ref, signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL
    assert pidfd.identify(child.pid) is None
    assert not pidfd.send_signal(ref, signal.SIGKILL)
    await pidfd.wait_exit(ref)
