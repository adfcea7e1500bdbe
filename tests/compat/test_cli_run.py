"""docker run: output, exit codes, streams, names, and what the process is given."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from pathlib import Path

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.busybox_rootfs import rootfs_tar
from sampan.testing.docker_cli import DockerCli


def test_run_prints_what_the_container_prints(cli: DockerCli) -> None:
    answer = cli("run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2")
    assert (answer.out, answer.err) == ("out\n", "err\n")


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_exit_code_is_the_process_s(cli: DockerCli, code: int) -> None:
    cli("run", "--rm", IMAGE, "sh", "-c", f"exit {code}", code=code)


@pytest.mark.parametrize(("name", "code"), [("KILL", 137), ("TERM", 143)])
def test_exit_code_of_a_signal(cli: DockerCli, name: str, code: int) -> None:
    # The first process of a PID namespace ignores its own signals: a child dies of it.
    cli("run", "--rm", IMAGE, "sh", "-c", f"sh -c 'kill -{name} $$'; exit $?", code=code)


def test_first_process_killed_from_outside(cli: DockerCli) -> None:
    name = cli.name()
    process = cli.start("run", "--rm", "--name", name, IMAGE, "sh", "-c", "echo up; exec sleep 60")
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        cli("kill", name)
        assert process.wait(10) == 137


def test_missing_command_is_127_and_leaves_the_container_created(cli: DockerCli) -> None:
    name = cli.name()
    answer = cli("run", "--name", name, IMAGE, "no-such-program", code=127)
    assert 'exec: "no-such-program": executable file not found in $PATH' in answer.err
    assert cli.format(name, "{{.State.Status}} {{.State.ExitCode}}") == "created 127"
    assert "no-such-program" in cli.format(name, "{{.State.Error}}")


def test_command_that_cannot_run_is_126(cli: DockerCli) -> None:
    answer = cli("run", "--rm", IMAGE, "/etc/motd", code=126)
    assert "permission denied" in answer.err
    answer = cli("run", "--rm", IMAGE, "/etc", code=126)
    # runc names a directory so; other runtimes say that access is denied.
    assert "is a directory" in answer.err or "permission denied" in answer.err.lower()


def test_engine_s_refusal_is_125(cli: DockerCli) -> None:
    assert "invalid reference format" in cli("run", "--rm", "UPPER//CASE", code=125).err
    answer = cli("run", "--rm", "--pull", "never", "stst-no-such-image", "true", code=125)
    assert "No such image: stst-no-such-image:latest" in answer.err
    answer = cli("run", "--rm", "-w", "relative/path", IMAGE, "true", code=125)
    assert "the working directory 'relative/path' is invalid, it needs to be an absolute path" in answer.err


def test_rm_removes_the_container(cli: DockerCli) -> None:
    name = cli.name()
    cli("run", "--rm", "--name", name, IMAGE, "true")
    assert "No such container" in cli("container", "inspect", name, code=1).err


def test_rm_removes_after_a_detached_end(cli: DockerCli) -> None:
    started = cli("run", "-d", "--rm", IMAGE, "sh", "-c", "exit 4").line
    waited = cli("wait", started, code=None)
    assert waited.line == "4" or "No such container" in waited.err
    # The removal follows the end at once, but is no part of it.
    for _ in range(100):
        if started not in cli("ps", "-aq", "--no-trunc").out:
            return
    pytest.fail("the container was not removed")


def test_detached_run_prints_the_id_and_goes_on(cli: DockerCli) -> None:
    started = cli("run", "-d", IMAGE, "sleep", "60")
    assert re.fullmatch(r"[0-9a-f]{64}\n", started.out)
    assert cli.format(started.line, "{{.State.Running}} {{.State.ExitCode}}") == "true 0"


def test_cidfile_gets_the_id(cli: DockerCli, tmp_path: Path) -> None:
    cidfile = tmp_path / "cid"
    started = cli("run", "-d", "--cidfile", str(cidfile), IMAGE, "true").line
    assert cidfile.read_text() == started


def test_ten_megabytes_through_stdin_and_stdout(cli: DockerCli) -> None:
    data = os.urandom(10 * 1000 * 1000)
    answer = cli("run", "--rm", "-i", IMAGE, "cat", stdin=data)
    assert len(answer.stdout) == len(data)
    assert hashlib.sha256(answer.stdout).digest() == hashlib.sha256(data).digest()


def test_stdin_ends_when_the_client_s_ends(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "-i", IMAGE, "sh", "-c", "wc -c; echo done >&2", stdin=b"12345")
    assert (answer.line, answer.err) == ("5", "done\n")


def test_without_i_stdin_is_empty(cli: DockerCli) -> None:
    assert cli("run", "--rm", IMAGE, "wc", "-c", stdin=b"12345").line == "0"


def test_streams_keep_apart_and_in_order(cli: DockerCli) -> None:
    script = "i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
    answer = cli("run", "--rm", IMAGE, "sh", "-c", script)
    assert answer.lines == [f"out {i}" for i in range(500)]
    assert answer.err.splitlines() == [f"err {i}" for i in range(500)]


def test_output_before_a_quick_end_is_not_lost(cli: DockerCli) -> None:
    answer = cli("run", "--rm", IMAGE, "sh", "-c", "seq 1 20000")
    assert answer.lines == [str(i) for i in range(1, 20001)]


def test_generated_names_are_two_words(cli: DockerCli) -> None:
    created = cli("create", IMAGE, "true").line
    assert re.fullmatch(r"/[a-z]+_[a-z]+\d?", cli.format(created, "{{.Name}}"))


def test_given_name_is_taken_once(cli: DockerCli) -> None:
    name = cli.name()
    first = cli("create", "--name", name, IMAGE, "true").line
    answer = cli("create", "--name", name, IMAGE, "true", code=1)
    assert f'Conflict. The container name "/{name}" is already in use by container "{first}"' in answer.err
    assert "You have to remove (or rename) that container to be able to reuse that name." in answer.err
    assert cli("run", "--name", name, IMAGE, "true", code=125).err.count("Conflict") == 1


def test_bad_name_is_refused(cli: DockerCli) -> None:
    answer = cli("create", "--name", "-bad/name", IMAGE, "true", code=1)
    assert "Invalid container name (-bad/name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" in answer.err


def test_environment(cli: DockerCli, tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# comment\nFROM_FILE=a b\nTAKEN\n")
    answer = cli(
        *("run", "--rm", "-e", "STST=overridden", "-e", "EMPTY=", "--env-file", str(file), IMAGE, "env"),
        environment={"TAKEN": "from the client"},
    )
    found = dict(line.split("=", 1) for line in answer.lines)
    assert found.pop("HOSTNAME")
    assert found == {
        "PATH": "/bin",
        "HOME": "/root",
        "STST": "overridden",
        "EMPTY": "",
        "FROM_FILE": "a b",
        "TAKEN": "from the client",
    }


def test_working_directory_is_made(cli: DockerCli) -> None:
    assert cli("run", "--rm", IMAGE, "pwd").line == "/"
    assert cli("run", "--rm", "-w", "/new/place", IMAGE, "pwd").line == "/new/place"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("sailor", "uid=1000(sailor) gid=1000(sailor) groups=1000(sailor),2000(riggers)"),
        ("1000", "uid=1000(sailor) gid=1000(sailor) groups=1000(sailor),2000(riggers)"),
        ("sailor:cooks", "uid=1000(sailor) gid=2001(cooks)"),
        ("1234:5678", "uid=1234 gid=5678"),
        ("1234", "uid=1234 gid=0(root)"),
    ],
)
def test_user_by_name_and_number(cli: DockerCli, user: str, expected: str) -> None:
    found = cli("run", "--rm", "-u", user, IMAGE, "id").line
    # With a group given there are no further groups; whether the group itself is listed is busybox's matter.
    assert found == expected or found.startswith(f"{expected} groups=")
    assert "riggers" not in found or "riggers" in expected


def test_home_is_the_user_s(cli: DockerCli) -> None:
    assert cli("run", "--rm", "-u", "sailor", IMAGE, "sh", "-c", "echo $HOME").line == "/home/sailor"


def test_unknown_user_is_refused(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "-u", "nobody-here", IMAGE, "id", code=125)
    assert "unable to find user nobody-here: no matching entries in passwd file" in answer.err


def test_added_groups(cli: DockerCli) -> None:
    arguments = ("run", "--rm", "-u", "sailor", "--group-add", "cooks", "--group-add", "4000", IMAGE)
    assert set(cli(*arguments, "id", "-G").line.split()) == {"1000", "2000", "2001", "4000"}


def test_command_and_entrypoint(cli: DockerCli, image_name: str) -> None:
    changes = ("--change", 'ENTRYPOINT ["echo", "entry"]', "--change", 'CMD ["command"]')
    cli("import", *changes, "--change", "ENV PATH=/bin", "-", f"{image_name}:latest", stdin=rootfs_tar())
    assert cli("run", "--rm", image_name).line == "entry command"
    assert cli("run", "--rm", image_name, "given").line == "entry given"
    assert cli("run", "--rm", "--entrypoint", "echo", image_name).line == ""
    assert cli("run", "--rm", "--entrypoint", "echo", image_name, "a", "b").line == "a b"


def test_no_command_at_all_is_refused(cli: DockerCli, image_name: str) -> None:
    cli("import", "-", f"{image_name}:latest", stdin=rootfs_tar())
    assert "no command specified" in cli("run", "--rm", image_name, code=125).err.lower()


def test_hostname(cli: DockerCli) -> None:
    started = cli("run", "-d", IMAGE, "sleep", "60").line
    assert cli("exec", started, "hostname").line == started[:12]
    answer = cli(
        "run",
        "--rm",
        "-h",
        "boat",
        "--domainname",
        "example",
        IMAGE,
        "sh",
        "-c",
        "hostname; cat /etc/hostname",
    )
    assert answer.lines[0].startswith("boat")
    assert answer.lines[1].startswith("boat")


def test_labels_from_flags_and_files(cli: DockerCli, tmp_path: Path) -> None:
    file = tmp_path / "labels"
    file.write_text("file=1\n")
    created = cli("create", "-l", "a=b", "-l", "bare", "--label-file", str(file), IMAGE).line
    template = '{{index .Config.Labels "a"}}|{{index .Config.Labels "bare"}}|{{index .Config.Labels "file"}}'
    assert cli.format(created, template) == "b||1"


def test_interrupt_reaches_the_container(cli: DockerCli) -> None:
    script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done"
    process = cli.start("run", "--rm", IMAGE, "sh", "-c", script)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"caught\n"
        assert process.wait(10) == 9


def test_stop_signal_of_the_container(cli: DockerCli) -> None:
    script = "trap 'exit 7' USR1; echo ready; while :; do sleep 0.05; done"
    started = cli("run", "-d", "--stop-signal", "USR1", IMAGE, "sh", "-c", script).line
    _until_logged(cli, started, "ready")
    cli("stop", started)
    assert cli.format(started, "{{.State.ExitCode}}") == "7"


def test_init_reaps_and_forwards(cli: DockerCli) -> None:
    started = cli("run", "-d", "--init", IMAGE, "sleep", "60").line
    assert cli("exec", started, "cat", "/proc/1/comm").line in (
        "docker-init",
        "tini",
        "tini-static",
        "catatonit",
        "init",
    )
    cli("stop", "-t", "5", started)
    assert cli.format(started, "{{.State.ExitCode}}") == "143"


def _until_logged(cli: DockerCli, ref: str, text: str) -> None:
    with cli.start("logs", "-f", ref) as following:
        assert following.stdout is not None
        for line in following.stdout:
            if text in line.decode():
                following.kill()
                return
    pytest.fail(f"{text!r} was never logged")
