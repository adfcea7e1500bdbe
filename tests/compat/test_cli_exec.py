"""docker exec: output, exit codes, identity, environment, streams."""

from __future__ import annotations

import hashlib
import os

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli


@pytest.fixture
def ref(cli: DockerCli) -> str:
    """A running container."""
    return cli("run", "-d", "-e", "OF=container", IMAGE, "sleep", "60").line


def test_output_and_exit_code(cli: DockerCli, ref: str) -> None:
    answer = cli("exec", ref, "sh", "-c", "echo out; echo err >&2; exit 7", code=7)
    assert (answer.out, answer.err) == ("out\n", "err\n")


def test_a_signal_s_exit_code(cli: DockerCli, ref: str) -> None:
    cli("exec", ref, "sh", "-c", "kill -KILL $$", code=137)


def test_quick_output_is_not_lost(cli: DockerCli, ref: str) -> None:
    assert cli("exec", ref, "seq", "1", "20000").lines == [str(i) for i in range(1, 20001)]


def test_many_in_a_row(cli: DockerCli, ref: str) -> None:
    for i in range(15):
        assert cli("exec", ref, "echo", str(i)).line == str(i)


def test_missing_command_is_127(cli: DockerCli, ref: str) -> None:
    # Docker 26 gives 126 here, as for every refusal; 127, as run does, from Docker 27 on.
    answer = cli("exec", ref, "no-such-program", code=None)
    assert answer.exit_code in (126, 127)
    assert 'exec: "no-such-program": executable file not found in $PATH' in answer.out + answer.err


def test_command_that_cannot_run_is_126(cli: DockerCli, ref: str) -> None:
    answer = cli("exec", ref, "/etc/motd", code=126)
    assert "permission denied" in answer.out + answer.err


def test_user(cli: DockerCli, ref: str) -> None:
    assert cli("exec", ref, "id", "-u").line == "0"
    assert cli("exec", "-u", "sailor", ref, "sh", "-c", "id -u; id -g; echo $HOME").lines == [
        "1000",
        "1000",
        "/home/sailor",
    ]
    assert cli("exec", "-u", "sailor:cooks", ref, "id", "-g").line == "2001"
    assert cli("exec", "-u", "77", ref, "id", "-u").line == "77"
    answer = cli("exec", "-u", "nobody-here", ref, "id", code=126)
    assert "unable to find user nobody-here" in answer.out + answer.err


def test_directory(cli: DockerCli, ref: str) -> None:
    assert cli("exec", ref, "pwd").line == "/"
    assert cli("exec", "-w", "/home/sailor", ref, "pwd").line == "/home/sailor"


def test_environment(cli: DockerCli, ref: str) -> None:
    answer = cli(
        "exec", "-e", "OF=exec", "-e", "EMPTY=", ref, "sh", "-c", "echo $OF ${EMPTY-unset} $STST $PATH"
    )
    assert answer.line == "exec from-image /bin"
    assert cli("exec", ref, "sh", "-c", "echo $OF").line == "container"


def test_same_namespaces_and_root(cli: DockerCli, ref: str) -> None:
    for kind in ("mnt", "pid", "net", "ipc", "uts"):
        link = f"/proc/{{}}/ns/{kind}"
        assert (
            cli("exec", ref, "readlink", link.format("self")).line
            == cli("exec", ref, "readlink", link.format("1")).line
        )
    cli("exec", ref, "sh", "-c", "echo there >/tmp/file")
    assert cli("exec", ref, "cat", "/tmp/file").line == "there"


def test_same_confinement(cli: DockerCli, ref: str) -> None:
    wanted = ("CapBnd", "CapEff", "Seccomp", "NoNewPrivs")
    lines = cli("exec", ref, "sh", "-c", "cat /proc/1/status; echo ===; cat /proc/self/status").out.split(
        "===\n"
    )
    first, second = ([line for line in text.splitlines() if line.split(":")[0] in wanted] for text in lines)
    assert first == second
    assert len(first) == 4


def test_privileged(cli: DockerCli, ref: str) -> None:
    status = cli("exec", "--privileged", ref, "grep", "CapEff", "/proc/self/status").line
    assert int(status.split()[1], 16) & (1 << 21), "no CAP_SYS_ADMIN"


def test_input(cli: DockerCli, ref: str) -> None:
    assert cli("exec", "-i", ref, "cat", stdin=b"in and out").out == "in and out"
    assert cli("exec", ref, "wc", "-c", stdin=b"not given").line == "0"


def test_ten_megabytes_both_ways(cli: DockerCli, ref: str) -> None:
    data = os.urandom(10 * 1000 * 1000)
    answer = cli("exec", "-i", ref, "cat", stdin=data)
    assert len(answer.stdout) == len(data)
    assert hashlib.sha256(answer.stdout).digest() == hashlib.sha256(data).digest()


def test_detached(cli: DockerCli, ref: str) -> None:
    answer = cli("exec", "-d", ref, "sh", "-c", "echo ran >/tmp/ran; echo nobody reads")
    assert answer.out == ""
    for _ in range(100):
        if cli("exec", ref, "cat", "/tmp/ran", code=None).line == "ran":
            return
    pytest.fail("the detached exec did not run")


def test_only_running_containers_take_execs(cli: DockerCli, ref: str) -> None:
    created = cli("create", IMAGE, "true").line
    assert "is not running" in cli("exec", created, "true", code=1).err
    assert "No such container: stst-nobody" in cli("exec", "stst-nobody", "true", code=1).err


def test_exec_ends_with_its_container(cli: DockerCli, ref: str) -> None:
    with cli.start("exec", ref, "sh", "-c", "echo up; sleep 60") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        cli("kill", ref)
        assert running.wait(10) == 137


def test_environment_file(cli: DockerCli, ref: str, tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "env")
    with open(path, "w") as file:
        file.write("A=1\nB=two words\n")
    assert cli("exec", "--env-file", path, ref, "sh", "-c", 'echo "$A $B"').line == "1 two words"
