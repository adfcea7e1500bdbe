"""What is stored of a container, and the states it goes through.

    created ──start──> starting ──> running ──exit──> exited ──start──> starting ...
                          │            └─pause─> paused ─unpause─> running
                          └─failed──> created | exited
    any of these ──remove──> removing ──> gone          (dead: removal failed half way)

``starting`` and ``removing`` are intents: they are stored before the first effect, so that
a daemon that was killed in between knows what to look for.
"""

from __future__ import annotations

import enum

import msgspec

from sampan.linux.pidfd import TaskProcesses
from sampan.models.container import ContainerConfig, HostConfig, MountPoint
from sampan.models.network import EndpointSettings


class Phase(enum.StrEnum):
    """Where in its life a container stands; the values are the Engine API's where it has one."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    EXITED = "exited"
    REMOVING = "removing"
    DEAD = "dead"

    @property
    def has_task(self) -> bool:
        """Whether a process of the container may exist."""
        return self in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED)

    @property
    def is_running(self) -> bool:
        """What the Engine API calls running: paused is running too."""
        return self in (Phase.RUNNING, Phase.PAUSED)

    @property
    def shown(self) -> str:
        """The word the Engine API uses: a container about to start is still created."""
        return "created" if self is Phase.STARTING else self.value


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A container's network: the endpoints asked for by name, and those it has now."""

    requested: dict[str, EndpointSettings] = {}
    endpoints: dict[str, EndpointSettings] = {}
    sandbox_id: str = ""
    sandbox_path: str = ""

    def without_endpoints(self) -> Network:
        """The network of a container that does not run: what is asked for stays."""
        return Network(requested=self.requested)


class ContainerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A container's definition and last known state; times are nanoseconds since 1970, 0 is never.

    ``config`` is complete: the image's values are already in it. ``argv`` is what is
    executed. ``resolved_phase`` is the phase to return to if a start does not succeed.
    """

    id: str
    name: str
    created_ns: int
    image_id: str
    image_name: str
    config: ContainerConfig
    host_config: HostConfig
    argv: list[str]
    mounts: list[MountPoint] = []
    network: Network = Network()
    log_path: str = ""
    phase: Phase = Phase.CREATED
    resolved_phase: Phase = Phase.CREATED
    task: TaskProcesses | None = None
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_ns: int = 0
    finished_ns: int = 0
    restart_count: int = 0

    def change(self, **fields: object) -> ContainerRecord:
        """The record with some fields replaced."""
        return msgspec.structs.replace(self, **fields)
