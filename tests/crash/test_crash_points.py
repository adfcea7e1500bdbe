"""The daemon dies at every named point of a container's life, and comes back."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest

from sampan.linux.fault import POINTS
from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE

_COMMAND = ("sh", "-c", "echo first; sleep 0.15; echo last; exit 7")


def _found(engine: Any, name: str) -> dict[str, Any] | None:
    answer = engine.cli("container", "inspect", name, code=None)
    return None if answer.exit_code else dict(json.loads(answer.out)[0])


def _settle(engine: Any, name: str) -> dict[str, Any] | None:
    """The container when it does not run any more, None if there is none."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = _found(engine, name)
        if found is None or found["State"]["Status"] in ("created", "exited"):
            return found
        time.sleep(0.02)
    pytest.fail(f"{name} is still {found and found['State']}")


def _moment(text: str) -> float:
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


@pytest.mark.parametrize("point", POINTS)
def test_death_in_a_whole_life(engine: Any, point: str) -> None:
    """``run``, ``wait`` and ``rm`` meet every point."""
    cli, name = engine.cli, engine.cli.name()
    engine.daemon.stop()
    engine.daemon.start({"SAMPAN_FAULT": point})
    for step in (("run", "-d", "--name", name, IMAGE, *_COMMAND), ("wait", name), ("rm", name)):
        if cli(*step, code=None).exit_code:
            break
    engine.daemon.wait_killed()
    engine.restart()

    found = _settle(engine, name)
    phase = point.partition(".")[0]
    if found is None:
        # Nothing was stored yet, or the removal was finished.
        assert point == "create.prepared" or phase == "remove"
        return
    assert point != "create.prepared"
    state = found["State"]
    if phase in ("exit", "remove"):
        assert (state["Status"], state["ExitCode"]) == ("exited", 7)
        assert cli("logs", name).lines == ["first", "last"]
        assert 0.1 < _moment(state["FinishedAt"]) - _moment(state["StartedAt"]) < 2
    # Whatever became of it, it can be started again, ends as it should, and can be removed.
    cli("start", name)
    assert cli("wait", name).line == "7"
    assert cli("logs", name).lines[-2:] == ["first", "last"]
    cli("rm", name)


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith(("exit", "remove"))])
def test_death_while_a_running_one_is_removed(engine: Any, point: str) -> None:
    name = engine.cli.name()
    engine.cli("run", "-d", "--name", name, IMAGE, "sleep", "60")
    engine.daemon.kill()
    engine.daemon.start({"SAMPAN_FAULT": point})
    engine.cli("rm", "-f", name, code=None)
    engine.daemon.wait_killed()
    engine.restart()
    found = _settle(engine, name)
    if found is not None:
        assert found["State"]["ExitCode"] == 137
        engine.cli("rm", "-f", name)


def test_names_of_the_dead_are_free_again(engine: Any) -> None:
    name = engine.cli.name()
    engine.daemon.stop()
    engine.daemon.start({"SAMPAN_FAULT": "create.prepared"})
    engine.cli("create", "--name", name, IMAGE, "true", code=None)
    engine.daemon.wait_killed()
    engine.restart()
    engine.cli("create", "--name", name, IMAGE, "true")
