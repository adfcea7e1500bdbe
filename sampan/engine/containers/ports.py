"""What the container use cases need of other folders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sampan.images.record import ImageRecord
from sampan.models.network import EndpointSettings
from sampan.snapshots.mount_spec import MountSpec
from sampan.snapshots.snapshotter import SnapshotInfo


class Snapshots(Protocol):
    """The part of the snapshotter that containers use."""

    def prepare(self, key: str, parent: str | None) -> Sequence[MountSpec]:
        """A new writable state on top of ``parent``."""

    def mounts(self, key: str) -> Sequence[MountSpec]:
        """How to mount it."""

    def exists(self, key: str) -> bool:
        """Whether it is known."""

    def remove(self, key: str) -> None:
        """Forget it; ``sweep`` deletes its files."""

    def sweep(self) -> int:
        """Delete what was removed."""

    def directories(self, key: str) -> dict[str, str]:
        """Its directories by Docker's names."""

    def walk(self) -> Iterable[SnapshotInfo]:
        """Every snapshot."""

    def upper_dir(self, key: str) -> Path:
        """Where its own changes lie."""


class Sandbox(Protocol):
    """A container's network namespace and endpoints."""

    @property
    def id(self) -> str:
        """Its id, empty without a sandbox."""

    @property
    def key_path(self) -> str | None:
        """The namespace file to join; None for the host's."""

    @property
    def endpoints(self) -> dict[str, EndpointSettings]:
        """Connections by network name, filled in."""


class Networks(Protocol):
    """The part of the networks that containers use."""

    async def create_sandbox(
        self, container_id: str, *, mode: str, endpoints: Mapping[str, EndpointSettings], hostname: str
    ) -> Sandbox:
        """The container's sandbox, made if need be."""

    async def remove_sandbox(self, container_id: str) -> None:
        """Take it away; idempotent."""

    async def reconcile(self, live: Collection[str]) -> None:
        """Take away the sandboxes of every container not in ``live``."""


class Sizes(Protocol):
    """Measures a container."""

    def __call__(self, container_id: str, image_id: str) -> tuple[int, int]:
        """Bytes of its own changes, and of its whole root; blocking."""


class Images(Protocol):
    """The part of the image store that containers use."""

    def resolve(self, text: str) -> ImageRecord:
        """The image that a person means. Raises NotFound, InvalidArgument."""

    def has(self, image_id: str) -> bool:
        """Whether that image is still here."""

    def shown_name(self, name: str, image_id: str) -> str:
        """``name`` if it still means that image, else the image's short id."""

    def descended_from(self, name: str) -> set[str]:
        """Ids of the image and of those whose layers begin with its."""
