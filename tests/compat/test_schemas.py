"""Our answers have the fields and types that the Engine API's document gives them, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from sampan.client.api import Client
from sampan.testing.busybox_rootfs import TEST_IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest

_SCHEMAS = json.loads((Path(__file__).parents[1] / "golden/api/schema-v1.51.json").read_text())


@pytest.fixture
def client(engine: EngineUnderTest) -> Client:
    return Client(engine.url)


@pytest.fixture
def running(cli: DockerCli) -> Iterator[str]:
    ref = cli("run", "-d", "-m", "64m", "--tmpfs", "/t", "--expose", "80", TEST_IMAGE, "sleep", "100").line
    yield ref
    cli("rm", "-f", ref, code=None)


def _check(operation: str, answer: object) -> None:
    jsonschema.validate(answer, _SCHEMAS[operation])
    assert answer, f"{operation} answered nothing to check"


def test_containers(client: Client, running: str) -> None:
    _check("GET /containers/json", client.get("/containers/json", [("all", "1"), ("size", "1")]))
    _check("GET /containers/{id}/json", client.get(f"/containers/{running}/json", [("size", "1")]))
    _check("GET /containers/{id}/top", client.get(f"/containers/{running}/top"))
    made = client.post("/containers/create", (), json.dumps({"Image": TEST_IMAGE, "Cmd": ["true"]}).encode())
    _check("POST /containers/create", made)
    created = str(cast("dict[str, object]", made)["Id"])
    _check("POST /containers/{id}/wait", client.post(f"/containers/{created}/wait"))
    filters = json.dumps({"label": {"no-such-label": True}})
    _check("POST /containers/prune", client.post("/containers/prune", [("filters", filters)]))
    client.delete(f"/containers/{created}")


def test_execs(client: Client, running: str) -> None:
    body = json.dumps({"Cmd": ["true"], "AttachStdout": True}).encode()
    made = client.post(f"/containers/{running}/exec", (), body)
    _check("POST /containers/{id}/exec", made)
    exec_id = str(cast("dict[str, object]", made)["Id"])
    _check("GET /exec/{id}/json", client.get(f"/exec/{exec_id}/json"))


def test_images(client: Client, cli: DockerCli) -> None:
    _check("GET /images/json", client.get("/images/json"))
    _check("GET /images/{name}/json", client.get(f"/images/{TEST_IMAGE}/json"))
    _check("GET /images/{name}/history", client.get(f"/images/{TEST_IMAGE}/history"))
    filters = json.dumps({"label": {"no-such-label": True}})
    _check("POST /images/prune", client.post("/images/prune", [("filters", filters)]))
    cli("tag", TEST_IMAGE, "sampan-test/schema:1")
    _check("DELETE /images/{name}", client.delete("/images/sampan-test/schema:1"))


def test_the_engine(client: Client, running: str) -> None:
    _check("GET /info", client.get("/info"))
    _check("GET /version", client.get("/version"))
    _check("GET /networks", client.get("/networks"))
    _check("GET /networks/{id}", client.get("/networks/bridge"))
    _check("GET /system/df", client.get("/system/df"))
    events = b"".join(client.stream("GET", "/events", [("since", "1"), ("until", "0s")]))
    for line in events.splitlines():
        event = json.loads(line)
        # Old clients' fields, which the document leaves out.
        for name in ("status", "id", "from"):
            event.pop(name, None)
        _check("GET /events", event)
    assert running in events.decode()
