"""What is garbage, given what there is and what refers to it (pure)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True, kw_only=True)
class SnapshotNode:
    """A snapshot as the marking sees it. ``rooted``: it is in use by itself, a container's root for one."""

    key: str
    parent: str | None
    rooted: bool


def dead_blobs(blobs: Iterable[str], live: frozenset[str]) -> list[str]:
    """The blobs that nothing refers to."""
    return [digest for digest in blobs if digest not in live]


def dead_snapshots(nodes: Iterable[SnapshotNode], live: frozenset[str]) -> list[str]:
    """The snapshots that are neither live nor below a live one, children before parents."""
    parents: dict[str, str | None] = {}
    kept: set[str] = set()
    order: list[str] = []
    for node in nodes:
        parents[node.key] = node.parent
        order.append(node.key)
        if node.rooted or node.key in live:
            kept.add(node.key)
    for key in tuple(kept):
        parent = parents[key]
        while parent is not None and parent not in kept:
            kept.add(parent)
            parent = parents.get(parent)
    dead = [key for key in order if key not in kept]
    return sorted(dead, key=lambda key: _depth(key, parents), reverse=True)


def _depth(key: str, parents: dict[str, str | None]) -> int:
    depth = 0
    parent = parents[key]
    while parent is not None:
        depth += 1
        parent = parents.get(parent)
    return depth
