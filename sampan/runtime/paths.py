"""Where a task's and an exec's working files lie under the exec root."""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class MonitorPaths:
    """The directory that one conmon works in: its bundle, sockets and the files it writes."""

    bundle: Path
    container_id: str

    @property
    def config(self) -> Path:
        """The OCI runtime spec (of a task)."""
        return self.bundle / "config.json"

    @property
    def process(self) -> Path:
        """The process spec (of an exec)."""
        return self.bundle / "process.json"

    @property
    def rootfs(self) -> Path:
        """Where the root snapshot is mounted."""
        return self.bundle / "rootfs"

    @property
    def pid_file(self) -> Path:
        """Pid of the container's or exec's first process, written by conmon."""
        return self.bundle / "pidfile"

    @property
    def monitor_file(self) -> Path:
        """Pid of conmon, written as soon as it is started."""
        return self.bundle / "conmon.pid"

    @property
    def exit_file(self) -> Path:
        """Exit code in decimal; its modification time is the time of exit."""
        return self.bundle / self.container_id

    @property
    def oom_file(self) -> Path:
        """Exists if the kernel killed a process of the container for want of memory."""
        return self.bundle / "oom"

    @property
    def runtime_log(self) -> Path:
        """What the OCI runtime itself logged, one JSON object a line."""
        return self.bundle / "runtime.log"

    @property
    def attach_socket(self) -> Path:
        """Sequenced-packet socket to the standard streams."""
        return self.bundle / "attach"

    @property
    def control_fifo(self) -> Path:
        """Conmon's control channel: terminal size, log reopening."""
        return self.bundle / "ctl"


@dataclasses.dataclass(frozen=True)
class RuntimePaths:
    """Everything the runtime keeps under the exec root."""

    exec_root: Path

    @property
    def containers(self) -> Path:
        """One directory per task."""
        return self.exec_root / "containers"

    @property
    def state(self) -> Path:
        """The OCI runtime's own state directory."""
        return self.exec_root / "runtime"

    def task(self, container_id: str) -> MonitorPaths:
        """The working directory of a container's task."""
        return MonitorPaths(self.containers / container_id, container_id)

    def execs(self, container_id: str) -> Path:
        """The directory that holds a container's execs."""
        return self.containers / container_id / "execs"

    def exec(self, container_id: str, exec_id: str) -> MonitorPaths:
        """The working directory of one exec."""
        return MonitorPaths(self.execs(container_id) / exec_id, container_id)
