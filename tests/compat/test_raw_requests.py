"""Requests that are wrong: a clear 4xx, the engine unmoved, nothing changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest
from sampan.testing.raw_api import RawApi

_UNKNOWN = "stst-nobody"


@pytest.fixture
def api(engine: EngineUnderTest, cli: DockerCli) -> RawApi:
    """Bare requests to the engine."""
    return RawApi(engine.socket)


def _assert_refused(answer: tuple[int, Any], status: int | tuple[int, ...]) -> str:
    found, body = answer
    assert found in (status if isinstance(status, tuple) else (status,)), (found, body)
    assert set(body) == {"message"}
    return str(body["message"])


def test_ping(api: RawApi, engine: EngineUnderTest) -> None:
    for method in ("GET", "HEAD"):
        with api.connect() as connection:
            connection.request(method, "/_ping")
            status, headers = connection.head()
        assert status == 200
        assert headers["api-version"]
        assert headers["ostype"] == "linux"
        assert headers["cache-control"] == "no-cache, no-store, must-revalidate"
        assert headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/containers/{}/json", 404),
        ("POST", "/containers/{}/start", 404),
        ("POST", "/containers/{}/stop", 404),
        ("POST", "/containers/{}/kill", 404),
        ("POST", "/containers/{}/wait", 404),
        ("POST", "/containers/{}/pause", 404),
        ("POST", "/containers/{}/rename?name=x", 404),
        ("GET", "/containers/{}/logs?stdout=1", 404),
        ("GET", "/containers/{}/top", 404),
        ("DELETE", "/containers/{}", 404),
        ("GET", "/exec/{}/json", 404),
        ("POST", "/exec/{}/resize?h=1&w=1", 404),
        ("GET", "/images/{}/json", 404),
        ("GET", "/images/{}/history", 404),
        ("DELETE", "/images/{}", 404),
        ("GET", "/networks/{}", 404),
        ("GET", "/no/such/route", 404),
    ],
)
def test_unknown_things(api: RawApi, method: str, target: str, status: int) -> None:
    assert _assert_refused(api(method, "/v1.45" + target.format(_UNKNOWN)), status)


def test_unknown_exec_start(api: RawApi) -> None:
    assert "No such exec instance" in _assert_refused(api("POST", f"/v1.45/exec/{_UNKNOWN}/start", {}), 404)


@pytest.mark.parametrize("version", ["v1.23", "v0.1", "v9.99"])
def test_versions_that_are_not_served(api: RawApi, version: str) -> None:
    message = _assert_refused(api("GET", f"/{version}/version"), 400)
    assert "too old" in message or "too new" in message


@pytest.mark.parametrize("prefix", ["", "/v1.24", "/v1.45"])
def test_versions_that_are(api: RawApi, prefix: str) -> None:
    status, body = api("GET", f"{prefix}/version")
    assert (status, body["Os"]) == (200, "linux")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"Image": 5}',
        b'{"Image": "busybox", "Cmd": {"a": 1}}',
        b'{"Image": "busybox", "Env": "A=1"}',
        b'{"HostConfig": []}',
        b'{"Image": "busybox", "HostConfig": {"Memory": "lots"}}',
        b'{"Image": "busybox"} trailing',
        b"\xff\xfe",
    ],
)
def test_malformed_bodies_of_create(api: RawApi, cli: DockerCli, body: bytes) -> None:
    _assert_refused(api("POST", f"/v1.45/containers/create?name=stst-{cli.token}", body), (400, 404))
    assert api("GET", f"/v1.45/containers/stst-{cli.token}/json")[0] == 404


def test_body_of_another_type(api: RawApi) -> None:
    message = _assert_refused(
        api("POST", "/v1.45/containers/create", b"{}", Content_Type="text/plain"), (400, 415)
    )
    assert "Content-Type" in message


def test_attach_to_an_unknown_container(api: RawApi) -> None:
    with api.connect() as connection:
        # Docker 26 answers this with text on a stream that it has taken over already.
        connection.request("POST", f"/v1.45/containers/{_UNKNOWN}/attach?stream=1&stdout=1")
        assert connection.head()[0] == 404


def test_create_without_an_image_and_with_an_unknown_one(api: RawApi, engine: EngineUnderTest) -> None:
    if engine.is_ours:
        # Docker makes a container that can never run.
        _assert_refused(api("POST", "/v1.45/containers/create", {"Cmd": ["true"]}), (400, 404))
    message = _assert_refused(api("POST", "/v1.45/containers/create", {"Image": "stst-nothing"}), 404)
    assert "No such image: stst-nothing" in message


@pytest.mark.parametrize(
    "config",
    [
        {"HostConfig": {"Memory": 1}},
        {"HostConfig": {"Memory": -5}},
        {"HostConfig": {"NanoCpus": 10**15}},
        {"HostConfig": {"Binds": ["/tmp:/x:nonsense"]}},
        {"HostConfig": {"Binds": ["/a:not-absolute"]}},
        {"HostConfig": {"CapAdd": ["NO_SUCH"]}},
        {"HostConfig": {"RestartPolicy": {"Name": "sometimes"}}},
        {"HostConfig": {"NetworkMode": "container:"}},
        {"HostConfig": {"IpcMode": "nonsense"}},
        {"HostConfig": {"PidMode": "nonsense"}},
        {"HostConfig": {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}},
        {"WorkingDir": "relative"},
        {"StopSignal": "SIGNOSUCH"},
    ],
    ids=str,
)
def test_settings_that_make_no_sense(api: RawApi, cli: DockerCli, config: dict[str, Any]) -> None:
    body = {"Image": IMAGE, "Cmd": ["true"], "Labels": {"stst": cli.token}, **config}
    status, answer = api("POST", f"/v1.45/containers/create?name=stst-{cli.token}", body)
    if status == 201:
        # Docker finds some of them out when the container is started.
        status, answer = api("POST", f"/v1.45/containers/{answer['Id']}/start")
    assert 400 <= status < 500 or (status == 500 and answer["message"]), (status, answer)
    assert cli("ps", "-q", "--filter", f"name=stst-{cli.token}").out == ""


def test_unknown_log_driver(api: RawApi, cli: DockerCli, engine: EngineUnderTest) -> None:
    if not engine.is_ours:
        return  # Docker looks for a plugin of that name for 15 s.
    body = {"Image": IMAGE, "HostConfig": {"LogConfig": {"Type": "no-such-driver"}}}
    _assert_refused(api("POST", f"/v1.45/containers/create?name=stst-{cli.token}", body), 400)


@pytest.mark.parametrize(
    "query",
    [
        "containers/json?limit=many",
        "containers/json?filters={",
        "containers/json?filters=%5B%5D",
        'containers/json?filters={"nosuch":["1"]}',
        'containers/json?filters={"status":["nosuch"]}',
        'images/json?filters={"nosuch":["1"]}',
        "events?since=yesterday&until=now",
    ],
)
def test_bad_queries(api: RawApi, query: str) -> None:
    target = "/v1.45/" + query.replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
    status, body = api("GET", target)
    # Docker answers some of these with 500.
    assert status in (400, 500), body
    assert body["message"]


def test_our_answers_to_bad_queries_are_never_500(api: RawApi, engine: EngineUnderTest) -> None:
    if not engine.is_ours:
        return
    for query in (
        "containers/json?limit=many",
        "containers/json?filters=%7B",
        "events?since=yesterday&until=now",
    ):
        _assert_refused(api("GET", f"/v1.51/{query}"), 400)


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a b", "x" * 10_000, "%00"])
def test_bad_names(api: RawApi, cli: DockerCli, name: str) -> None:
    body = {"Image": IMAGE, "Cmd": ["true"], "Labels": {"stst": cli.token}}
    status, _ = api("POST", f"/v1.45/containers/create?name={name.replace(' ', '%20')}", body)
    if name in ("", "x" * 10_000):
        # An empty name asks for a generated one; Docker sets no limit to a name's length.
        assert status in (201, 400)
    else:
        assert status == 400


def test_states_that_do_not_fit(api: RawApi, cli: DockerCli) -> None:
    ref = cli("create", IMAGE, "true").line
    assert "is not running" in _assert_refused(api("POST", f"/v1.45/containers/{ref}/kill"), 409).lower()
    assert "is not running" in _assert_refused(api("POST", f"/v1.45/containers/{ref}/pause"), 409).lower()
    assert "is not running" in _assert_refused(
        api("POST", f"/v1.45/containers/{ref}/exec", {"Cmd": ["true"]}), 409
    )
    assert api("POST", f"/v1.45/containers/{ref}/stop") == (304, None)
    running = cli("run", "-d", IMAGE, "sleep", "60").line
    assert api("POST", f"/v1.45/containers/{running}/start") == (304, None)
    _assert_refused(api("DELETE", f"/v1.45/containers/{running}"), 409)


def test_exec_without_a_command(api: RawApi, cli: DockerCli) -> None:
    running = cli("run", "-d", IMAGE, "sleep", "60").line
    message = _assert_refused(api("POST", f"/v1.45/containers/{running}/exec", {"Cmd": []}), 400)
    assert message.lower() == "no exec command specified"


def test_paths_that_climb(api: RawApi) -> None:
    for path in (
        "/v1.45/containers/../../etc/passwd/json",
        "/v1.45/images/%2e%2e%2fetc/json",
        "/v1.45/containers/%00/json",
    ):
        with api.connect() as connection:
            connection.request("GET", path)
            status, _ = connection.head()
        assert status in (301, 400, 404), path


def test_a_body_that_is_cut_short(api: RawApi, cli: DockerCli, engine: EngineUnderTest) -> None:
    if not engine.is_ours:
        return  # Docker's decoder is content with the part that came.
    body = json.dumps({"Image": IMAGE, "Cmd": ["true"], "Labels": {"stst": cli.token}}).encode()
    with api.connect() as connection:
        head = f"POST /v1.45/containers/create?name=stst-{cli.token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.send(f"{head}Content-Length: {len(body) + 50}\r\n\r\n".encode() + body)
        connection.end_input()
        connection.rest()
    assert api("GET", f"/v1.45/containers/stst-{cli.token}/json")[0] == 404


def test_no_http_at_all(api: RawApi) -> None:
    with api.connect() as connection:
        connection.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert b" 400 " in connection.rest()
    assert api("GET", "/v1.45/version")[0] == 200


def test_connections_are_kept(api: RawApi) -> None:
    with api.connect() as connection:
        for _ in range(3):
            connection.request("GET", "/v1.45/version")
            assert connection.answer()[0] == 200
        connection.request("GET", f"/v1.45/containers/{_UNKNOWN}/json")
        assert connection.answer()[0] == 404
        connection.request("GET", "/v1.45/version")
        assert connection.answer()[0] == 200
