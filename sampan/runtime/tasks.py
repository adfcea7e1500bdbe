"""Tasks: creating, starting, finding again and ending a container's processes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from pathlib import Path

from sampan.errors import InternalError, NotFound
from sampan.linux import pidfd
from sampan.linux.pidfd import ProcessRef, TaskProcesses
from sampan.linux.process import Child
from sampan.log import get_logger
from sampan.runtime.conmon import common_arguments, create_task, explained
from sampan.runtime.oci import OciRuntime
from sampan.runtime.paths import MonitorPaths, RuntimePaths
from sampan.runtime.streams import StreamConnection

log = get_logger(__name__)

# Docker's answer when nobody saw how a container ended, after a reboot for instance.
UNKNOWN_EXIT = 255


@dataclasses.dataclass(frozen=True)
class Exit:
    """How a task ended; ``at_ns`` is nanoseconds since 1970."""

    code: int
    at_ns: int
    oom_killed: bool = False


class Reaper:
    """Waits for our own monitors, so that none stays a zombie; others belong to init."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}

    def adopt(self, child: Child) -> None:
        """Take over a child that someone will wait for by its ProcessRef."""
        self._children[child.pid] = child

    async def wait(self, ref: ProcessRef) -> None:
        """Return when that process has ended, and reap it if it is ours."""
        child = self._children.get(ref.pid)
        if child is None:
            await pidfd.wait_exit(ref)
            return
        try:
            await child.wait()
        finally:
            if child.pid in self._children and self._children[child.pid] is child:
                del self._children[child.pid]


class Tasks:
    """Tasks through conmon and an OCI runtime, with their files under the exec root."""

    def __init__(self, *, paths: RuntimePaths, oci: OciRuntime, conmon: str) -> None:
        self.paths = paths
        self.oci = oci
        self.conmon = conmon
        self.reaper = Reaper()

    async def create(
        self,
        container_id: str,
        spec: bytes,
        *,
        log_target: str,
        terminal: bool,
        stdin: bool,
        keep_stdin: bool,
    ) -> TaskProcesses:
        """Create the task of a container whose root is mounted; it does not run yet.

        ``spec`` is the runtime spec as JSON, ``log_target`` conmon's ``driver:path``;
        ``stdin`` gives the process an input, ``keep_stdin`` leaves it open when the client
        that writes to it goes away.
        Raises RuntimeRefused with the runtime's own text.
        """
        paths = self.paths.task(container_id)
        paths.config.write_bytes(spec)
        argv = common_arguments(
            paths,
            conmon=self.conmon,
            runtime=self.oci.program,
            runtime_root=str(self.oci.root),
            unique_id=container_id,
            log=log_target,
            terminal=terminal,
            stdin=stdin,
            keep_stdin=keep_stdin,
        )
        with explained(paths):
            child, pid = await create_task(argv, paths.monitor_file)
        init, monitor = pidfd.identify(pid), pidfd.identify(child.pid)
        if init is None or monitor is None:
            child.kill()
            await child.wait()
            raise InternalError(f"container {container_id} was gone as soon as it was created", kind="task")
        self.reaper.adopt(child)
        return TaskProcesses(init=init, monitor=monitor)

    async def exited(self, container_id: str, task: TaskProcesses) -> Exit:
        """How the task ended; waits until its monitor has written log and exit code."""
        await self.reaper.wait(task.monitor)
        return self.exit_of(container_id) or await self._orphan_exit(container_id, task)

    def exit_of(self, container_id: str) -> Exit | None:
        """What the monitor wrote at the end, or None if it has not."""
        paths = self.paths.task(container_id)
        try:
            with paths.exit_file.open("rb") as file:
                text, at_ns = file.read(32), os.fstat(file.fileno()).st_mtime_ns
        except FileNotFoundError:
            return None
        # conmon replaces the file in one step, so what is there is complete.
        return Exit(code=int(text), at_ns=at_ns, oom_killed=paths.oom_file.exists())

    async def _orphan_exit(self, container_id: str, task: TaskProcesses) -> Exit:
        """The end of a task whose monitor was killed: nobody holds its streams, so it must end too."""
        log.warning("monitor gone, ending its container", container=container_id, pid=task.init.pid)
        with contextlib.suppress(ProcessLookupError):
            pidfd.send_signal(task.init, 9)
        await pidfd.wait_exit(task.init)
        return Exit(code=UNKNOWN_EXIT, at_ns=time.time_ns())

    def find_monitor(self, container_id: str) -> ProcessRef | None:
        """The living monitor of a task: by its pid file, else by looking through the processes."""
        paths = self.paths.task(container_id)
        pid = _read_pid(paths.monitor_file)
        if pid is not None and self._monitors(pid, paths):
            return pidfd.identify(pid)
        if not paths.bundle.exists():
            return None
        # A daemon that was killed between starting the monitor and noting its pid.
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self._monitors(int(entry.name), paths):
                return pidfd.identify(int(entry.name))
        return None

    @staticmethod
    def _monitors(pid: int, paths: MonitorPaths) -> bool:
        """Whether that process is the conmon of exactly this task."""
        try:
            argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"--bundle={paths.bundle}".encode() in argv and f"--cid={paths.container_id}".encode() in argv

    async def find_running(self, container_id: str) -> TaskProcesses | None:
        """The task as the runtime and the process table show it now; None unless its process runs."""
        monitor = self.find_monitor(container_id)
        if monitor is None:
            return None
        try:
            state = await self.oci.state(container_id)
        except NotFound:
            return None
        if state.status not in ("running", "paused"):
            return None
        init = pidfd.identify(state.pid)
        return None if init is None else TaskProcesses(init=init, monitor=monitor)

    async def destroy(self, container_id: str, task: TaskProcesses | None) -> None:
        """End whatever runs for a container and the runtime's state of it; idempotent."""
        await self.oci.delete(container_id)
        monitor = task.monitor if task is not None else self.find_monitor(container_id)
        if monitor is not None:
            await self.reaper.wait(monitor)

    def streams(self, paths: MonitorPaths) -> StreamConnection:
        """A new connection to a task's or exec's streams. Raises Unavailable."""
        return StreamConnection.open(paths.attach_socket)

    def resize(self, paths: MonitorPaths, *, height: int, width: int) -> None:
        """Set the terminal's size in characters. Raises NotFound if there is no monitor to tell."""
        try:
            fd = os.open(paths.control_fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise NotFound(
                f"container {paths.container_id} has no terminal to resize",
                kind="task",
                ref=paths.container_id,
            ) from error
        try:
            os.write(fd, f"1 {height} {width}\n".encode())
        finally:
            os.close(fd)


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
