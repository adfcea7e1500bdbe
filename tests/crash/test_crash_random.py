"""The daemon dies at moments that nobody chose, with containers running, starting and stopping."""

from __future__ import annotations

import json
import random
import threading
import time
from datetime import datetime
from typing import Any

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE


def _moment(text: str) -> float:
    return datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp()


def _state(engine: Any, ref: str) -> dict[str, Any]:
    return dict(json.loads(engine.cli.format(ref, "{{json .State}}")))


def test_an_end_while_the_daemon_is_dead(engine: Any) -> None:
    began = time.time()
    ref = engine.cli("run", "-d", IMAGE, "sh", "-c", "sleep 0.3; echo end; exit 9").line
    removed = engine.cli("run", "-d", "--rm", IMAGE, "sleep", "0.3").line
    engine.daemon.kill()
    time.sleep(1.0)
    back = time.time()
    engine.restart()
    state = _state(engine, ref)
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 9, 0)
    assert began + 0.25 < _moment(state["FinishedAt"]) < back - 0.3
    assert engine.cli("wait", ref).line == "9"
    assert engine.cli("logs", ref).line == "end"
    for _ in range(100):
        if removed not in engine.cli("ps", "-aq", "--no-trunc").out:
            break
    else:
        pytest.fail("auto-remove did not happen")


def test_an_out_of_memory_end_while_the_daemon_is_dead(engine: Any) -> None:
    script = "sleep 0.3; tail -c 200000000 /dev/zero; exit $?"
    ref = engine.cli("run", "-d", "-m", "16m", "--memory-swap", "16m", IMAGE, "sh", "-c", script).line
    engine.daemon.kill()
    time.sleep(0.8)
    engine.restart()
    state = _state(engine, ref)
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


def test_everything_works_on_what_survived(engine: Any) -> None:
    cli = engine.cli
    ref = cli("run", "-di", "-e", "A=1", IMAGE, "sh", "-c", "read w; echo got $w; exit 4").line
    address = cli.format(ref, "{{.NetworkSettings.Networks.bridge.IPAddress}}")
    engine.daemon.kill()
    engine.restart()
    assert cli.format(ref, "{{.NetworkSettings.Networks.bridge.IPAddress}}") == address
    assert cli("exec", ref, "sh", "-c", "echo $A; hostname -i").lines == ["1", address]
    assert cli("top", ref).lines[1].endswith("exit 4")
    cli("pause", ref)
    engine.daemon.kill()
    engine.restart()
    assert _state(engine, ref)["Status"] == "paused"
    cli("unpause", ref)
    other = cli("run", "-d", IMAGE, "sleep", "60").line
    assert cli.format(other, "{{.NetworkSettings.Networks.bridge.IPAddress}}") != address
    assert cli("attach", ref, stdin=b"it\n", code=4).line == "got it"
    cli("stop", "-t", "0", other)
    assert _state(engine, other)["ExitCode"] == 137


def test_a_daemon_that_stops_politely_leaves_containers_running(engine: Any) -> None:
    ref = engine.cli("run", "-d", IMAGE, "sleep", "60").line
    pid = _state(engine, ref)["Pid"]
    engine.daemon.stop()
    engine.restart()
    state = _state(engine, ref)
    assert (state["Running"], state["Pid"]) == (True, pid)


@pytest.mark.parametrize("seed", range(2))
def test_kills_in_the_middle_of_much_work(engine: Any, seed: int) -> None:
    chance = random.Random(seed)
    steady = engine.cli(
        "run", "-d", IMAGE, "sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); usleep 10000; done"
    ).line
    stop = threading.Event()

    def churn(number: int) -> None:
        cli = engine.cli
        while not stop.is_set():
            name = cli.name(str(number))
            cli("run", "--rm", "--name", name, IMAGE, "true", code=None)
            cli("run", "-d", "--name", f"{name}-d", IMAGE, "sh", "-c", "usleep 50000; exit 3", code=None)
            cli("rm", "-f", f"{name}-d", code=None)

    workers = [threading.Thread(target=churn, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(3):
            time.sleep(chance.uniform(0.02, 0.5))
            engine.daemon.kill()
            engine.restart()
    finally:
        stop.set()
        for worker in workers:
            worker.join(30)
    assert _state(engine, steady)["Running"]
    lines = engine.cli("logs", steady).lines
    assert lines == [str(i) for i in range(len(lines))]
    # Each container is whole: it has ended as it should, never ran, or still runs.
    for ref in engine.cli("ps", "-aq", "--no-trunc", "--filter", "status=exited").lines:
        assert _state(engine, ref)["ExitCode"] in (0, 3, 137), engine.cli("inspect", ref).out
    for ref in engine.cli("ps", "-aq", "--no-trunc", "--filter", "status=created").lines:
        engine.cli("start", ref)
        engine.cli("wait", ref, code=None)
