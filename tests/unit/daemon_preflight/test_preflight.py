"""The preflight's judgement, on facts."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from sampan.config.load import load
from sampan.config.settings import Settings
from sampan.daemon.kernel_features import MODULES, KernelFeatures, read_kernel_features
from sampan.daemon.preflight import Facts, file_system_of, gather, judge
from sampan.daemon.programs import find_library, find_program
from sampan.errors import InvalidArgument
from sampan.linux.cgroups import CgroupFacts, MountController

V1 = {name: f"/sys/fs/cgroup/{name}" for name in ("cpu", "cpuset", "memory", "pids", "devices", "freezer")}
GOOD = Facts(
    is_root=True,
    kernel=(6, 1),
    programs={"crun": "/usr/bin/crun", "conmon": "/usr/bin/conmon", "runc": None},
    libraries={"libnftables.so.1": "/lib/a", "libseccomp.so.2": "/lib/b"},
    init_program="/usr/bin/tini-static",
    features=KernelFeatures(missing_namespaces=(), missing_modules=(), has_seccomp=True),
    cgroups=CgroupFacts(v1=V1, v2=None, v2_controllers=()),
    seccomp_profile=b'{"defaultAction": "SCMP_ACT_ERRNO"}',
    data_root_type="ext4",
)


def settings(*argv: str) -> Settings:
    return load(["--config-file", "/dev/null", *argv], {})


def problems(*argv: str, **changes: object) -> tuple[str, ...]:
    return judge(dataclasses.replace(GOOD, **changes), settings(*argv)).problems  # type: ignore[arg-type]


def test_a_good_host_has_no_problems() -> None:
    verdict = judge(GOOD, settings())
    assert (verdict.problems, verdict.warnings, verdict.mounts) == ((), (), ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_root": False}, ["as root"]),
        ({"kernel": (4, 19)}, ["kernel 4.19 is too old"]),
        ({"programs": {"conmon": "/c"}}, ["crun is missing", "apt-get install crun"]),
        ({"programs": {"crun": "/c"}}, ["conmon is missing", "apt-get install conmon"]),
        (
            {"libraries": {"libseccomp.so.2": "/l"}},
            ["libnftables.so.1 is missing", "apt-get install libnftables1"],
        ),
        ({"seccomp_profile": None}, ["seccomp profile is missing", "golang-github-containers-common"]),
        ({"seccomp_profile": b"{"}, ["seccomp profile cannot be used"]),
        ({"data_root_type": "overlay"}, ["/var/lib/sampan lies on an overlay"]),
        ({"cgroups": CgroupFacts(v1={}, v2=None, v2_controllers=())}, ["cgroups are not mounted"]),
        (
            {"cgroups": CgroupFacts(v1={"memory": "/m", "cpu": "/c"}, v2=None, v2_controllers=())},
            ["controller devices is not mounted"],
        ),
        (
            {"features": KernelFeatures(missing_namespaces=("uts",), missing_modules=(), has_seccomp=True)},
            ["no uts namespaces", "CONFIG_UTS_NS"],
        ),
        (
            {
                "features": KernelFeatures(
                    missing_namespaces=(), missing_modules=MODULES[:1], has_seccomp=True
                )
            },
            ["no overlay", "CONFIG_OVERLAY_FS"],
        ),
        (
            {"features": KernelFeatures(missing_namespaces=(), missing_modules=(), has_seccomp=False)},
            ["CONFIG_SECCOMP_FILTER"],
        ),
    ],
)
def test_what_is_missing_is_one_line_that_says_what_to_do(
    changes: dict[str, object], words: list[str]
) -> None:
    found = problems(**changes)
    assert len(found) == 1
    assert "\n" not in found[0]
    for word in words:
        assert word in found[0]


def test_every_problem_is_told_at_once() -> None:
    assert len(problems(is_root=False, programs={}, seccomp_profile=None)) == 4


def test_an_init_is_only_missed_if_it_is_wanted() -> None:
    assert problems(init_program=None) == ()
    assert "apt-get install tini" in problems("--init", init_program=None)[0]
    assert "/x is missing" in problems("--init-path", "/x", init_program=None)[0]


def test_no_filter_must_be_said_aloud() -> None:
    verdict = judge(
        dataclasses.replace(GOOD, seccomp_profile=None), settings("--seccomp-profile", "unconfined")
    )
    assert verdict.problems == ()
    assert "without a seccomp filter" in verdict.warnings[0]


def test_missing_limits_are_warnings() -> None:
    facts = dataclasses.replace(GOOD, cgroups=CgroupFacts(v1={"devices": "/d"}, v2=None, v2_controllers=()))
    verdict = judge(facts, settings())
    assert verdict.problems == ()
    assert len(verdict.warnings) == 4


def test_a_hybrid_layout_is_completed() -> None:
    hybrid = CgroupFacts(v1=V1, v2="/sys/fs/cgroup/unified", v2_controllers=("hugetlb",))
    verdict = judge(dataclasses.replace(GOOD, cgroups=hybrid), settings())
    assert verdict.mounts == (MountController("hugetlb", "/sys/fs/cgroup/hugetlb"),)


def test_a_configured_profile_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="cannot read"):
        gather(settings("--seccomp-profile", str(tmp_path / "none.json")))
    (tmp_path / "own.json").write_bytes(b"own")
    assert gather(settings("--seccomp-profile", str(tmp_path / "own.json"))).seccomp_profile == b"own"


def test_this_host_is_read_fast() -> None:
    chosen = settings()
    gather(chosen)
    durations = []
    for _ in range(5):
        started = time.perf_counter()
        gather(chosen)
        durations.append(time.perf_counter() - started)
    assert min(durations) < 0.02


def test_file_systems_are_found_by_the_longest_mount_point() -> None:
    mountinfo = (
        "1 0 0:1 / / rw - ext4 /dev/a rw\n"
        "2 1 0:2 / /var rw shared:1 - tmpfs tmpfs rw\n"
        "3 1 0:3 / /var/lib rw - overlay overlay rw\n"
        "4 1 0:4 / /variable rw - xfs x rw\n"
    )
    assert file_system_of("/var/lib/sampan", mountinfo) == "overlay"
    assert file_system_of("/var/library", mountinfo) == "tmpfs"
    assert file_system_of("/home", mountinfo) == "ext4"
    assert file_system_of("/var", mountinfo) == "tmpfs"


def test_programs_and_libraries_are_files(tmp_path: Path) -> None:
    (tmp_path / "tool").touch(mode=0o755)
    (tmp_path / "text").touch(mode=0o644)
    (tmp_path / "dir").mkdir()
    here = [str(tmp_path)]
    assert find_program("tool", here) == str(tmp_path / "tool")
    assert find_program(str(tmp_path / "tool")) == str(tmp_path / "tool")
    assert find_program("text", here) is None
    assert find_program("dir", here) is None
    assert find_program("none", here) is None
    assert find_library("text", here) == str(tmp_path / "text")
    assert find_library("none", here) is None


def kernel_root(tmp_path: Path, *, index: str | None = None, config: str | None = None) -> Path:
    namespaces = tmp_path / "proc/self/ns"
    namespaces.mkdir(parents=True)
    for name in ("mnt", "net", "pid", "ipc"):
        (namespaces / name).touch()
    (tmp_path / "proc/self/status").write_text("Name:\tx\nSeccomp:\t0\n")
    (tmp_path / "proc/filesystems").write_text("nodev\tproc\nnodev\toverlay\n")
    (tmp_path / "sys/module/bridge").mkdir(parents=True)
    if index is not None:
        modules = tmp_path / "lib/modules/6.1"
        modules.mkdir(parents=True)
        (modules / "modules.builtin").write_text("")
        (modules / "modules.dep").write_text(index)
    if config is not None:
        (tmp_path / "boot").mkdir()
        (tmp_path / "boot/config-6.1").write_text(config)
    return tmp_path


def missing(root: Path) -> list[str]:
    return [module.name for module in read_kernel_features("6.1", root).missing_modules]


def test_kernel_features_without_any_list_are_taken_to_be_there(tmp_path: Path) -> None:
    found = read_kernel_features("6.1", kernel_root(tmp_path))
    assert found.missing_namespaces == ("uts",)
    assert found.missing_modules == ()
    assert found.has_seccomp


def test_kernel_features_are_missing_if_the_lists_say_so(tmp_path: Path) -> None:
    root = kernel_root(tmp_path, index="kernel/drivers/net/veth.ko.xz: \n", config="CONFIG_X=y\n")
    assert missing(root) == ["nf_tables"]


def test_a_built_in_feature_counts(tmp_path: Path) -> None:
    root = kernel_root(tmp_path, index="", config="CONFIG_VETH=y\nCONFIG_NF_TABLES=m\n")
    assert missing(root) == []
