"""Marking: what is kept, what goes, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sampan.gc.mark import SnapshotNode, dead_blobs, dead_snapshots


def node(key: str, parent: str | None = None, *, rooted: bool = False) -> SnapshotNode:
    return SnapshotNode(key=key, parent=parent, rooted=rooted)


def test_blobs_that_nothing_names_are_dead() -> None:
    assert dead_blobs(["a", "b", "c"], frozenset({"b"})) == ["a", "c"]


def test_children_go_before_parents() -> None:
    nodes = [node("a"), node("b", "a"), node("c", "b")]
    assert dead_snapshots(nodes, frozenset()) == ["c", "b", "a"]


def test_what_lies_below_something_live_stays() -> None:
    nodes = [node("a"), node("b", "a"), node("c", "b"), node("root", "b", rooted=True), node("d", "a")]
    assert dead_snapshots(nodes, frozenset()) == ["c", "d"]
    assert dead_snapshots(nodes, frozenset({"c"})) == ["d"]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=20), st.sets(st.integers(0, 20)))
def test_only_and_all_of_the_unreachable_goes(shape: list[tuple[int, bool]], live: set[int]) -> None:
    nodes = [
        node(str(number), str(parent) if parent < number else None, rooted=rooted)
        for number, (parent, rooted) in enumerate(shape)
    ]
    dead = dead_snapshots(nodes, frozenset(str(number) for number in live))
    parents = {one.key: one.parent for one in nodes}
    kept = set(parents) - set(dead)
    for one in nodes:
        if one.rooted or int(one.key) in live:
            assert one.key in kept
        if one.key in kept and one.parent is not None:
            assert one.parent in kept
    for key in kept:
        assert any(_reaches(root, key, parents) for root in nodes if root.rooted or int(root.key) in live)
    for position, key in enumerate(dead):
        assert parents[key] not in dead[:position]


def _reaches(root: SnapshotNode, key: str, parents: dict[str, str | None]) -> bool:
    current: str | None = root.key
    while current is not None:
        if current == key:
            return True
        current = parents[current]
    return False
