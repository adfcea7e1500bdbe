"""What a container's cgroup tells, on both cgroup versions."""

from __future__ import annotations

from pathlib import Path

from sampan.errors import Conflict

_ROOT = Path("/sys/fs/cgroup")
# On version 1 each controller has its own tree; this one every container is a member of.
_V1_CONTROLLERS = ("pids", "memory", "freezer", "cpu")


def directory_of(pid: int) -> Path:
    """The cgroup directory of a process. Raises Conflict if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise Conflict(f"process {pid} is not running", kind="task") from error
    paths = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    for controller in _V1_CONTROLLERS:
        if controller in paths and (_ROOT / controller).is_dir():
            return _ROOT / controller / paths[controller].lstrip("/")
    return _ROOT / paths[""].lstrip("/")


def pids_of(pid: int) -> frozenset[int]:
    """The host's pids of every process in the cgroup of ``pid``, and below it."""
    top = directory_of(pid)
    found: set[int] = set()
    for procs in (top / "cgroup.procs", *top.glob("**/cgroup.procs")):
        try:
            found.update(int(line) for line in procs.read_text().split())
        except OSError:
            # A child cgroup that went away between listing and reading has no processes left.
            continue
    return frozenset(found)
