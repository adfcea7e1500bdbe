"""The rows of the table: what is measured, and the goal."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bench.engines import Names, Sampand, Side, http
from bench.measure import Sample, in_batches, in_turn, memory_mb, summary, timed

_BATCH = 10


class Row(NamedTuple):
    """One line of the table.

    ``goals`` are upper bounds of our value divided by another side's, ``limit`` of our
    value itself.
    """

    name: str
    unit: str
    values: Mapping[str, Sample]
    goals: Mapping[str, float] = {}
    limit: float | None = None


def _timing(sides: Sequence[Side], words: Callable[[Side], Sequence[str]]) -> dict[str, Callable[[], float]]:
    """For each side, an action that times its command."""
    return {side.name: functools.partial(side.time, *words(side)) for side in sides}


def run_rm(sides: Sequence[Side], rounds: int) -> Row:
    """A whole life on the default bridge, as the CLI sees it."""
    actions = _timing(sides, lambda side: ["run", "--rm", side.image, "true"])
    return Row("`run --rm busybox true`", "ms", in_turn(actions, rounds), {"Docker": 0.25, "Podman": 0.33})


def exec_true(sides: Sequence[Side], rounds: int, names: Names) -> list[Row]:
    """An exec in a running container: sides in turn, and each in a loop of its own."""
    (name,) = names.next(1)
    for side in sides:
        side.call("run", "-d", "--name", name, side.image, "sleep", "1000")
    actions = _timing(sides, lambda _: ["exec", name, "true"])
    rows = [
        Row("`exec` true, sides in turn", "ms", in_turn(actions, rounds), {"Docker": 0.4}),
        Row("`exec` true, each side in a loop", "ms", in_batches(actions, rounds), {"Docker": 0.4}),
    ]
    for side in sides:
        side.remove([name])
    return rows


def create_and_start(sides: Sequence[Side], count: int, names: Names) -> Row:
    """``count`` containers one after the other, left running; in turns of ten."""
    total = dict.fromkeys((side.name for side in sides), 0.0)
    made = names.next(count)
    for first in range(0, count, _BATCH):
        for side in sides:
            for name in made[first : first + _BATCH]:
                total[side.name] += side.time("run", "-d", "--name", name, side.image, "sleep", "1000")
    for side in sides:
        side.remove(made)
    return Row(
        f"create and start {count} containers", "ms", {name: summary([ms]) for name, ms in total.items()}
    )


def start_together(sides: Sequence[Side], count: int, rounds: int, names: Names) -> Row:
    """``count`` containers that exist already, started at once."""

    def action(side: Side) -> float:
        made = names.next(count)
        for name in made:
            side.call("create", "--name", name, side.image, "sleep", "1000")
        took = side.time_together([["start", name] for name in made])
        side.remove(made)
        return took

    actions = {side.name: functools.partial(action, side) for side in sides}
    values = in_turn(actions, rounds, warm_up=0)
    return Row(f"`start` of {count} containers at once", "ms", values, {"Docker": 0.4})


def list_stopped(sides: Sequence[Side], count: int, rounds: int, names: Names) -> Row:
    """``ps -a`` with ``count`` containers that do not run."""
    made = names.next(count)
    for side in sides:
        for name in made:
            side.call("create", "--name", name, side.image, "true")
    values = in_turn(_timing(sides, lambda _: ["ps", "-a"]), rounds)
    for side in sides:
        side.remove(made)
    return Row(f"`ps -a` of {count} stopped containers", "ms", values, {"Docker": 1.0})


def daemon_memory(sides: Sequence[Side], when: str) -> list[Row]:
    """Resident and proportional memory of the daemons, in one look."""
    with_daemons = [side for side in sides if side.daemons]
    values = {
        field: {side.name: summary([memory_mb(side.daemons, field)]) for side in with_daemons}
        for field in ("Rss", "Pss")
    }
    return [
        Row(f"daemon's memory {when} (RSS)", "MB", values["Rss"], {"Docker": 0.4}, 60),
        Row(f"daemon's memory {when} (PSS)", "MB", values["Pss"], {"Docker": 0.4}),
    ]


def memory_per_container(sides: Sequence[Side], count: int, names: Names) -> Row:
    """What stands beside each running container: conmon or containerd's shim."""
    values = {}
    for side in sides:
        made = names.next(count)
        ids = [
            side.call("run", "-d", "--name", name, side.image, "sleep", "1000").split()[-1] for name in made
        ]
        monitors = side.monitors(ids)
        if len(monitors) != count:
            raise RuntimeError(f"{side.name}: {len(monitors)} monitors of {count} containers")
        values[side.name] = summary([memory_mb(monitors) / count])
        side.remove(made)
    return Row("memory per running container, outside it (PSS)", "MB", values, limit=3)


def start_up(rounds: int) -> Row:
    """From the start of ``sampand``'s process, on an empty root, to its answer to a ping."""
    times = []
    for _ in range(rounds):
        with contextlib.closing(Sampand()) as daemon:

            def work(daemon: Sampand = daemon) -> None:
                daemon.start()
                http(daemon.socket, "GET", "/_ping")

            times.append(timed(work))
    return Row("`sampand` from its start to answering", "ms", {"Sampan": summary(times)}, limit=500)
