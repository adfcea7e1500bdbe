"""Deleting what removed images leave behind."""

from __future__ import annotations

from sampan.engine.background import Background
from sampan.engine.images.ports import TrashSweep
from sampan.gc.sweep import Sweep, Swept
from sampan.linux.offload import offload
from sampan.log import get_logger

log = get_logger(__name__)


class CollectGarbage:
    """Sweeps the store; the slow deletion of files goes on in the background."""

    def __init__(self, *, sweep: Sweep, snapshots: TrashSweep, background: Background) -> None:
        self._sweep = sweep
        self._snapshots = snapshots
        self._background = background

    async def __call__(self) -> Swept:
        """Drop every blob and layer that neither an image nor a transfer needs."""
        swept = await offload(self._sweep)
        if swept.snapshots:
            self._background.work(self._delete_files(), name="delete removed snapshots")
        return swept

    async def _delete_files(self) -> None:
        count = await offload(self._snapshots.sweep)
        log.debug("deleted the files of removed snapshots", count=count)
