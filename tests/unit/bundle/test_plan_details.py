"""Parts of the plan that the recordings do not show."""

from __future__ import annotations

import dataclasses

import pytest

from sampan.bundle.capabilities import ALL, DEFAULT
from sampan.bundle.environment import arguments
from sampan.bundle.exec_process import plan_exec
from sampan.bundle.plan import FILTER_ANNOTATION, default_seccomp, plan_bundle
from sampan.bundle.request import BundleRequest, HostFiles, JoinedNamespaces
from sampan.bundle.security import parse_security_options
from sampan.bundle.users import ResolvedUser
from sampan.errors import InternalError, InvalidArgument
from sampan.models.container import ContainerConfig, HostConfig, ThrottleDevice, Ulimit
from sampan.models.exec import ExecConfig
from sampan.oci.runtime_spec import UNLIMITED, Box, Namespace, Seccomp, Spec

PROFILE = (
    b'{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}'
)


@dataclasses.dataclass(frozen=True)
class UnifiedHost:
    cpu_count: int = 4
    kernel: tuple[int, int] = (6, 1)
    architecture: str = "amd64"
    hostname: str = "vm"
    capabilities: frozenset[str] = frozenset(ALL)
    cgroup_version: int = 2
    cgroup_features: frozenset[str] = frozenset({"memory", "swap", "cpu", "cpu_quota", "pids", "blkio"})


def plan(host_config: HostConfig | None = None, **changes: object) -> Spec:
    request = BundleRequest(
        container_id="cid",
        config=ContainerConfig(cmd=["run"]),
        host_config=host_config or HostConfig(),
        rootfs="/rootfs",
        hostname="name",
        host_files=HostFiles(resolv_conf=None, hosts=None, hostname=None),
        netns_path="/netns",
        user=ResolvedUser(uid=0, gid=0),
        cgroup_parent="/parent/",
        host=UnifiedHost(),
        seccomp_profile=PROFILE,
    )
    return plan_bundle(dataclasses.replace(request, **changes))  # type: ignore[arg-type]


def kinds(spec: Spec) -> set[str]:
    return {namespace.type for namespace in spec.linux.namespaces}


def test_the_cgroup_namespace_is_private_on_v2_and_the_hosts_on_v1() -> None:
    assert "cgroup" in kinds(plan())
    assert "cgroup" not in kinds(plan(host=UnifiedHost(cgroup_version=1)))
    assert "cgroup" not in kinds(plan(HostConfig(cgroupns_mode="host")))
    assert "cgroup" in kinds(plan(HostConfig(cgroupns_mode="private"), host=UnifiedHost(cgroup_version=1)))
    assert "cgroup" not in kinds(plan(HostConfig(privileged=True)))


def test_the_cgroup_lies_in_its_parent() -> None:
    assert plan().linux.cgroups_path == "/parent/cid"


def test_namespaces_of_another_container_are_joined() -> None:
    spec = plan(
        HostConfig(pid_mode="container:x", ipc_mode="container:x"),
        joined=JoinedNamespaces(pid="/p", ipc="/i"),
        shm_path="/shm",
    )
    assert Namespace(type="pid", path="/p") in spec.linux.namespaces
    assert Namespace(type="ipc", path="/i") in spec.linux.namespaces
    shm = next(mount for mount in spec.mounts if mount.destination == "/dev/shm")
    assert (shm.type, shm.source) == ("bind", "/shm")


@pytest.mark.parametrize(
    "changes",
    [
        {"netns_path": None},
        {"host_config": HostConfig(pid_mode="container:x")},
        {"host_config": HostConfig(ipc_mode="container:x")},
        {"host_config": HostConfig(binds=["volume:/v"])},
        {"host_config": HostConfig(blkio_device_read_bps=[ThrottleDevice(path="/dev/a", rate=1)])},
    ],
)
def test_nothing_unresolved_falls_back_to_the_hosts(changes: dict[str, object]) -> None:
    with pytest.raises(InternalError):
        plan(**changes)  # type: ignore[arg-type]


def test_a_volume_is_a_bind_of_its_directory() -> None:
    spec = plan(HostConfig(binds=["volume:/v:ro"]), bind_volumes={"/v": "/volumes/volume"})
    mount = spec.mounts[-1]
    assert (mount.source, mount.options) == ("/volumes/volume", ["rbind", "rro", "rprivate"])


def test_recursive_read_only_needs_a_kernel_that_has_it() -> None:
    spec = plan(HostConfig(binds=["/a:/v:ro"]), host=UnifiedHost(kernel=(5, 10)))
    assert spec.mounts[-1].options == ["rbind", "ro", "rprivate"]


def test_asked_mounts_replace_the_defaults() -> None:
    spec = plan(HostConfig(binds=["/x:/dev"], tmpfs={"/proc": ""}))
    under_dev = [mount.destination for mount in spec.mounts if mount.destination.startswith("/dev")]
    assert under_dev == ["/dev"]
    assert [mount.type for mount in spec.mounts if mount.destination == "/proc"] == ["tmpfs"]


def test_parents_are_mounted_before_what_is_below_them() -> None:
    spec = plan(HostConfig(binds=["/1:/a/b/c", "/2:/a", "/3:/a/b"]))
    assert [mount.destination for mount in spec.mounts[-3:]] == ["/a", "/a/b", "/a/b/c"]


def test_tmpfs_flags_can_be_lifted() -> None:
    spec = plan(HostConfig(tmpfs={"/t": "exec,size=1m"}))
    assert spec.mounts[-1].options == ["nosuid", "nodev", "rprivate", "exec", "size=1m"]


def test_propagation_reaches_the_root() -> None:
    assert plan(HostConfig(binds=["/a:/b:rshared"])).linux.rootfs_propagation == "shared"
    assert plan(HostConfig(binds=["/a:/b:slave"])).linux.rootfs_propagation == "rslave"
    assert plan(HostConfig(binds=["/a:/b"])).linux.rootfs_propagation == ""


def test_limits_that_the_host_cannot_keep_are_left_out() -> None:
    host_config = HostConfig(memory=1 << 30, pids_limit=4, cpuset_cpus="0", blkio_weight=100)
    resources = plan(host_config, host=UnifiedHost(cgroup_features=frozenset({"memory"}))).linux.resources
    assert resources is not None
    assert resources.memory is not None
    assert (resources.memory.limit, resources.memory.swap) == (1 << 30, None)
    assert [resources.pids, resources.cpu, resources.block_io] == [None, None, None]


@pytest.mark.parametrize(("swap", "expected"), [(0, 2 << 30), (-1, -1), (1 << 30, 1 << 30)])
def test_swap(swap: int, expected: int) -> None:
    resources = plan(HostConfig(memory=1 << 30, memory_swap=swap)).linux.resources
    assert resources is not None
    assert resources.memory is not None
    assert resources.memory.swap == expected


def test_unlimited_pids_are_no_limit() -> None:
    for limit in (None, 0, -1):
        resources = plan(HostConfig(pids_limit=limit)).linux.resources
        assert resources is not None
        assert resources.pids is None


def test_fractions_of_a_cpu_become_a_quota() -> None:
    resources = plan(HostConfig(nano_cpus=1_500_000_000)).linux.resources
    assert resources is not None
    assert resources.cpu is not None
    assert (resources.cpu.quota, resources.cpu.period) == (150_000, 100_000)


def test_ulimits_of_the_container_win_over_the_daemons() -> None:
    spec = plan(
        HostConfig(ulimits=[Ulimit(name="nofile", soft=-1, hard=-1)]),
        default_ulimits=(("nofile", 1, 1), ("core", 2, 3)),
    )
    found = {limit.type: (limit.soft, limit.hard) for limit in spec.process.rlimits}
    assert found == {"RLIMIT_NOFILE": (UNLIMITED, UNLIMITED), "RLIMIT_CORE": (2, 3)}


def test_a_terminal_has_a_type_and_a_size() -> None:
    spec = plan(HostConfig(console_size=(24, 80)), config=ContainerConfig(cmd=["x"], tty=True))
    assert spec.process.terminal
    assert spec.process.console_size == Box(height=24, width=80)
    assert "TERM=xterm" in spec.process.env
    assert plan(HostConfig(console_size=(24, 80))).process.console_size is None


@pytest.mark.parametrize(
    ("env", "home"),
    [(None, "HOME=/h"), (["HOME=/x"], "HOME=/x"), (["HOME="], "HOME=/h"), (["HOME"], "HOME=/h")],
)
def test_home(env: list[str] | None, home: str) -> None:
    spec = plan(config=ContainerConfig(cmd=["x"], env=env), user=ResolvedUser(uid=1, gid=1, home="/h"))
    assert [text for text in spec.process.env if text.startswith("HOME=")] == [home]


def test_the_environment_replaces_and_removes_defaults() -> None:
    spec = plan(config=ContainerConfig(cmd=["x"], env=["PATH=/p", "HOSTNAME", "A=1", "A=2"]))
    assert spec.process.env == ["PATH=/p", "A=2", "HOME=/"]


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "expected"),
    [
        (["/e"], ["a"], ["/e", "a"]),
        (None, ["a"], ["a"]),
        ([""], ["a"], ["a"]),
        ("/e", "a", ["/e", "a"]),
    ],
)
def test_arguments(entrypoint: list[str] | str | None, cmd: list[str] | str, expected: list[str]) -> None:
    assert arguments(ContainerConfig(entrypoint=entrypoint, cmd=cmd)) == expected


def test_nothing_to_run_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="no command specified"):
        arguments(ContainerConfig())


def test_init_needs_a_pid_namespace_of_its_own() -> None:
    assert plan(init_path="/i").process.args == ["/sbin/docker-init", "--", "run"]
    assert plan(HostConfig(pid_mode="host"), init_path="/i").process.args == ["run"]


def test_a_compiled_filter_goes_beside_the_section() -> None:
    seen: list[Seccomp] = []

    def compile_(section: Seccomp) -> bytes:
        seen.append(section)
        return b"program"

    spec = plan(seccomp_compiler=compile_)
    assert spec.annotations[FILTER_ANNOTATION] == "cHJvZ3JhbQ=="
    assert spec.linux.seccomp == seen[0]
    assert plan(seccomp_compiler=lambda _: None).annotations == {}


def test_the_default_filter_can_be_compiled_ahead() -> None:
    assert default_seccomp(PROFILE, UnifiedHost(), tightened=True) == plan().linux.seccomp


@pytest.mark.parametrize(
    "host_config", [HostConfig(privileged=True), HostConfig(security_opt=["seccomp=unconfined"])]
)
def test_no_filter_is_only_had_by_asking(host_config: HostConfig) -> None:
    assert plan(host_config).linux.seccomp is None
    assert plan().linux.seccomp is not None


def test_security_options() -> None:
    found = parse_security_options(
        ["no-new-privileges:true", "seccomp=unconfined", "label:disable", "apparmor=x"]
    )
    assert found.no_new_privileges
    assert (found.seccomp, found.apparmor, found.labels) == ("unconfined", "x", ("disable",))
    assert not parse_security_options(["no-new-privileges=false"]).no_new_privileges
    inline = parse_security_options(['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'])
    assert inline.seccomp == '{"defaultAction":"SCMP_ACT_ALLOW"}'
    for bad in ("", "seccomp", "seccomp=", "seccomp={", "x=y", "no-new-privileges=maybe", "systempaths=x"):
        with pytest.raises(InvalidArgument):
            parse_security_options([bad])


def test_system_paths_can_be_opened() -> None:
    spec = plan(HostConfig(security_opt=["systempaths=unconfined"]))
    assert spec.linux.masked_paths == spec.linux.readonly_paths == []
    own = plan(HostConfig(masked_paths=["/m"], readonly_paths=[]))
    assert (own.linux.masked_paths, own.linux.readonly_paths) == (["/m"], [])


def exec_of(exec_config: ExecConfig, **changes: object) -> object:
    values: dict[str, object] = {
        "config": ContainerConfig(cmd=["x"], env=["A=1", "B=1"], working_dir="/w", tty=True),
        "host_config": HostConfig(),
        "hostname": "name",
        "user": ResolvedUser(uid=5, gid=6, additional_gids=(6,), home="/h"),
        "available": ALL,
        **changes,
    }
    return plan_exec(exec_config, **values)  # type: ignore[arg-type]


def test_an_exec_takes_the_containers_place_and_environment() -> None:
    process = plan_exec(
        ExecConfig(cmd=["c"], env=["B=2", "C=3"]),
        config=ContainerConfig(cmd=["x"], env=["A=1", "B=1"], working_dir="/w", tty=True),
        host_config=HostConfig(security_opt=["no-new-privileges"]),
        hostname="name",
        user=ResolvedUser(uid=5, gid=6, additional_gids=(6,), home="/h"),
        available=ALL,
    )
    assert (process.args, process.cwd, process.terminal) == (["c"], "/w", False)
    assert process.env[1:] == ["HOSTNAME=name", "A=1", "B=2", "HOME=/h", "C=3"]
    assert (process.user.uid, process.user.gid) == (5, 6)
    assert process.no_new_privileges
    assert process.capabilities is not None
    assert set(process.capabilities.bounding) == set(DEFAULT)


def test_a_privileged_exec_has_every_capability() -> None:
    process = plan_exec(
        ExecConfig(cmd=["c"], privileged=True, tty=True, working_dir="/other"),
        config=ContainerConfig(cmd=["x"]),
        host_config=HostConfig(),
        hostname="name",
        user=ResolvedUser(uid=0, gid=0),
        available=ALL,
        console_size=(10, 20),
    )
    assert process.capabilities is not None
    assert process.capabilities.effective == list(ALL)
    assert process.console_size == Box(height=10, width=20)
    assert "TERM=xterm" in process.env
    assert process.cwd == "/other"


@pytest.mark.parametrize("exec_config", [ExecConfig(), ExecConfig(cmd=["x"], working_dir="rel")])
def test_malformed_execs_are_refused(exec_config: ExecConfig) -> None:
    with pytest.raises(InvalidArgument):
        exec_of(exec_config)
