"""Cgroup layouts from mount tables, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.errors import InvalidArgument
from sampan.linux.cgroups import (
    CgroupFacts,
    Layout,
    MountController,
    decide_mounts,
    read_facts,
    read_features,
)
from sampan.linux.devices import all_devices, block_device, mapped_devices
from sampan.linux.host_facts import kernel_version, parse_list
from sampan.models.container import DeviceMapping

LEGACY = """25 1 0:1 / /sys/fs/cgroup ro - tmpfs tmpfs ro
26 25 0:2 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
27 25 0:3 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
28 25 0:4 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
"""
HYBRID = LEGACY + "29 25 0:5 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
UNIFIED = "29 25 0:5 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"


def facts(tmp_path: Path, mountinfo: str, controllers: str = "") -> CgroupFacts:
    for directory in ("sys/fs/cgroup/unified", "sys/fs/cgroup"):
        (tmp_path / directory).mkdir(parents=True, exist_ok=True)
        (tmp_path / directory / "cgroup.controllers").write_text(controllers)
    return read_facts(mountinfo=mountinfo, root=tmp_path)


@pytest.mark.parametrize(
    ("mountinfo", "layout", "version"),
    [
        (LEGACY, Layout.LEGACY, 1),
        (HYBRID, Layout.HYBRID, 1),
        (UNIFIED, Layout.UNIFIED, 2),
        ("", Layout.MISSING, 1),
    ],
)
def test_layouts(tmp_path: Path, mountinfo: str, layout: Layout, version: int) -> None:
    found = facts(tmp_path, mountinfo)
    assert (found.layout, found.version) == (layout, version)


def test_controllers(tmp_path: Path) -> None:
    assert facts(tmp_path, HYBRID, "hugetlb\n").v1 == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory",
    }
    assert facts(tmp_path, HYBRID, "hugetlb\n").v2_controllers == ("hugetlb",)
    assert facts(tmp_path, UNIFIED, "cpu io memory pids\n").controllers == {"cpu", "io", "memory", "pids"}


def test_a_named_hierarchy_alone_is_no_v1(tmp_path: Path) -> None:
    systemd = LEGACY.splitlines()[-1] + "\n"
    assert facts(tmp_path, systemd + UNIFIED).layout is Layout.UNIFIED


@pytest.mark.parametrize(
    ("mountinfo", "controllers", "mounted"),
    [
        (HYBRID, "", []),
        (HYBRID, "hugetlb", ["hugetlb"]),
        (HYBRID, "hugetlb io rdma", ["hugetlb", "blkio", "rdma"]),
        (HYBRID, "memory", []),
        (HYBRID, "unheard_of", []),
        (UNIFIED, "hugetlb", []),
        (LEGACY, "", []),
    ],
)
def test_leftover_controllers_of_a_hybrid_layout_are_mounted(
    tmp_path: Path, mountinfo: str, controllers: str, mounted: list[str]
) -> None:
    actions = decide_mounts(facts(tmp_path, mountinfo, controllers))
    assert actions == [MountController(name, f"/sys/fs/cgroup/{name}") for name in mounted]


def test_features_of_version_one_are_seen_by_their_files(tmp_path: Path) -> None:
    memory = tmp_path / "sys/fs/cgroup/memory"
    memory.mkdir(parents=True)
    found = facts(tmp_path, LEGACY)
    assert read_features(found, root=tmp_path) == {"cpu", "memory"}
    (memory / "memory.memsw.limit_in_bytes").touch()
    (memory / "memory.swappiness").touch()
    assert read_features(found, root=tmp_path) == {"cpu", "memory", "swap", "swappiness"}


def test_features_of_version_two_are_those_of_its_controllers(tmp_path: Path) -> None:
    found = read_features(facts(tmp_path, UNIFIED, "cpu io memory pids"))
    assert {"memory", "swap", "cpu_quota", "pids", "blkio", "devices", "freezer"} <= found
    assert "oom_control" not in found
    assert "cpuset" not in found


@pytest.mark.parametrize(("text", "numbers"), [("0-2,4\n", {0, 1, 2, 4}), ("0", {0}), ("\n", set())])
def test_kernel_lists(text: str, numbers: set[int]) -> None:
    assert parse_list(text) == numbers


@pytest.mark.parametrize(
    ("release", "version"), [("6.1.0-13-amd64", (6, 1)), ("5.15", (5, 15)), ("x", (0, 0))]
)
def test_kernel_versions(release: str, version: tuple[int, int]) -> None:
    assert kernel_version(release) == version


def test_a_device_is_named_as_in_the_container() -> None:
    devices, access = mapped_devices(
        [DeviceMapping(path_on_host="/dev/null", path_in_container="/dev/n", cgroup_permissions="r")]
    )
    assert [(d.type, d.path, d.major, d.minor) for d in devices] == [("c", "/dev/n", 1, 3)]
    assert access == {"/dev/n": "r"}


@pytest.mark.parametrize("path", ["/dev/no-such-device", "/etc/passwd"])
def test_what_is_no_device_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgument, match=path):
        mapped_devices([DeviceMapping(path_on_host=path)])
    with pytest.raises(InvalidArgument, match=path):
        block_device(path)


def test_all_devices_leave_out_terminals() -> None:
    paths = {device.path for device in all_devices()}
    assert "/dev/null" in paths
    assert not any(path.startswith(("/dev/pts/", "/dev/shm/")) for path in paths)
    assert "/dev/console" not in paths
