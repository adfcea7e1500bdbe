"""The host's cgroups: which layout is mounted, what it can limit, and how to complete it.

Layouts: version 2 alone at /sys/fs/cgroup (unified), version 1 hierarchies below it
(legacy), or version 1 with a version 2 hierarchy beside them (hybrid). Reading is apart
from deciding, so that every decision can be tested on facts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path

from sampan.errors import Unavailable

ROOT = Path("/sys/fs/cgroup")


class Layout(enum.StrEnum):
    """How cgroups are mounted."""

    LEGACY = "v1"
    HYBRID = "hybrid"
    UNIFIED = "v2"
    MISSING = "missing"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CgroupFacts:
    """What is mounted: directory by v1 controller, the v2 directory and the controllers it holds."""

    v1: Mapping[str, str]
    v2: str | None
    v2_controllers: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        """The layout; a named v1 hierarchy (systemd's) without controllers makes no v1."""
        if self.v2 is not None and not self.v1:
            return Layout.UNIFIED
        if self.v1:
            return Layout.HYBRID if self.v2 is not None else Layout.LEGACY
        return Layout.MISSING

    @property
    def version(self) -> int:
        """What containers are limited with: 1 or 2."""
        return 2 if self.layout is Layout.UNIFIED else 1

    @property
    def controllers(self) -> frozenset[str]:
        """The controllers that can be used."""
        return frozenset(self.v2_controllers) if self.version == 2 else frozenset(self.v1)


@dataclasses.dataclass(frozen=True)
class MountController:
    """Mount a controller as a v1 hierarchy of its own at ``directory``."""

    controller: str
    directory: str


_V1_NAMES = {"io": "blkio"}
_V1_ONLY = frozenset(
    {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "net_cls", "blkio", "perf_event", "net_prio",
     "hugetlb", "pids", "rdma", "misc"}
)  # fmt: skip


def decide_mounts(facts: CgroupFacts) -> list[MountController]:
    """What to mount so that the OCI runtime accepts the layout.

    In a hybrid layout the v2 hierarchy may only hold processes: a controller that is left
    in it makes crun refuse every container ("cgroups in hybrid mode not supported").
    """
    if facts.layout is not Layout.HYBRID:
        return []
    left = [_V1_NAMES.get(name, name) for name in facts.v2_controllers]
    return [
        MountController(name, str(ROOT / name)) for name in left if name in _V1_ONLY and name not in facts.v1
    ]


def read_facts(*, mountinfo: str | None = None, root: Path | None = None) -> CgroupFacts:
    """The cgroups mounted now. Raises Unavailable if /proc is not there.

    ``mountinfo`` and ``root`` are for tests: another mount table, and a directory in front
    of every path it names.
    """
    try:
        text = mountinfo if mountinfo is not None else Path("/proc/self/mountinfo").read_text()
    except OSError as error:
        raise Unavailable("cannot read /proc/self/mountinfo: mount /proc", kind="kernel") from error
    v1: dict[str, str] = {}
    v2: str | None = None
    for line in text.splitlines():
        fields, _, tail = line.partition(" - ")
        kind, _, rest = tail.partition(" ")
        if kind not in ("cgroup", "cgroup2"):
            continue
        directory = fields.split(" ")[4]
        if kind == "cgroup2":
            v2 = v2 or directory
            continue
        options = rest.rpartition(" ")[2].split(",")
        for name in options:
            if name in _V1_ONLY:
                v1.setdefault(name, directory)
    controllers = _controllers(v2, root) if v2 is not None else ()
    return CgroupFacts(v1=v1, v2=v2, v2_controllers=controllers)


def read_features(facts: CgroupFacts, *, root: Path | None = None) -> frozenset[str]:
    """What can be limited, by the names that a plan uses.

    memory, swap, swappiness, oom_control, kernel_tcp, cpu, cpu_quota, cpu_realtime, cpuset,
    pids, blkio (throttling), blkio_weight, devices, freezer.
    """
    if facts.version == 2:
        return _unified_features(facts.controllers)
    found = facts.controllers & {
        "memory",
        "cpu",
        "cpuset",
        "pids",
        "blkio",
        "devices",
        "freezer",
    }
    files = (
        ("memory", "memory.memsw.limit_in_bytes", "swap"),
        ("memory", "memory.swappiness", "swappiness"),
        ("memory", "memory.oom_control", "oom_control"),
        ("memory", "memory.kmem.tcp.limit_in_bytes", "kernel_tcp"),
        ("cpu", "cpu.cfs_quota_us", "cpu_quota"),
        ("cpu", "cpu.rt_runtime_us", "cpu_realtime"),
        ("blkio", "blkio.weight", "blkio_weight"),
        ("blkio", "blkio.bfq.weight", "blkio_weight"),
    )
    features = set(found)
    for controller, name, feature in files:
        directory = facts.v1.get(controller)
        if directory is not None and (_under(root, directory) / name).exists():
            features.add(feature)
    return frozenset(features)


def _unified_features(controllers: frozenset[str]) -> frozenset[str]:
    features = {"devices", "freezer"}  # an eBPF program and the core, not controllers
    given = {
        "memory": ("memory", "swap"),
        "cpu": ("cpu", "cpu_quota"),
        "cpuset": ("cpuset",),
        "pids": ("pids",),
        "io": ("blkio", "blkio_weight"),
    }
    for controller, names in given.items():
        if controller in controllers:
            features.update(names)
    return frozenset(features)


def _controllers(directory: str, root: Path | None) -> tuple[str, ...]:
    try:
        return tuple((_under(root, directory) / "cgroup.controllers").read_text().split())
    except OSError as error:
        raise Unavailable(
            f"cannot read the controllers of {directory}", kind="cgroup", ref=directory
        ) from error


def _under(root: Path | None, directory: str) -> Path:
    return Path(directory) if root is None else root / directory.lstrip("/")


def remove_parent(path: str) -> None:
    """Remove the empty cgroup that containers' cgroups were made in, from every hierarchy.

    One that still has members or children stays: the kernel refuses.
    """
    name = path.strip("/")
    if not name or ".." in name.split("/"):
        return
    for candidate in (ROOT / name, *(tree / name for tree in ROOT.iterdir() if tree.is_dir())):
        with contextlib.suppress(FileNotFoundError, OSError):
            candidate.rmdir()
