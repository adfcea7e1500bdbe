"""Execs: an extra process in a task, held by a conmon of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import os

from sampan.errors import InternalError
from sampan.linux import pidfd
from sampan.linux.pidfd import TaskProcesses
from sampan.linux.process import Child
from sampan.runtime.conmon import ExecStarter, common_arguments, explained
from sampan.runtime.oci import OciRuntime
from sampan.runtime.paths import MonitorPaths, RuntimePaths
from sampan.runtime.streams import StreamConnection


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunningExec:
    """A started exec: its files, processes, and the first connection to its streams."""

    paths: MonitorPaths
    processes: TaskProcesses | None
    monitor: Child
    connection: StreamConnection


class Execs:
    """Starts execs and tells how they ended."""

    def __init__(self, *, paths: RuntimePaths, oci: OciRuntime, conmon: str) -> None:
        self.paths = paths
        self._oci = oci
        self._conmon = conmon

    async def start(
        self, container_id: str, exec_id: str, process: bytes, *, terminal: bool, stdin: bool
    ) -> RunningExec:
        """Start a process in a running task and attach to it before its first output.

        ``process`` is the OCI process object as JSON. Raises RuntimeRefused with the
        runtime's own text if it cannot be executed.
        """
        paths = self.paths.exec(container_id, exec_id)
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.paths.execs(container_id), 0o700)
        os.mkdir(paths.bundle, 0o700)
        paths.process.write_bytes(process)
        argv = common_arguments(
            paths,
            conmon=self._conmon,
            runtime=self._oci.program,
            runtime_root=str(self._oci.root),
            unique_id=exec_id,
            log="none:",
            terminal=terminal,
            stdin=stdin,
            keep_stdin=False,
        )
        argv += ["--exec", "--exec-attach", f"--exec-process-spec={paths.process}"]
        starter = ExecStarter(argv)
        connection: StreamConnection | None = None
        try:
            with explained(paths):
                await starter.attachable()
                connection = StreamConnection.open(paths.attach_socket)
                pid = await starter.start()
            monitor = pidfd.identify(starter.monitor.pid)
            # The process may be gone already; its exit code comes from the monitor all the same.
            init = pidfd.identify(pid) or pidfd.ProcessRef(pid, 0)
            processes = None if monitor is None else TaskProcesses(init=init, monitor=monitor)
        except BaseException:
            if connection is not None:
                connection.close()
            starter.monitor.kill()
            await starter.monitor.wait()
            raise
        finally:
            starter.close()
        return RunningExec(paths=paths, processes=processes, monitor=starter.monitor, connection=connection)

    async def exited(self, running: RunningExec) -> int:
        """The exit code, when the exec has ended. Raises InternalError if its monitor was killed."""
        await running.monitor.wait()
        try:
            return int(running.paths.exit_file.read_text())
        except FileNotFoundError as error:
            raise InternalError(
                f"the monitor of an exec in {running.paths.container_id} left no exit code", kind="exec"
            ) from error
