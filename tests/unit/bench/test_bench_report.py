"""The benchmark's arithmetic and its table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from bench.measure import Sample, in_batches, in_turn, memory_mb, processes, summary
from bench.report import HEADER, cells, document, page, ratio, reached, table
from bench.rows import Row

ROW = Row("x", "ms", {"Sampan": Sample(10, 9), "Docker": Sample(50, 40)}, {"Docker": 0.25, "Podman": 0.33})


def _counting(order: list[str], name: str, values: list[float]) -> Callable[[], float]:
    def action() -> float:
        order.append(name)
        return values.pop(0)

    return action


def test_a_summary_is_median_and_least() -> None:
    assert summary([3.0, 1.0, 2.0]) == Sample(2.0, 1.0)
    assert summary([4.0, 1.0]) == Sample(2.5, 1.0)
    with pytest.raises(ValueError, match="nothing"):
        summary([])


def test_sides_take_turns_and_warming_up_does_not_count() -> None:
    order: list[str] = []
    actions = {name: _counting(order, name, [99.0, 1.0, 3.0]) for name in ("a", "b")}
    found = in_turn(actions, rounds=2, warm_up=1)
    assert order == ["a", "b"] * 3
    assert found == {"a": Sample(2.0, 1.0), "b": Sample(2.0, 1.0)}


def test_batches_finish_one_side_first() -> None:
    order: list[str] = []
    actions = {name: _counting(order, name, [99.0, 1.0, 3.0]) for name in ("a", "b")}
    found = in_batches(actions, rounds=2, warm_up=1)
    assert order == ["a"] * 3 + ["b"] * 3
    assert found["b"] == Sample(2.0, 1.0)


def test_ratios_are_of_medians() -> None:
    assert ratio(ROW, "Docker") == 0.2
    assert ratio(ROW, "Podman") is None


def test_goals_are_judged_where_both_sides_are_known() -> None:
    assert reached(ROW) is True
    assert reached(ROW._replace(goals={"Docker": 0.1})) is False
    assert reached(ROW._replace(goals={"Podman": 0.33})) is None
    with_podman = {**ROW.values, "Podman": Sample(20, 20)}
    assert reached(ROW._replace(values=with_podman)) is False


def test_a_limit_holds_beside_ratios() -> None:
    alone = Row("y", "MB", {"Sampan": Sample(61, 61)}, {"Docker": 0.4}, 60)
    assert reached(alone) is False
    assert reached(alone._replace(limit=61)) is True
    assert reached(alone._replace(limit=None)) is None


def test_cells_show_median_least_ratio_and_verdict() -> None:
    assert cells(ROW) == [
        "x, ms",
        "10.0 (9.0)",
        "50.0 (40.0)",
        "",
        "0.20",
        "",
        "0.25 of Docker, 0.33 of Podman",
        "yes",
    ]
    once = Row("y", "MB", {"Sampan": Sample(2, 2)}, limit=3)
    assert cells(once) == ["y, MB", "2.0", "", "", "", "", "3 MB", "yes"]


def test_every_line_of_the_table_has_every_column() -> None:
    lines = table([ROW, ROW._replace(name="longer")]).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(HEADER) + 1}
    assert len({len(line) for line in lines}) == 1


def test_the_page_names_no_host() -> None:
    text = page([ROW], 5, 1.25)
    assert table([ROW]) in text
    assert "median of 5 rounds" in text
    assert "before the run 1.2" in text
    assert os.uname().nodename not in text


def test_the_document_is_plain_json() -> None:
    told = json.loads(json.dumps(document([ROW], 5, 1.25)))
    assert told["rows"][0]["values"]["Docker"] == {"median": 50, "least": 40}
    assert told["rows"][0]["ratios"] == {"Docker": 0.2}
    assert told["rows"][0]["reached"] is True
    assert set(told["machine"]) == {"cores", "kernel", "cgroup", "load_before"}


def test_processes_are_found_by_program_and_words() -> None:
    with open("/proc/self/cmdline", "rb") as file:
        words = file.read().decode().split("\0")
    program = words[0].rpartition("/")[2]
    assert os.getpid() in processes([program])
    assert os.getpid() in processes([program], [words[1]])
    assert os.getpid() not in processes([program], ["no such word anywhere"])
    assert memory_mb([os.getpid()]) > 1
