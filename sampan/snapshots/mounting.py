"""Carrying out mount specs."""

from __future__ import annotations

from collections.abc import Iterable

from sampan.linux import mounts
from sampan.snapshots.mount_spec import MountSpec


def mount_all(specs: Iterable[MountSpec], target: str) -> None:
    """Mount ``specs`` on ``target``, one upon the other. Raises Unavailable, InternalError."""
    for spec in specs:
        match spec.kind:
            case "bind":
                mounts.bind(spec.source, target, read_only=spec.read_only)
            case "overlay":
                mounts.overlay(
                    target, lower=spec.lower, upper=spec.upper, work=spec.work, read_only=spec.read_only
                )
