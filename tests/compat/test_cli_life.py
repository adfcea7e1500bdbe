"""create, start, wait, stop, kill, restart, pause, rename, top, rm through the stock CLI."""

from __future__ import annotations

import time

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli

_FOREVER = ("sleep", "60")
# Ends at once on TERM, as sleep does not: the first process ignores what it has no handler for.
_POLITE = ("sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done")
_STUBBORN = ("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.02; done")


def _started(cli: DockerCli, *arguments: str) -> str:
    """Start a container and wait for its first output."""
    ref = cli("run", "-d", *arguments).line
    with cli.start("logs", "-f", ref) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        following.kill()
    return ref


def test_created_then_started(cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "sh", "-c", "echo ran").line
    assert (
        cli.format(ref, "{{.State.Status}} {{.State.Pid}} {{.State.StartedAt}}")
        == "created 0 0001-01-01T00:00:00Z"
    )
    assert cli("start", ref).line == ref
    assert cli("wait", ref).line == "0"
    assert cli("logs", ref).line == "ran"


def test_start_attached_has_output_and_exit_code(cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "sh", "-c", "echo ran; exit 5").line
    for _ in range(2):
        assert cli("start", "-a", ref, code=5).line == "ran"
    assert cli("logs", ref).lines == ["ran", "ran"]


def test_start_with_input(cli: DockerCli) -> None:
    ref = cli("create", "-i", IMAGE, "cat").line
    assert cli("start", "-ai", ref, stdin=b"in and out").out == "in and out"


def test_starting_what_runs_changes_nothing(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, *_FOREVER).line
    before = cli.format(ref, "{{.State.Pid}} {{.State.StartedAt}}")
    assert cli("start", ref).line == ref
    assert cli.format(ref, "{{.State.Pid}} {{.State.StartedAt}}") == before


def test_wait_for_an_end_to_come(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, *_FOREVER).line
    with cli.start("wait", ref) as waiting:
        cli("kill", ref)
        assert waiting.stdout is not None
        assert waiting.stdout.read() == b"137\n"
        assert waiting.wait() == 0


def test_wait_for_what_has_ended(cli: DockerCli) -> None:
    first = cli("run", "-d", IMAGE, "sh", "-c", "exit 3").line
    second = cli("run", "-d", IMAGE, "sh", "-c", "exit 4").line
    assert cli("wait", first, second).lines == ["3", "4"]
    assert cli("wait", first).line == "3"


def test_unknown_containers_are_named(cli: DockerCli) -> None:
    for command in ("wait", "start", "stop", "kill", "logs", "top", "pause", "unpause", "restart", "port"):
        answer = cli(command, "stst-nobody", code=1)
        assert "No such container: stst-nobody" in answer.err, command
    assert "No such container: stst-nobody" in cli("rm", "stst-nobody", code=1).err


def test_stop_asks_politely(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, *_POLITE)
    assert cli("stop", ref).line == ref
    assert cli.format(ref, "{{.State.Status}} {{.State.ExitCode}}") == "exited 0"
    assert cli("stop", ref).line == ref


def test_stop_kills_after_the_timeout(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, *_STUBBORN)
    began = time.monotonic()
    cli("stop", "-t", "1", ref)
    assert 0.9 < time.monotonic() - began < 5
    assert cli.format(ref, "{{.State.ExitCode}}") == "137"


def test_stop_timeout_of_the_container(cli: DockerCli) -> None:
    ref = _started(cli, "--stop-timeout", "0", IMAGE, *_STUBBORN)
    began = time.monotonic()
    cli("stop", ref)
    assert time.monotonic() - began < 5
    assert cli.format(ref, "{{.State.ExitCode}}") == "137"


def test_stop_with_another_signal(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, "sh", "-c", "trap 'exit 42' USR2; echo up; while :; do sleep 0.02; done")
    cli("stop", "-s", "USR2", ref)
    assert cli.format(ref, "{{.State.ExitCode}}") == "42"


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "10"])
def test_kill_with_a_signal(cli: DockerCli, signal: str) -> None:
    ref = _started(cli, IMAGE, "sh", "-c", "trap 'exit 11' USR1; echo up; while :; do sleep 0.02; done")
    assert cli("kill", "-s", signal, ref).line == ref
    assert cli("wait", ref).line == "11"


def test_kill_refuses_what_makes_no_sense(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, *_FOREVER).line
    # Docker 26 words it "Invalid signal", later versions "invalid signal".
    assert "nvalid signal: NOSUCH" in cli("kill", "-s", "NOSUCH", ref, code=1).err
    cli("kill", ref)
    cli("wait", ref)
    answer = cli("kill", ref, code=1)
    assert f"container {ref} is not running" in answer.err.lower()


def test_a_signal_that_does_not_end_it(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, "sh", "-c", "trap 'echo hup' HUP; echo up; while :; do sleep 0.02; done")
    cli("kill", "-s", "HUP", ref)
    with cli.start("logs", "-f", ref) as following:
        assert following.stdout is not None
        assert [following.stdout.readline() for _ in range(2)] == [b"up\n", b"hup\n"]
        following.kill()
    assert cli.format(ref, "{{.State.Running}}") == "true"


def test_restart(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, *_POLITE)
    cli("exec", ref, "sh", "-c", "echo kept >/kept")
    before = cli.format(ref, "{{.State.Pid}} {{.State.StartedAt}}").split()
    assert cli("restart", ref).line == ref
    after = cli.format(ref, "{{.State.Pid}} {{.State.StartedAt}}").split()
    assert before[0] != after[0]
    assert before[1] < after[1]
    assert cli("exec", ref, "cat", "/kept").line == "kept"


def test_restart_of_what_has_ended_and_of_what_never_ran(cli: DockerCli) -> None:
    for ref in (cli("run", "-d", IMAGE, "true").line, cli("create", IMAGE, "true").line):
        cli("wait", ref) if cli.format(ref, "{{.State.Status}}") != "created" else None
        cli("restart", ref)
        assert cli("wait", ref).line == "0"


def test_rm(cli: DockerCli) -> None:
    name = cli.name()
    cli("create", "--name", name, IMAGE, "true")
    assert cli("rm", name).line == name
    assert "No such container" in cli("container", "inspect", name, code=1).err


def test_rm_refuses_what_runs_unless_forced(cli: DockerCli) -> None:
    name = cli.name()
    ref = cli("run", "-d", "--name", name, IMAGE, *_FOREVER).line
    answer = cli("rm", name, code=1)
    # Docker 26: "You cannot remove a running container ID. Stop ..."; from 27 on:
    # 'cannot remove container "/name": container is running: stop the container before ...'.
    assert "cannot remove" in answer.err
    assert "running" in answer.err
    assert cli("rm", "-f", name).line == name
    assert ref not in cli("ps", "-aq", "--no-trunc").out


def test_rm_forced_of_an_unknown_one_is_no_failure(cli: DockerCli) -> None:
    answer = cli("rm", "-f", "stst-nobody")
    assert "No such container: stst-nobody" in answer.err


def test_refs_by_prefix(cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "true").line
    assert cli.format(ref[:12], "{{.Id}}") == ref
    assert cli.format(ref[:40], "{{.Id}}") == ref


def test_pause_and_unpause(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, *_FOREVER).line
    assert cli("pause", ref).line == ref
    assert cli.format(ref, "{{.State.Status}} {{.State.Paused}} {{.State.Running}}") == "paused true true"
    assert "(Paused)" in cli("ps", "--filter", f"id={ref}", "--format", "{{.Status}}").line
    assert "already paused" in cli("pause", ref, code=1).err
    assert "is paused" in cli("exec", ref, "true", code=1).err
    assert cli("unpause", ref).line == ref
    assert cli.format(ref, "{{.State.Status}}") == "running"
    assert "is not paused" in cli("unpause", ref, code=1).err


def test_paused_container_can_be_stopped_and_removed(cli: DockerCli) -> None:
    ref = _started(cli, IMAGE, *_POLITE)
    cli("pause", ref)
    cli("rm", "-f", ref)
    assert ref not in cli("ps", "-aq", "--no-trunc").out


def test_rename(cli: DockerCli) -> None:
    old, new, other = cli.name(), cli.name(), cli.name()
    ref = cli("create", "--name", old, IMAGE, "true").line
    cli("create", "--name", other, IMAGE, "true")
    cli("rename", old, new)
    assert cli.format(new, "{{.Id}} {{.Name}}") == f"{ref} /{new}"
    assert "No such container" in cli("container", "inspect", old, code=1).err
    assert f'The container name "/{other}" is already in use' in cli("rename", new, other, code=1).err
    assert cli("create", "--name", old, IMAGE, "true").line


def test_top(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "61").line
    header, row = cli("top", ref).lines
    assert header.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert row.endswith("sleep 61")
    assert row.split()[1] == cli.format(ref, "{{.State.Pid}}")
    assert cli("top", ref, "-o", "pid,comm").lines[0].split() == ["PID", "COMMAND"]
    cli("kill", ref)
    cli("wait", ref)
    assert "is not running" in cli("top", ref, code=1).err


def test_times_of_a_container(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sh", "-c", "sleep 0.2; exit 3").line
    cli("wait", ref)
    created, started, finished = cli.format(
        ref, "{{.Created}} {{.State.StartedAt}} {{.State.FinishedAt}}"
    ).split()
    # RFC 3339 in UTC; the fraction's length varies, so compare without its end.
    assert created[:23].rstrip("Z") <= started[:23].rstrip("Z") < finished[:23].rstrip("Z")
    assert all(text.endswith("Z") for text in (created, started, finished))


def test_container_prune(cli: DockerCli) -> None:
    ended = cli("run", "-d", IMAGE, "true").line
    cli("wait", ended)
    running = cli("run", "-d", IMAGE, *_FOREVER).line
    answer = cli("container", "prune", "-f", "--filter", f"label=stst={cli.token}")
    assert ended in answer.lines
    assert running not in answer.out
    assert "Total reclaimed space:" in answer.out
    assert cli.format(running, "{{.State.Running}}") == "true"
