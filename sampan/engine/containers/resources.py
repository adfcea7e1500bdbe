"""What a container occupies on the host: snapshot, mount, sandbox, files, runtime state."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sampan.containers.record import ContainerRecord
from sampan.engine.containers.ports import Networks, Snapshots
from sampan.errors import NotFound
from sampan.linux import fault
from sampan.linux.files import remove_tree
from sampan.linux.mounts import unmount
from sampan.linux.offload import offload
from sampan.linux.pidfd import TaskProcesses
from sampan.runtime.tasks import Tasks
from sampan.snapshots.mounting import mount_all

_DIRECTORY_MODE = 0o710


class Resources:
    """Acquires and releases them; releasing is idempotent and copes with half of them missing."""

    def __init__(self, *, data_root: Path, tasks: Tasks, snapshots: Snapshots, networks: Networks) -> None:
        self._containers = data_root / "containers"
        self._tasks = tasks
        self._snapshots = snapshots
        self._networks = networks

    def directory(self, container_id: str) -> Path:
        """Where the container's lasting files lie: hostname, hosts, resolv.conf, its log."""
        return self._containers / container_id

    def root_of(self, container_id: str) -> Path:
        """Where the container's root is mounted while it runs."""
        return self._tasks.paths.task(container_id).rootfs

    def make_directory(self, container_id: str) -> None:
        """Make that directory. A leftover of the same id is impossible: ids are random."""
        os.mkdir(self.directory(container_id), _DIRECTORY_MODE)

    def delete_directory(self, container_id: str) -> None:
        """Remove that directory and all in it; blocking, idempotent."""
        remove_tree(self.directory(container_id))

    def directories(self) -> list[Path]:
        """The directories of all containers, known or not; blocking."""
        return list(self._containers.iterdir())

    def container_snapshots(self) -> list[str]:
        """Keys of all container snapshots, known or not; blocking."""
        return [
            info.key for info in self._snapshots.walk() if info.kind == "active" and is_container_id(info.key)
        ]

    def mount_root(self, container_id: str) -> Path:
        """A fresh bundle directory with the root snapshot mounted in it; blocking."""
        paths = self._tasks.paths.task(container_id)
        self.unmount_root(container_id)
        os.mkdir(paths.bundle, 0o700)
        os.mkdir(paths.rootfs, 0o755)
        mount_all(self._snapshots.mounts(container_id), str(paths.rootfs))
        return paths.rootfs

    def unmount_root(self, container_id: str) -> None:
        """Unmount the root and remove the bundle directory; blocking, idempotent."""
        paths = self._tasks.paths.task(container_id)
        if not paths.bundle.exists():
            return
        unmount(str(paths.rootfs), detach=True, missing_ok=True)
        # Only an empty directory goes: should the mount still be there, its files are safe.
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(paths.rootfs)
        remove_tree(paths.bundle)

    async def release(self, container_id: str, task: TaskProcesses | None) -> None:
        """After the end of a task: the runtime's state, the sandbox, the mount."""
        await self._tasks.destroy(container_id, task)
        await self._networks.remove_sandbox(container_id)
        await offload(self.unmount_root, container_id)

    def forget(self, record: ContainerRecord) -> None:
        """Give up the container's snapshot; its files are deleted later. Idempotent."""
        with contextlib.suppress(NotFound):
            self._snapshots.remove(record.id)

    async def destroy(self, record: ContainerRecord, task: TaskProcesses | None) -> None:
        """Everything that is left of a forgotten container."""
        await self.release(record.id, task)
        fault.point("remove.unmounted")
        await offload(self._delete_files, record.id)

    def _delete_files(self, container_id: str) -> None:
        self.delete_directory(container_id)
        self._snapshots.sweep()


def is_container_id(key: str) -> bool:
    """Whether a snapshot's key is a container's id: 64 hexadecimal digits."""
    return len(key) == 64 and all(char in "0123456789abcdef" for char in key)
