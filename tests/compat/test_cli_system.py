"""docker events, version, info, system df through the stock CLI."""

from __future__ import annotations

import json
import time
from typing import Any

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli
from sampan.testing.engine_under_test import EngineUnderTest


def _events(cli: DockerCli, since: float, *filters: str) -> list[dict[str, Any]]:
    flags = [part for text in filters for part in ("--filter", text)]
    answer = cli(
        *("events", "--since", f"{since:.9f}", "--until", f"{time.time():.9f}", "--format", "{{json .}}"),
        *flags,
    )
    return [json.loads(line) for line in answer.lines]


def test_run_s_events_in_order(cli: DockerCli) -> None:
    name, since = cli.name(), time.time()
    cli("run", "--rm", "--name", name, "-l", "colour=red", IMAGE, "sh", "-c", "exit 3", code=3)
    found = _events(cli, since, f"container={name}", "type=container")
    assert [event["Action"] for event in found] == ["create", "attach", "start", "die", "destroy"]
    by_action = {event["Action"]: event for event in found}
    attributes = by_action["die"]["Actor"]["Attributes"]
    assert attributes["exitCode"] == "3"
    assert (attributes["name"], attributes["image"], attributes["colour"]) == (name, IMAGE, "red")
    assert "execDuration" in attributes
    assert len({event["Actor"]["ID"] for event in found}) == 1
    assert all(event["scope"] == "local" and event["timeNano"] // 10**9 == event["time"] for event in found)
    assert [event["timeNano"] for event in found] == sorted(event["timeNano"] for event in found)


def test_events_as_they_come(cli: DockerCli) -> None:
    name = cli.name()
    flags = ("--filter", f"container={name}", "--filter", "type=container", "--format", "{{.Action}}")
    # From a past moment on, so that nothing is missed while the client connects.
    with cli.start("events", "--since", f"{time.time():.3f}", *flags) as watching:
        assert watching.stdout is not None
        cli("run", "-d", "--name", name, IMAGE, "sleep", "60")
        assert [watching.stdout.readline() for _ in range(2)] == [b"create\n", b"start\n"]
        cli("kill", name)
        found = {watching.stdout.readline() for _ in range(2)}
        assert found == {b"kill\n", b"die\n"}
        watching.kill()


def test_life_s_events(cli: DockerCli) -> None:
    name, other, since = cli.name(), cli.name(), time.time()
    cli("create", "--name", name, IMAGE, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.02; done")
    cli("start", name)
    cli("pause", name)
    cli("unpause", name)
    cli("exec", name, "true")
    cli("rename", name, other)
    cli("stop", "-t", "1", other)
    cli("rm", other)
    found = [
        event["Action"].split(":")[0]
        for event in _events(cli, since, "type=container", f"label=stst={cli.token}")
    ]
    assert found[:9] == [
        "create",
        "start",
        "pause",
        "unpause",
        "exec_create",
        "exec_start",
        "exec_die",
        "rename",
        "kill",
    ]
    # "stop" comes from whoever waits for the end, so its place beside "die" may vary.
    rest = [action for action in found[9:] if action != "kill"]
    assert sorted(rest[:2]) == ["die", "stop"]
    assert rest[2:] == ["destroy"]


def test_signals_are_told(cli: DockerCli) -> None:
    since = time.time()
    ref = cli("run", "-d", IMAGE, "sleep", "60").line
    cli("kill", "-s", "KILL", ref)
    cli("wait", ref)
    (event,) = [event for event in _events(cli, since, f"container={ref}") if event["Action"] == "kill"]
    assert event["Actor"]["Attributes"]["signal"] == "9"


def test_image_events(cli: DockerCli, image_name: str) -> None:
    since = time.time()
    cli("tag", IMAGE, f"{image_name}:a")
    cli("rmi", f"{image_name}:a")
    found = [
        (event["Action"], event["Actor"]["Attributes"]["name"])
        for event in _events(cli, since, "type=image")
        if image_name in event["Actor"]["Attributes"].get("name", "")
    ]
    assert found[0] == ("tag", f"{image_name}:a")


def test_event_filters(cli: DockerCli) -> None:
    since = time.time()
    ref = cli("create", "-l", "colour=green", IMAGE, "true").line
    assert [event["Action"] for event in _events(cli, since, f"container={ref}", "event=create")] == [
        "create"
    ]
    assert _events(cli, since, f"container={ref}", "event=start") == []
    assert [event["id"] for event in _events(cli, since, "label=colour=green", f"container={ref}")] == [ref]
    assert _events(cli, since, "label=colour=blue", f"container={ref}") == []
    assert _events(cli, since, f"container={ref}", "type=network") == []


def test_version(cli: DockerCli, engine: EngineUnderTest) -> None:
    found = json.loads(cli("version", "--format", "{{json .Server}}").out)
    assert (found["Os"], found["Arch"]) == ("linux", "amd64")
    assert found["MinAPIVersion"] == "1.24"
    assert found["ApiVersion"] == ("1.51" if engine.is_ours else "1.45")
    assert found["KernelVersion"]


def test_info(cli: DockerCli) -> None:
    running = cli("run", "-d", IMAGE, "sleep", "60").line
    found = json.loads(cli("info", "--format", "{{json .}}").out)
    assert running
    assert found["ContainersRunning"] >= 1
    assert found["Containers"] >= found["ContainersRunning"]
    assert found["Images"] >= 1
    assert found["OSType"] == "linux"
    assert found["Driver"] in ("overlay2", "overlayfs", "overlay")
    assert found["CgroupVersion"] in ("1", "2")
    assert any("seccomp" in option for option in found["SecurityOptions"])
    assert found["DefaultRuntime"] in found["Runtimes"]
    assert found["NCPU"] >= 1
    assert found["MemTotal"] > 0
    assert found["ID"]
    assert not found.get("ServerErrors")
    text = cli("info").out
    assert "Server Version:" in text


def test_system_df(cli: DockerCli) -> None:
    cli("create", IMAGE, "true")
    lines = cli("system", "df").lines
    assert lines[0].split()[:3] == ["TYPE", "TOTAL", "ACTIVE"]
    assert {line.split("  ")[0] for line in lines[1:]} >= {"Images", "Containers"}
