"""What images and containers take on the disk."""

from __future__ import annotations

from msgspec import field

from sampan.engine.containers.list import ListContainers
from sampan.engine.images.list import ListImages
from sampan.models.base import Model
from sampan.models.container import ContainerSummary
from sampan.models.image import ImageSummary
from sampan.wire.filters import Filters


class DiskReport(Model, frozen=True, kw_only=True):
    """Answer to ``GET /system/df``; sizes in bytes."""

    layers_size: int
    images: list[ImageSummary]
    containers: list[ContainerSummary]
    volumes: list[str]
    build_cache: list[str] = field(name="BuildCache")


class DiskUsage:
    """``GET /system/df``."""

    def __init__(self, *, containers: ListContainers, images: ListImages) -> None:
        self._containers = containers
        self._images = images

    async def __call__(self) -> DiskReport:
        """Every image and container with its sizes; layers that several images share count once."""
        images = await self._images(Filters(), all=False, shared_size=True, containers=True)
        shared = max((image.shared_size for image in images), default=0)
        unique = sum(image.size - max(0, image.shared_size) for image in images)
        return DiskReport(
            layers_size=unique + max(0, shared),
            images=images,
            containers=await self._containers(all=True, size=True, filters=Filters()),
            volumes=[],
            build_cache=[],
        )
