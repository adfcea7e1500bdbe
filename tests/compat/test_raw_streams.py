"""Hijacked connections byte by byte: with and without Upgrade, half-closed, raw and multiplexed."""

from __future__ import annotations

import json

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest
from sampan.testing.raw_api import RawApi, streams_of
from sampan.wire.stdcopy import Stream

_UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}
_RAW, _MULTIPLEXED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
_ALL = "stream=1&stdin=1&stdout=1&stderr=1"


@pytest.fixture
def api(engine: EngineUnderTest, cli: DockerCli) -> RawApi:
    """Bare requests to the engine."""
    return RawApi(engine.socket)


def _create(cli: DockerCli, *arguments: str) -> str:
    return cli("create", *arguments).line


@pytest.mark.parametrize("upgrade", [True, False])
def test_attach_before_the_start(api: RawApi, cli: DockerCli, upgrade: bool) -> None:
    ref = _create(cli, "-i", IMAGE, "sh", "-c", "cat; echo err >&2")
    with api.connect() as connection:
        connection.request(
            "POST", f"/v1.45/containers/{ref}/attach?{_ALL}", headers=_UPGRADE if upgrade else None
        )
        status, headers = connection.head()
        if upgrade:
            assert (status, headers["upgrade"].lower(), headers["connection"].lower()) == (
                101,
                "tcp",
                "upgrade",
            )
            assert headers["content-type"] == _MULTIPLEXED
        else:
            assert (status, headers["content-type"]) == (200, _RAW)
        assert "transfer-encoding" not in headers
        assert "content-length" not in headers
        cli("start", ref)
        connection.send(b"some input")
        # The end of the input must not be the end of the output.
        connection.end_input()
        assert streams_of(connection.rest()) == {Stream.STDOUT: b"some input", Stream.STDERR: b"err\n"}


def test_attach_with_a_terminal_is_raw(api: RawApi, cli: DockerCli) -> None:
    ref = _create(cli, "-it", IMAGE, "sh", "-c", "read w; echo got $w")
    with api.connect() as connection:
        connection.request("POST", f"/v1.45/containers/{ref}/attach?{_ALL}", headers=_UPGRADE)
        assert connection.head()[1]["content-type"] == _RAW
        cli("start", ref)
        connection.send(b"it\n")
        assert connection.rest() == b"it\r\ngot it\r\n"


def test_content_type_of_old_versions(api: RawApi, cli: DockerCli) -> None:
    ref = _create(cli, IMAGE, "true")
    with api.connect() as connection:
        connection.request("POST", f"/v1.41/containers/{ref}/attach?{_ALL}", headers=_UPGRADE)
        assert connection.head()[1]["content-type"] == _RAW


def test_attach_to_the_past_and_the_present(api: RawApi, cli: DockerCli) -> None:
    ref = cli("run", "-di", IMAGE, "sh", "-c", "echo before; read w; echo after").line
    while not cli("logs", ref).out:
        pass
    with api.connect() as watching, api.connect() as typing:
        watching.request("POST", f"/v1.45/containers/{ref}/attach?logs=1&stream=1&stdout=1", headers=_UPGRADE)
        watching.head()
        assert b"before\n" in watching.until(b"before\n")
        typing.request("POST", f"/v1.45/containers/{ref}/attach?stream=1&stdin=1", headers=_UPGRADE)
        typing.head()
        typing.send(b"go\n")
        assert streams_of(watching.rest()) == {Stream.STDOUT: b"after\n"}


def test_logs_alone_end(api: RawApi, cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sh", "-c", "echo out; echo err >&2").line
    cli("wait", ref)
    with api.connect() as connection:
        connection.request(
            "POST", f"/v1.45/containers/{ref}/attach?logs=1&stdout=1&stderr=1", headers=_UPGRADE
        )
        assert connection.head()[0] == 101
        assert streams_of(connection.rest()) == {Stream.STDOUT: b"out\n", Stream.STDERR: b"err\n"}


def test_only_the_streams_that_were_asked_for(api: RawApi, cli: DockerCli) -> None:
    ref = _create(cli, IMAGE, "sh", "-c", "echo out; echo err >&2")
    with api.connect() as connection:
        connection.request("POST", f"/v1.45/containers/{ref}/attach?stream=1&stderr=1", headers=_UPGRADE)
        connection.head()
        cli("start", ref)
        assert streams_of(connection.rest()) == {Stream.STDERR: b"err\n"}


@pytest.mark.parametrize("upgrade", [True, False])
@pytest.mark.parametrize("tty", [True, False])
def test_exec(api: RawApi, cli: DockerCli, upgrade: bool, tty: bool) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "60").line
    config = {"Cmd": ["sh", "-c", "read w; echo got $w"], "Tty": tty}
    config |= {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True}
    status, made = api("POST", f"/v1.45/containers/{ref}/exec", config)
    assert status == 201
    with api.connect() as connection:
        body = json.dumps({"Detach": False, "Tty": tty}).encode()
        target = f"/v1.45/exec/{made['Id']}/start"
        connection.request("POST", target, body, headers=_UPGRADE if upgrade else None)
        assert connection.head()[0] == (101 if upgrade else 200)
        connection.send(b"it\n")
        if not tty:
            # Docker takes the end of a terminal's input for leaving.
            connection.end_input()
        rest = connection.rest()
    if tty:
        assert rest == b"it\r\ngot it\r\n"
    else:
        assert streams_of(rest) == {Stream.STDOUT: b"got it\n"}
    status, found = api("GET", f"/v1.45/exec/{made['Id']}/json")
    assert (status, found["Running"], found["ExitCode"]) == (200, False, 0)


def test_input_that_nobody_reads_does_not_hang(api: RawApi, cli: DockerCli) -> None:
    ref = _create(cli, "-i", IMAGE, "sh", "-c", "exec <&-; sleep 0.2; echo end")
    with api.connect() as connection:
        connection.request("POST", f"/v1.45/containers/{ref}/attach?{_ALL}", headers=_UPGRADE)
        connection.head()
        cli("start", ref)
        connection.send(b"x" * 10_000)
        assert streams_of(connection.rest()) == {Stream.STDOUT: b"end\n"}


def test_a_client_that_leaves_hurts_nobody(api: RawApi, cli: DockerCli) -> None:
    ref = cli("run", "-di", IMAGE, "sh", "-c", "while read w; do echo $w; done; echo end").line
    for _ in range(3):
        with api.connect() as connection:
            connection.request("POST", f"/v1.45/containers/{ref}/attach?{_ALL}", headers=_UPGRADE)
            connection.head()
            connection.send(b"word\n")
            assert b"word\n" in connection.until(b"word\n")
    assert cli.format(ref, "{{.State.Running}}") == "true"
    assert cli("logs", ref).lines == ["word"] * 3


def test_logs_stream_type(api: RawApi, cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "echo", "out").line
    cli("wait", ref)
    with api.connect() as connection:
        connection.request("GET", f"/v1.45/containers/{ref}/logs?stdout=1")
        status, headers = connection.head()
        assert (status, headers["content-type"]) == (200, _MULTIPLEXED)


def test_wait_answers_its_head_at_once(api: RawApi, cli: DockerCli) -> None:
    ref = cli("run", "-d", IMAGE, "sleep", "60").line
    with api.connect() as connection:
        connection.request("POST", f"/v1.45/containers/{ref}/wait")
        assert connection.head()[0] == 200
        cli("kill", ref)
        assert b'"StatusCode":137' in connection.until(b"}")
