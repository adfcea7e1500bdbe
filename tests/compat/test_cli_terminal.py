"""The stock CLI on a terminal: -t, sizes, detach keys, attaching again."""

from __future__ import annotations

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.pty_process import PtyProcess

_DETACH = b"\x10\x11"  # ctrl-p ctrl-q


def _on_terminal(cli: DockerCli, *arguments: str, rows: int = 24, columns: int = 80) -> PtyProcess:
    return PtyProcess(cli.argv(*arguments), cli.environment, rows=rows, columns=columns)


def test_terminal_output_and_exit_code(cli: DockerCli) -> None:
    with _on_terminal(cli, "run", "--rm", "-it", IMAGE, "sh", "-c", "tty; echo err >&2; exit 3") as terminal:
        assert terminal.end() == (3, b"/dev/pts/0\r\nerr\r\n")


def test_typing_is_echoed_and_read(cli: DockerCli) -> None:
    with _on_terminal(
        cli, "run", "--rm", "-it", IMAGE, "sh", "-c", "echo go; read w; echo got $w"
    ) as terminal:
        terminal.expect(b"go\r\n")
        terminal.type(b"word\r")
        code, output = terminal.end()
    assert (code, output) == (0, b"word\r\ngot word\r\n")


def test_ctrl_c_reaches_the_process(cli: DockerCli) -> None:
    script = "trap 'echo caught; exit 8' INT; echo go; while :; do sleep 0.02; done"
    with _on_terminal(cli, "run", "--rm", "-it", IMAGE, "sh", "-c", script) as terminal:
        terminal.expect(b"go\r\n")
        terminal.type(b"\x03")
        terminal.expect(b"caught\r\n")
        assert terminal.end()[0] == 8


def test_ctrl_d_ends_the_input(cli: DockerCli) -> None:
    with _on_terminal(cli, "run", "--rm", "-it", IMAGE, "cat") as terminal:
        terminal.type(b"line\r")
        terminal.expect(b"line\r\nline\r\n")
        terminal.type(b"\x04")
        assert terminal.end()[0] == 0


@pytest.mark.timeout(15)
def test_size_at_the_start_and_later(cli: DockerCli) -> None:
    script = "trap 'echo size $(stty size)' WINCH; echo go; while :; do sleep 0.02; done"
    with _on_terminal(cli, "run", "--rm", "-it", IMAGE, "sh", "-c", script, rows=33, columns=77) as terminal:
        terminal.expect(b"go\r\n")
        # The CLI sets the first size and only then begins to listen for changes: say it until it hears.
        while not terminal.wait_for(b"size 44 99\r\n", timeout_s=0.3):
            terminal.resize(44, 99)


def test_size_is_set_before_long(cli: DockerCli) -> None:
    script = 'until [ "$(stty size)" = "33 77" ]; do sleep 0.01; done; echo right'
    with _on_terminal(cli, "run", "--rm", "-it", IMAGE, "sh", "-c", script, rows=33, columns=77) as terminal:
        terminal.expect(b"right\r\n")
        assert terminal.end()[0] == 0


def test_detach_and_attach_again(cli: DockerCli) -> None:
    name = cli.name()
    with _on_terminal(cli, "run", "-it", "--name", name, IMAGE, "sh") as terminal:
        terminal.expect(b"# ")
        terminal.type(b"there=still\r")
        terminal.expect(b"# ")
        terminal.type(_DETACH)
        code, output = terminal.end()
        assert code == 0, output
    assert cli.format(name, "{{.State.Running}}") == "true"
    with _on_terminal(cli, "attach", name) as terminal:
        terminal.type(b"echo $there\r")
        terminal.expect(b"\nstill\r\n")
        terminal.type(b"exit 4\r")
        assert terminal.end()[0] == 4
    assert cli.format(name, "{{.State.ExitCode}}") == "4"


def test_half_a_detach_sequence_is_input(cli: DockerCli) -> None:
    with _on_terminal(
        cli, "run", "--rm", "-it", IMAGE, "sh", "-c", "stty raw -echo; echo go; head -c 2 | od -tx1"
    ) as terminal:
        terminal.expect(b"go")
        terminal.type(b"\x10x")
        terminal.expect(b"10 78")
        assert terminal.end()[0] == 0


def test_other_detach_keys(cli: DockerCli) -> None:
    name = cli.name()
    arguments = ("run", "-it", "--name", name, "--detach-keys", "ctrl-x,y", IMAGE, "sh")
    with _on_terminal(cli, *arguments) as terminal:
        terminal.expect(b"# ")
        terminal.type(b"\x18y")
        assert terminal.end()[0] == 0
    assert cli.format(name, "{{.State.Running}}") == "true"


def test_exec_on_a_terminal(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "60").line
    script = 'tty; until [ "$(stty size)" = "31 71" ]; do sleep 0.01; done; read w; echo got $w; exit 6'
    with _on_terminal(cli, "exec", "-it", ref, "sh", "-c", script, rows=31, columns=71) as terminal:
        terminal.expect(b"/dev/pts/")
        terminal.type(b"it\r")
        terminal.expect(b"got it\r\n")
        assert terminal.end()[0] == 6


def test_exec_detached_by_keys_runs_on(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "60").line
    with _on_terminal(cli, "exec", "-it", ref, "sh", "-c", "echo up; exec sleep 62") as terminal:
        terminal.expect(b"up\r\n")
        terminal.type(_DETACH)
        terminal.end()
    assert "sleep 62" in cli("top", ref).out


def test_terminal_without_input(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "-t", IMAGE, "sh", "-c", "test -t 1 && echo terminal")
    assert answer.stdout == b"terminal\r\n"


def test_term_is_set(cli: DockerCli) -> None:
    assert cli("run", "--rm", "-t", IMAGE, "sh", "-c", "echo $TERM").stdout == b"xterm\r\n"
    assert cli("run", "--rm", IMAGE, "sh", "-c", "echo ${TERM-unset}").line == "unset"


def test_input_that_is_no_terminal_is_refused_for_one(cli: DockerCli) -> None:
    assert "the input device is not a TTY" in cli("run", "--rm", "-it", IMAGE, "true", code=1).err


def test_console_size_of_a_created_terminal(cli: DockerCli) -> None:
    name = cli.name()
    with _on_terminal(
        cli, "run", "--name", name, "-t", IMAGE, "stty", "size", rows=29, columns=69
    ) as terminal:
        terminal.expect(b"29 69")
