"""What is known of an exec, and the size of its terminal."""

from __future__ import annotations

from sampan.engine.containers.live import Exec, LiveContainers
from sampan.engine.containers.resize import require_size
from sampan.errors import Conflict, NotFound
from sampan.models.exec import ExecInspect, ExecProcess
from sampan.runtime.tasks import Tasks


def require_exec(live: LiveContainers, exec_id: str) -> Exec:
    """The exec with that id. Raises NotFound."""
    exec_ = live.find_exec(exec_id)
    if exec_ is None:
        raise NotFound(f"No such exec instance: {exec_id}", kind="exec", ref=exec_id)
    return exec_


class InspectExec:
    """``GET /exec/{id}/json``."""

    def __init__(self, *, live: LiveContainers) -> None:
        self._live = live

    async def __call__(self, exec_id: str) -> ExecInspect:
        """The exec's state. Raises NotFound."""
        exec_ = require_exec(self._live, exec_id)
        config = exec_.config
        command = config.cmd or [""]
        return ExecInspect(
            id=exec_.id,
            running=exec_.processes is not None and exec_.exit_code is None,
            exit_code=exec_.exit_code,
            process_config=ExecProcess(
                tty=config.tty,
                entrypoint=command[0],
                arguments=command[1:],
                privileged=config.privileged,
                user=config.user,
            ),
            open_stdin=config.attach_stdin,
            open_stderr=config.attach_stderr,
            open_stdout=config.attach_stdout,
            can_remove=False,
            container_id=exec_.container_id,
            detach_keys="",
            pid=exec_.processes.init.pid if exec_.processes is not None else 0,
        )


class ResizeExec:
    """``POST /exec/{id}/resize``."""

    def __init__(self, *, live: LiveContainers, tasks: Tasks) -> None:
        self._live = live
        self._tasks = tasks

    async def __call__(self, exec_id: str, *, height: int, width: int) -> None:
        """Set the exec's terminal size in characters. Raises NotFound, Conflict, InvalidArgument."""
        exec_ = require_exec(self._live, exec_id)
        require_size(height, width)
        if exec_.started:
            # A client that has the answer's head may be faster than the start.
            await exec_.launched.wait()
        if exec_.processes is None or exec_.exit_code is not None:
            raise Conflict(f"exec {exec_id} is not running", kind="exec", ref=exec_id)
        if exec_.config.tty:
            paths = self._tasks.paths.exec(exec_.container_id, exec_.id)
            self._tasks.resize(paths, height=height, width=width)
