"""Execs: an extra process in a running container."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from sampan.models.base import Model


class ExecConfig(Model, frozen=True, kw_only=True):
    """Body of ``POST /containers/{id}/exec``."""

    user: str = ""
    privileged: bool = False
    tty: bool = False
    console_size: tuple[int, int] | UnsetType | None = UNSET
    attach_stdin: bool = False
    attach_stderr: bool = False
    attach_stdout: bool = False
    detach_keys: str = ""
    env: list[str] | None = None
    working_dir: str = ""
    cmd: list[str] | None = None


class ExecStart(Model, frozen=True, kw_only=True):
    """Body of ``POST /exec/{id}/start``."""

    detach: bool = False
    tty: bool = False
    console_size: tuple[int, int] | UnsetType | None = UNSET


class ExecProcess(Model, frozen=True, kw_only=True, rename=None):
    """The process part of an exec's inspection."""

    tty: bool = False
    entrypoint: str = ""
    arguments: list[str] = []
    privileged: bool = False
    user: str | UnsetType = UNSET


class ExecInspect(Model, frozen=True, kw_only=True):
    """Answer to ``GET /exec/{id}/json``."""

    id: str = field(name="ID")
    running: bool
    exit_code: int | None
    process_config: ExecProcess
    open_stdin: bool
    open_stderr: bool
    open_stdout: bool
    can_remove: bool
    container_id: str
    detach_keys: str
    pid: int
