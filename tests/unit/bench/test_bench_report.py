"""The benchmark's arithmetic and its table."""

from __future__ import annotations

from bench.measure import Sample, in_batches, in_turn, summary
from bench.report import cells, ratio, reached, table
from bench.rows import Row


def test_summaries() -> None:
    assert summary([3.0, 1.0, 2.0]) == Sample(2.0, 1.0)


def test_sides_take_turns_and_warming_up_does_not_count() -> None:
    order: list[str] = []
    found = in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, warm_up=1)
    assert order == ["a", "b"] * 3
    assert set(found) == {"a", "b"}
    order.clear()
    in_batches({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, warm_up=1)
    assert order == ["a"] * 3 + ["b"] * 3


def test_ratios_and_goals() -> None:
    row = Row("x", "ms", {"Sampan": Sample(10, 9), "Docker": Sample(50, 40)}, 0.25)
    assert ratio(row, "Docker") == 0.2
    assert reached(row)
    assert not reached(row._replace(goal=0.1))
    assert ratio(row, "Podman") is None
    alone = Row("y", "MB", {"Sampan": Sample(61, 61)}, 60, goal_is_ratio=False)
    assert reached(alone) is False
    assert reached(alone._replace(goal=None)) is None


def test_the_table_has_a_cell_for_everything() -> None:
    row = Row("x", "ms", {"Sampan": Sample(10, 9), "Docker": Sample(40, 40)}, 0.25)
    assert cells(row) == ["x (ms)", "10.0", "40.0", "", "0.25", "", "0.25", "yes"]
    assert table([row]).count("\n") == 3
