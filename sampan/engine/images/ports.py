"""What the image use cases need of other folders."""

from __future__ import annotations

import dataclasses
from typing import Protocol


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContainerUse:
    """A container made from an image."""

    id: str
    name: str
    running: bool


class ImageUsage(Protocol):
    """Who uses an image."""

    def containers_of(self, image_id: str) -> list[ContainerUse]:
        """The containers made from it."""


class SnapshotDirectories(Protocol):
    """Where a snapshot lies on the disk."""

    def directories(self, key: str) -> dict[str, str]:
        """Its directories by the names of Docker's inspection. Raises NotFound."""


class TrashSweep(Protocol):
    """The slow part of removing snapshots."""

    def sweep(self) -> int:
        """Delete the files of removed snapshots. Blocking."""
