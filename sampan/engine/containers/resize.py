"""The size of a container's terminal."""

from __future__ import annotations

from sampan.containers.store import ContainerStore
from sampan.errors import Conflict, InvalidArgument
from sampan.runtime.tasks import Tasks

_LARGEST = 65535


class ResizeContainer:
    """``POST /containers/{id}/resize``."""

    def __init__(self, *, store: ContainerStore, tasks: Tasks) -> None:
        self._store = store
        self._tasks = tasks

    async def __call__(self, ref: str, *, height: int, width: int) -> None:
        """Set the terminal's size in characters. Raises NotFound, Conflict (not running), InvalidArgument."""
        record = self._store.resolve(ref)
        require_size(height, width)
        if not record.phase.is_running:
            raise Conflict(f"Container {record.id} is not running", kind="container", ref=ref)
        if record.config.tty:
            self._tasks.resize(self._tasks.paths.task(record.id), height=height, width=width)


def require_size(height: int, width: int) -> None:
    """Raise InvalidArgument unless a terminal can have this size."""
    if not (0 <= height <= _LARGEST and 0 <= width <= _LARGEST):
        raise InvalidArgument(f"a terminal of {width}x{height} characters is not possible", kind="terminal")
