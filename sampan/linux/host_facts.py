"""What the planner and the API tell of the host, read once when the daemon starts."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from sampan.errors import Unavailable
from sampan.linux.cgroups import CgroupFacts, read_facts, read_features

_GO_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i386": "386",
    "i686": "386",
}
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostFacts:
    """The host: ``architecture`` as Go spells it, ``capabilities`` those the daemon may grant."""

    cpu_count: int
    cpus: frozenset[int]
    memory_nodes: frozenset[int]
    memory_bytes: int
    kernel_release: str
    kernel: tuple[int, int]
    machine: str
    architecture: str
    hostname: str
    operating_system: str
    operating_system_version: str
    capabilities: frozenset[str]
    cgroups: CgroupFacts
    cgroup_features: frozenset[str]

    @property
    def cgroup_version(self) -> int:
        """1 or 2."""
        return self.cgroups.version


def read_host(capability_names: Sequence[str]) -> HostFacts:
    """The facts of this host. ``capability_names`` gives each capability's name at its number.

    Raises Unavailable if /proc is not mounted.
    """
    cgroups = read_facts()
    name, version = _operating_system()
    machine = platform.machine()
    release = platform.release()
    return HostFacts(
        cpu_count=os.cpu_count() or 1,
        cpus=_online("cpu") or frozenset(range(os.cpu_count() or 1)),
        memory_nodes=_online("node") or frozenset({0}),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel_release=release,
        kernel=kernel_version(release),
        machine=machine,
        architecture=_GO_ARCHITECTURES.get(machine, machine),
        hostname=socket.gethostname(),
        operating_system=name,
        operating_system_version=version,
        capabilities=_bounding_set(capability_names),
        cgroups=cgroups,
        cgroup_features=read_features(cgroups),
    )


def kernel_version(release: str) -> tuple[int, int]:
    """Major and minor of a kernel release such as ``6.1.0-13-amd64``; (0, 0) if it has no such form."""
    match = _VERSION.match(release)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def parse_list(text: str) -> frozenset[int]:
    """Numbers as the kernel lists them, ``0-2,4``."""
    found: set[int] = set()
    for part in text.strip().split(","):
        if part:
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def _online(kind: str) -> frozenset[int]:
    """Numbers of the online cpus or memory nodes; empty if the kernel does not count them."""
    try:
        return parse_list(Path(f"/sys/devices/system/{kind}/online").read_text())
    except FileNotFoundError:
        return frozenset()


def _bounding_set(names: Sequence[str]) -> frozenset[str]:
    mask = int(_status_field("CapBnd"), 16)
    return frozenset(name for number, name in enumerate(names) if mask >> number & 1)


def _status_field(field: str) -> str:
    try:
        text = Path("/proc/self/status").read_text()
    except OSError as error:
        raise Unavailable("cannot read /proc/self/status: mount /proc", kind="kernel") from error
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == field:
            return value.strip()
    raise Unavailable(f"/proc/self/status has no {field}", kind="kernel", ref=field)


def _operating_system() -> tuple[str, str]:
    """Pretty name and version of the distribution, as os-release(5) gives them."""
    for path in (Path("/etc/os-release"), Path("/usr/lib/os-release")):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue  # the next one is the fallback that os-release(5) names
        values = {}
        for line in text.splitlines():
            key, _, value = line.partition("=")
            values[key] = value.strip().strip("\"'")
        return values.get("PRETTY_NAME", "Linux"), values.get("VERSION_ID", "")
    return "Linux", ""
