"""docker logs and docker attach: nothing lost, nothing doubled, split and timed as asked."""

from __future__ import annotations

import datetime
import re

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (.*)$")


def _ended(cli: DockerCli, script: str) -> str:
    ref = cli("run", "-d", IMAGE, "sh", "-c", script).line
    cli("wait", ref)
    return ref


def test_streams_come_apart(cli: DockerCli) -> None:
    ref = _ended(cli, "echo out; echo err >&2")
    answer = cli("logs", ref)
    assert (answer.out, answer.err) == ("out\n", "err\n")


def test_many_lines_are_all_there(cli: DockerCli) -> None:
    ref = _ended(cli, "seq 1 5000")
    assert cli("logs", ref).lines == [str(i) for i in range(1, 5001)]


def test_long_lines_and_a_missing_newline(cli: DockerCli) -> None:
    ref = _ended(cli, "head -c 100000 /dev/zero | tr '\\0' x; echo; printf end")
    assert cli("logs", ref).out == "x" * 100000 + "\nend"


def test_bytes_that_are_no_text(cli: DockerCli) -> None:
    # Docker's json-file turns invalid UTF-8 into replacement characters; keeping it is right too.
    ref = _ended(cli, "printf 'a\\377b\\n'; printf 'nul\\000nul\\n'; printf 'tab\\tquote\"\\\\\\n'")
    lines = cli("logs", ref).stdout.splitlines()
    assert lines[0] in (b"a\xffb", "a�b".encode())
    assert lines[1:] == [b"nul\x00nul", b'tab\tquote"\\']


def test_tail(cli: DockerCli) -> None:
    ref = _ended(cli, "seq 1 100")
    assert cli("logs", "--tail", "3", ref).lines == ["98", "99", "100"]
    assert cli("logs", "-n", "0", ref).out == ""
    assert len(cli("logs", "--tail", "all", ref).lines) == 100
    assert len(cli("logs", "--tail", "1000", ref).lines) == 100


def test_timestamps(cli: DockerCli) -> None:
    ref = _ended(cli, "echo one; sleep 0.1; echo two")
    found = cli("logs", "-t", ref).lines
    matches = [_STAMP.match(line) for line in found]
    assert [match and match[1] for match in matches] == ["one", "two"]
    assert found[0] < found[1]


def test_since_and_until(cli: DockerCli) -> None:
    ref = _ended(cli, "echo one; sleep 0.2; echo two; sleep 0.2; echo three")
    stamps = [line.split(" ")[0] for line in cli("logs", "-t", ref).lines]
    # Both ends are part of the span.
    assert cli("logs", "--since", stamps[1], ref).lines == ["two", "three"]
    assert cli("logs", "--until", stamps[1], ref).lines == ["one", "two"]
    assert cli("logs", "--since", stamps[1], "--until", stamps[1], ref).lines == ["two"]
    assert cli("logs", "--since", "1h", ref).lines == ["one", "two", "three"]
    assert cli("logs", "--until", "1h", ref).lines == []
    assert cli("logs", "--since", "1h", "--tail", "1", ref).lines == ["three"]


def test_follow_until_the_end(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done").line
    assert cli("logs", "-f", ref).lines == ["1", "2", "3", "4", "5"]
    assert cli("logs", "-f", ref).lines == ["1", "2", "3", "4", "5"]


def test_follow_begins_at_the_tail(cli: DockerCli) -> None:
    ref = cli("run", "-di", IMAGE, "sh", "-c", "seq 1 10; read word; echo $word").line
    while len(cli("logs", ref).lines) < 10:
        pass
    with cli.start("logs", "-f", "--tail", "1", ref) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == b"10\n"
        cli("attach", ref, stdin=b"more\n")
        assert following.stdout.read() == b"more\n"
        assert following.wait(10) == 0


def test_follow_without_output_ends_with_the_container(cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "0.2").line
    assert cli("logs", "-f", ref).out == ""


def test_logs_of_a_created_container_are_empty(cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "true").line
    assert cli("logs", ref).out == ""


def test_logs_with_a_terminal_are_raw(cli: DockerCli) -> None:
    ref = cli("run", "-dt", IMAGE, "sh", "-c", "echo out; echo err >&2").line
    cli("wait", ref)
    answer = cli("logs", ref)
    assert (answer.stdout, answer.stderr) == (b"out\r\nerr\r\n", b"")


def test_times_are_now(cli: DockerCli) -> None:
    ref = _ended(cli, "echo one")
    stamp = cli("logs", "-t", ref).line.split(" ")[0]
    at = datetime.datetime.fromisoformat(f"{stamp[:26]}+00:00")
    assert abs((datetime.datetime.now(datetime.UTC) - at).total_seconds()) < 60


def test_log_driver_none_keeps_nothing(cli: DockerCli) -> None:
    ref = cli("run", "-d", "--log-driver", "none", IMAGE, "echo", "gone").line
    cli("wait", ref)
    assert "configured logging driver does not support reading" in cli("logs", ref, code=1).err
    assert cli("run", "--rm", "--log-driver", "none", IMAGE, "echo", "seen").line == "seen"


def test_attach_gets_output_and_gives_input(cli: DockerCli) -> None:
    ref = cli("run", "-di", IMAGE, "sh", "-c", "read word; echo got $word; echo err >&2; exit 6").line
    with cli.start("attach", ref) as attached:
        assert attached.stdin is not None
        assert attached.stdout is not None
        assert attached.stderr is not None
        # The input stays open: Docker stops the output of an attach whose input has ended.
        attached.stdin.write(b"it\n")
        attached.stdin.flush()
        assert (attached.stdout.read(), attached.stderr.read()) == (b"got it\n", b"err\n")
        assert attached.wait(10) == 6


def test_attach_without_input(cli: DockerCli) -> None:
    script = "while :; do echo tick; sleep 0.02; done & read word; kill $!; wait; echo got $word"
    ref = cli("run", "-di", IMAGE, "sh", "-c", script).line
    with cli.start("attach", "--no-stdin", ref) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == b"tick\n"
        cli("attach", ref, stdin=b"it\n")
        assert watching.stdout.read().endswith(b"got it\n")
        assert watching.wait(10) == 0


def test_attach_to_what_does_not_run_is_refused(cli: DockerCli) -> None:
    ref = _ended(cli, "true")
    assert "You cannot attach to a stopped container, start it first" in cli("attach", ref, code=1).err


def test_input_stays_open_for_the_next_attach(cli: DockerCli) -> None:
    # -d -i keeps the input open: without --interactive's "once" an attach's end is not the input's end.
    ref = cli("run", "-di", IMAGE, "sh", "-c", "read a; echo $a; read b; echo $b").line
    with cli.start("logs", "-f", ref) as following:
        assert following.stdout is not None
        cli("attach", "--sig-proxy=false", ref, stdin=b"first\nsecond\n")
        assert following.stdout.read() == b"first\nsecond\n"
