"""docker-py on containers: run, streams, execs, logs, errors."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import docker
import pytest
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE

_FOREVER = ["sleep", "60"]


def test_run_returns_the_output(client: docker.DockerClient, own: dict[str, str]) -> None:
    assert client.containers.run(IMAGE, "echo hello", labels=own, remove=True) == b"hello\n"
    script = ["sh", "-c", "echo out; echo err >&2"]
    assert (
        client.containers.run(IMAGE, script, labels=own, remove=True, stdout=False, stderr=True) == b"err\n"
    )


def test_run_raises_on_failure(client: docker.DockerClient, own: dict[str, str]) -> None:
    with pytest.raises(ContainerError) as caught:
        client.containers.run(IMAGE, ["sh", "-c", "echo why >&2; exit 3"], labels=own)
    assert caught.value.exit_status == 3
    assert caught.value.stderr == b"why\n"


def test_run_of_an_unknown_image(client: docker.DockerClient, own: dict[str, str]) -> None:
    with pytest.raises(ImageNotFound):
        client.images.get("stst-nothing")
    with pytest.raises(ImageNotFound):
        client.containers.create("stst-nothing", labels=own)


def test_detached_and_waited_for(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, ["sh", "-c", "sleep 0.1; exit 5"], labels=own, detach=True)
    assert made.wait() == {"StatusCode": 5}
    made.reload()
    assert made.status == "exited"
    assert made.wait() == {"StatusCode": 5}


def test_wait_conditions(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.create(IMAGE, ["true"], labels=own)
    made.start()
    assert made.wait(condition="not-running")["StatusCode"] == 0
    made = client.containers.run(
        IMAGE, ["sh", "-c", "sleep 0.2; exit 2"], labels=own, detach=True, auto_remove=True
    )
    assert made.wait(condition="removed")["StatusCode"] == 2
    with pytest.raises(NotFound):
        client.containers.get(made.id)


def test_settings_arrive(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(
        IMAGE,
        ["sh", "-c", "echo $A; pwd; id -u; hostname; cat /proc/self/status | grep NoNewPrivs"],
        labels=own,
        detach=True,
        environment={"A": "1"},
        working_dir="/tmp",
        user="sailor",
        hostname="boat",
        security_opt=["no-new-privileges"],
        mem_limit="64m",
        nano_cpus=500_000_000,
        pids_limit=50,
        cap_drop=["ALL"],
        read_only=True,
        tmpfs={"/scratch": "size=1m"},
    )
    made.wait()
    assert made.logs().decode().split("\n")[:4] == ["1", "/tmp", "1000", "boat"]
    assert b"NoNewPrivs:\t1" in made.logs()
    host_config = made.attrs["HostConfig"]
    assert (host_config["Memory"], host_config["NanoCpus"], host_config["PidsLimit"]) == (
        64 << 20,
        500_000_000,
        50,
    )


def test_names_and_conflicts(client: docker.DockerClient, own: dict[str, str], cli: Any) -> None:
    name = cli.name()
    made = client.containers.create(IMAGE, "true", name=name, labels=own)
    assert made.name == name
    assert client.containers.get(name).id == made.id
    with pytest.raises(APIError) as caught:
        client.containers.create(IMAGE, "true", name=name, labels=own)
    assert caught.value.status_code == 409
    assert f'Conflict. The container name "/{name}" is already in use' in caught.value.explanation
    other = cli.name()
    made.rename(other)
    assert client.containers.get(other).id == made.id


def test_not_found(client: docker.DockerClient) -> None:
    with pytest.raises(NotFound) as caught:
        client.containers.get("stst-nobody")
    assert caught.value.explanation == "No such container: stst-nobody"


def test_list(client: docker.DockerClient, own: dict[str, str]) -> None:
    running = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    created = client.containers.create(IMAGE, "true", labels=own)
    label = {"label": f"stst={own['stst']}"}
    assert [found.id for found in client.containers.list(filters=label)] == [running.id]
    assert {found.id for found in client.containers.list(all=True, filters=label)} == {running.id, created.id}
    assert client.containers.list(all=True, filters={**label, "status": "paused"}) == []


def test_logs(client: docker.DockerClient, own: dict[str, str]) -> None:
    script = ["sh", "-c", "echo one; echo two >&2; sleep 0.1; echo three"]
    made = client.containers.run(IMAGE, script, labels=own, detach=True)
    assert b"".join(made.logs(stream=True, follow=True)) == b"one\ntwo\nthree\n"
    assert made.logs(stderr=False) == b"one\nthree\n"
    assert made.logs(tail=1) == b"three\n"
    stamped = made.logs(timestamps=True, stdout=False).decode()
    assert stamped.endswith("Z two\n")
    assert made.logs(since=time.time() + 100) == b""


def test_exec(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    result = made.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"])
    assert (result.exit_code, sorted(result.output.splitlines())) == (4, [b"err", b"out"])
    result = made.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    assert result.output == (b"out\n", b"err\n")
    result = made.exec_run(["seq", "3"], stream=True)
    assert b"".join(result.output) == b"1\n2\n3\n"
    assert made.exec_run("id -u", user="sailor").output == b"1000\n"
    assert made.exec_run("env", environment=["A=1"], workdir="/tmp").output.find(b"A=1") >= 0
    assert made.exec_run("tty", tty=True).output.startswith(b"/dev/pts/")
    assert made.exec_run("sleep 1", detach=True).exit_code is None


def test_exec_s_inspection(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    low = client.api
    exec_id = low.exec_create(made.id, ["sh", "-c", "exit 9"])["Id"]
    found = low.exec_inspect(exec_id)
    assert (found["Running"], found["ExitCode"], found["ContainerID"]) == (False, None, made.id)
    low.exec_start(exec_id)
    found = low.exec_inspect(exec_id)
    assert (found["Running"], found["ExitCode"]) == (False, 9)
    assert found["ProcessConfig"]["entrypoint"] == "sh"
    assert exec_id in (made.attrs["ExecIDs"] or [exec_id])
    with pytest.raises(NotFound):
        low.exec_inspect("0" * 64)


def test_exec_with_a_socket(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    exec_id = client.api.exec_create(made.id, ["head", "-n", "1"], stdin=True, tty=True)["Id"]
    stream = client.api.exec_start(exec_id, tty=True, socket=True)
    with contextlib.closing(stream), contextlib.closing(stream._sock) as raw:
        client.api.exec_resize(exec_id, height=30, width=90)
        raw.sendall(b"typed\n")
        received = b""
        while received.count(b"typed") < 2:
            part = raw.recv(4096)
            assert part, received
            received += part


def test_attached_socket(client: docker.DockerClient, own: dict[str, str]) -> None:
    command = ["sh", "-c", "read w; echo got $w"]
    made = client.containers.create(IMAGE, command, labels=own, stdin_open=True, tty=True)
    stream = made.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    with contextlib.closing(stream), contextlib.closing(stream._sock) as raw:
        made.start()
        raw.sendall(b"it\n")
        received = b""
        while part := raw.recv(4096):
            received += part
    assert received.endswith(b"got it\r\n")
    assert made.wait()["StatusCode"] == 0


def test_attach_streams(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.create(IMAGE, ["sh", "-c", "echo out; echo err >&2"], labels=own)
    frames = made.attach(stream=True, demux=True)
    made.start()
    assert sorted(frames, key=str) == sorted([(b"out\n", None), (None, b"err\n")], key=str)
    assert made.attach(logs=True, stream=False) in (b"out\nerr\n", b"err\nout\n")


def test_stop_kill_restart_pause(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    made.pause()
    made.reload()
    assert made.status == "paused"
    made.unpause()
    made.restart(timeout=0)
    made.reload()
    assert made.status == "running"
    made.stop(timeout=0)
    made.reload()
    assert (made.status, made.attrs["State"]["ExitCode"]) == ("exited", 137)
    made.start()
    made.kill(signal="KILL")
    assert made.wait()["StatusCode"] == 137
    with pytest.raises(APIError) as caught:
        made.kill()
    assert caught.value.status_code == 409


def test_top(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, ["sh", "-c", "echo up; sleep 60; :"], labels=own, detach=True)
    # Until its first output the process may still be the runtime's, about to become the program.
    while made.logs() != b"up\n":
        time.sleep(0.02)
    found = made.top(ps_args="-o pid,args")
    assert found["Titles"] == ["PID", "COMMAND"]
    assert found["Processes"][0][1] == "sh -c echo up; sleep 60; :"


def test_remove(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.run(IMAGE, _FOREVER, labels=own, detach=True)
    with pytest.raises(APIError) as caught:
        made.remove()
    assert caught.value.status_code == 409
    made.remove(force=True, v=True)
    with pytest.raises(NotFound):
        made.reload()


def test_prune(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.create(IMAGE, "true", labels=own)
    answer = client.containers.prune(filters={"label": f"stst={own['stst']}"})
    assert answer["ContainersDeleted"] == [made.id]
    assert answer["SpaceReclaimed"] >= 0


def test_resize_of_what_does_not_run(client: docker.DockerClient, own: dict[str, str]) -> None:
    made = client.containers.create(IMAGE, "sh", labels=own, tty=True)
    with pytest.raises(APIError) as caught:
        made.resize(height=10, width=10)
    assert caught.value.status_code == 409
