"""The OCI runtime's commands: one method each, through its command line."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import msgspec

from sampan.errors import CommandFailed, InternalError, NotFound
from sampan.linux.process import run

_TIMEOUT_S = 60.0


class RuntimeState(msgspec.Struct):
    """What the runtime says of a container; ``status`` is created, running, paused or stopped."""

    id: str = ""
    pid: int = 0
    status: str = "stopped"


_state = msgspec.json.Decoder(RuntimeState)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OciRuntime:
    """An OCI runtime program and the directory of its state."""

    name: str
    program: str
    root: Path

    async def start(self, container_id: str) -> None:
        """Let a created container's process go. Raises CommandFailed."""
        await self._run("start", container_id)

    async def delete(self, container_id: str) -> None:
        """Kill what is left of a container and forget it; idempotent. Raises CommandFailed."""
        if not (self.root / container_id).exists():
            return
        try:
            await self._run("delete", "--force", container_id)
        except CommandFailed:
            # Two deletions may meet, one of them after a restart; only what is left matters.
            if (self.root / container_id).exists():
                raise

    async def kill(self, container_id: str, number: int, *, everyone: bool = False) -> None:
        """Send a signal to the first process, or to every one. Raises CommandFailed."""
        options = ["--all"] if everyone else []
        await self._run("kill", *options, container_id, str(number))

    async def pause(self, container_id: str) -> None:
        """Freeze every process. Raises CommandFailed."""
        await self._run("pause", container_id)

    async def resume(self, container_id: str) -> None:
        """Let frozen processes go on. Raises CommandFailed."""
        await self._run("resume", container_id)

    async def state(self, container_id: str) -> RuntimeState:
        """What the runtime knows. Raises NotFound if it knows nothing, InternalError if it talks nonsense."""
        if not (self.root / container_id).exists():
            raise NotFound(f"the runtime has no container {container_id}", kind="task", ref=container_id)
        done = await run(
            [self.program, f"--root={self.root}", "state", container_id], check=False, timeout_s=_TIMEOUT_S
        )
        if done.exit_code != 0:
            raise NotFound(f"the runtime has no container {container_id}", kind="task", ref=container_id)
        try:
            return _state.decode(done.stdout)
        except msgspec.DecodeError as error:
            raise InternalError(f"{self.program} state printed what is no state", kind="task") from error

    def known(self) -> list[str]:
        """Ids of the containers that the runtime keeps state of."""
        with contextlib.suppress(FileNotFoundError):
            return [entry.name for entry in self.root.iterdir() if entry.is_dir()]
        return []

    async def _run(self, command: str, *arguments: str) -> None:
        await run([self.program, f"--root={self.root}", command, *arguments], timeout_s=_TIMEOUT_S)
