"""Everything about one container."""

from __future__ import annotations

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.live import LiveContainers
from sampan.engine.containers.ports import Sizes, Snapshots
from sampan.engine.containers.resources import Resources
from sampan.engine.containers.show import inspection
from sampan.errors import NotFound
from sampan.linux.offload import offload
from sampan.models.container import ContainerInspect


class InspectContainer:
    """``GET /containers/{id}/json``."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        live: LiveContainers,
        resources: Resources,
        snapshots: Snapshots,
        sizes: Sizes,
    ) -> None:
        self._store = store
        self._live = live
        self._resources = resources
        self._snapshots = snapshots
        self._sizes = sizes

    async def __call__(self, ref: str, *, size: bool = False) -> ContainerInspect:
        """The container; with ``size``, the bytes it added and the bytes of its whole root. Raises NotFound."""
        record = self._store.resolve(ref)
        size_rw = size_root = None
        if size:
            size_rw, size_root = await offload(self._sizes, record.id, record.image_id)
        return inspection(
            record,
            directory=str(self._resources.directory(record.id)),
            snapshot=self._directories(record),
            exec_ids=list(self._live.of(record.id).execs),
            size_rw=size_rw,
            size_root=size_root,
        )

    def _directories(self, record: ContainerRecord) -> dict[str, str]:
        try:
            found = self._snapshots.directories(record.id)
        except NotFound:
            # Its removal has begun.
            return {}
        return {**found, "MergedDir": str(self._resources.root_of(record.id))}
