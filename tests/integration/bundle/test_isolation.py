"""What a container planned here can and cannot do, seen from inside it under a real runtime."""

from __future__ import annotations

import dataclasses
import errno
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from sampan.bundle.capabilities import ALL
from sampan.bundle.exec_process import plan_exec
from sampan.bundle.plan import FILTER_ANNOTATION, plan_bundle
from sampan.bundle.request import BundleRequest, HostFiles
from sampan.bundle.users import ResolvedUser
from sampan.errors import InvalidArgument
from sampan.linux.devices import mapped_devices
from sampan.linux.host_facts import HostFacts, read_host
from sampan.linux.seccomp_filter import FilterCompiler
from sampan.models.container import (
    BindOptions,
    ContainerConfig,
    DeviceMapping,
    HostConfig,
    Mount,
    TmpfsOptions,
    Ulimit,
)
from sampan.models.exec import ExecConfig
from sampan.oci.runtime_spec import Spec, encode

PROFILE = Path("/usr/share/containers/seccomp.json")


@pytest.fixture(scope="session")
def host() -> HostFacts:
    return read_host(ALL)


@pytest.fixture(scope="session")
def compiler() -> FilterCompiler:
    return FilterCompiler()


@dataclasses.dataclass
class Box:
    """Runs planned containers under a state directory and a cgroup of its own."""

    directory: Path
    host: HostFacts
    compiler: FilterCompiler
    cgroup: str

    @property
    def rootfs(self) -> Path:
        return self.directory / "rootfs"

    def request(self, argv: list[str], host_config: HostConfig, **changes: object) -> BundleRequest:
        request = BundleRequest(
            container_id=f"box{os.getpid()}",
            config=ContainerConfig(cmd=argv),
            host_config=host_config,
            rootfs=str(self.rootfs),
            hostname="boxed",
            host_files=HostFiles(resolv_conf=None, hosts=None, hostname=None),
            netns_path="",
            user=ResolvedUser(uid=0, gid=0, additional_gids=(0,), home="/root"),
            cgroup_parent=self.cgroup,
            host=self.host,
            seccomp_profile=PROFILE.read_bytes(),
            seccomp_compiler=self.compiler,
        )
        return dataclasses.replace(request, **changes)  # type: ignore[arg-type]

    def run_spec(self, spec: Spec, *, runtime: str = "crun") -> subprocess.CompletedProcess[str]:
        (self.directory / "config.json").write_bytes(encode(spec))
        return subprocess.run(
            [runtime, f"--root={self.directory / 'state'}", "run", "-b", self.directory, f"box{os.getpid()}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def sh(self, script: str, host_config: HostConfig | None = None, **changes: object) -> str:
        """Output of a shell script in a container; the test fails if it does."""
        request = self.request(["/bin/sh", "-c", script], host_config or HostConfig(), **changes)
        done = self.run_spec(plan_bundle(request))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def errors(self, script: str, host_config: HostConfig | None = None, **changes: object) -> dict[str, int]:
        """The error numbers, in JSON, that a Python script prints in a container that sees this machine's programs."""
        wanted = host_config or HostConfig()
        program = Path(sys.executable).resolve()
        trees = dict.fromkeys([Path("/usr"), Path(sys.base_prefix).resolve()])
        binds = [
            f"{tree}:{tree}:ro"
            for tree in trees
            if not any(tree != o and tree.is_relative_to(o) for o in trees)
        ]
        for name in ("lib", "lib64"):
            if not (self.rootfs / name).is_symlink():
                (self.rootfs / name).symlink_to(f"usr/{name}")
        request = self.request(
            [str(program), "-I", "-c", script],
            replace(wanted, binds=[*binds, *(wanted.binds or ())]),
            **changes,
        )
        done = self.run_spec(plan_bundle(request))
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=dict[str, int])


def _leave_no_cgroup(name: str) -> None:
    base = Path("/sys/fs/cgroup")
    for directory in [*base.glob(f"*{name}"), *base.glob(f"*/{name.lstrip('/')}"), base / name.lstrip("/")]:
        if directory.is_dir():
            directory.rmdir()


@pytest.fixture
def box(tmp_path: Path, host: HostFacts, compiler: FilterCompiler) -> Iterator[Box]:
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox-static is needed"
    directory = tmp_path / "bundle"
    binaries = directory / "rootfs/bin"
    binaries.mkdir(parents=True)
    for name in ("etc", "root", "tmp"):
        (directory / "rootfs" / name).mkdir()
    shutil.copy(busybox, binaries / "busybox")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        if name != "busybox":
            (binaries / name).symlink_to("busybox")
    cgroup = f"/sampantest{os.getpid()}"
    yield Box(directory, host, compiler, cgroup)
    _leave_no_cgroup(cgroup)


DEFAULT_MASK = 0xA80425FB

# Each call with arguments that do no harm if it is let through; the raw error number comes out.
SYSCALLS = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in args])
    return ctypes.get_errno() if result == -1 else 0
names = {
    "clock_settime": (227, 99, 0), "keyctl": (250, 0, 0), "add_key": (248, 0, 0, 0, 0, 0),
    "mount": (165, 0, 0, 0, 0, 0), "umount2": (166, 0, 0), "unshare_user": (272, 0x10000000),
    "setns": (308, -1, 0), "fsopen": (430, 0, 0), "open_tree": (428, -1, 0, 0), "bpf": (321, 99, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0), "init_module": (175, 0, 0, 0), "reboot": (169, 0, 0, 0, 0),
    "pivot_root": (155, 0, 0), "swapon": (167, 0, 0), "userfaultfd": (323, 0), "kexec_load": (246, 0, 0, 0, 0),
    "clone_newuser": (56, 0x10000000 | 17, 0, 0, 0, 0), "clone3": (435, 0, 0),
    "vsock": (41, 40, 1, 0), "ptrace": (101, 99, 0, 0, 0), "getpid": (39,), "unshare_none": (272, 0),
    "personality_bad": (135, 0x0400000), "unknown": (9999,),
}
found = {}
for name, args in names.items():
    pid = os.fork() if name.startswith("clone") else 0
    if name.startswith("clone") and pid:
        _, status = os.waitpid(pid, 0)
        found[name] = os.waitstatus_to_exitcode(status)
        continue
    result = call(*args)
    if name.startswith("clone"):
        os._exit(result)
    found[name] = result
print(json.dumps(found))
"""

machine_is_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the numbers in this test are x86_64's"
)


def status_fields(text: str) -> dict[str, str]:
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def test_default_capabilities_and_filter_are_on(box: Box) -> None:
    fields = status_fields(box.sh("cat /proc/self/status"))
    assert int(fields["CapBnd"], 16) == DEFAULT_MASK
    assert int(fields["CapEff"], 16) == DEFAULT_MASK
    assert int(fields["CapInh"], 16) == int(fields["CapAmb"], 16) == 0
    assert fields["Seccomp"] == "2"
    assert fields["NoNewPrivs"] == "0"


@machine_is_x86
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled here", "compiled by the runtime"])
def test_dangerous_system_calls_are_refused(box: Box, compiled: bool) -> None:
    changes: dict[str, object] = {} if compiled else {"seccomp_compiler": None}
    found = box.errors(SYSCALLS, None, **changes)
    refused = {
        "clock_settime", "keyctl", "mount", "umount2", "unshare_user", "setns", "fsopen", "open_tree", "bpf",
        "perf_event_open", "init_module", "reboot", "pivot_root", "swapon", "userfaultfd", "kexec_load",
        "clone_newuser", "unshare_none",
    }  # fmt: skip
    assert {name: found[name] for name in refused} == dict.fromkeys(refused, errno.EPERM)
    missing = {"clone3", "unknown", "add_key", "vsock", "personality_bad"}
    assert {name: found[name] for name in missing} == dict.fromkeys(missing, errno.ENOSYS)
    assert found["getpid"] == 0
    assert found["ptrace"] in (errno.EIO, errno.ESRCH, errno.EPERM)


@machine_is_x86
def test_an_administrator_capability_opens_its_calls_only(box: Box) -> None:
    found = box.errors(SYSCALLS, HostConfig(cap_add=["SYS_ADMIN"]))
    assert found["unshare_none"] == 0
    assert found["clone3"] == errno.EINVAL
    assert found["keyctl"] == errno.EPERM
    assert found["clock_settime"] == errno.EPERM


@machine_is_x86
def test_a_profile_of_the_users_own_is_taken_as_it_is(box: Box) -> None:
    profile = (
        '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":['
        '{"names":["getpid"],"action":"SCMP_ACT_ERRNO","errnoRet":7}]}'
    )
    found = box.errors(SYSCALLS, HostConfig(security_opt=[f"seccomp={profile}"]))
    assert found["getpid"] == 7
    assert found["unshare_none"] == 0


def test_unconfined_and_privileged_have_no_filter(box: Box) -> None:
    for host_config in (HostConfig(security_opt=["seccomp=unconfined"]), HostConfig(privileged=True)):
        fields = status_fields(box.sh("cat /proc/self/status", host_config))
        assert fields["Seccomp"] == "0"


def test_privileged_has_every_capability_and_writable_kernel_trees(box: Box, host: HostFacts) -> None:
    text = box.sh("cat /proc/self/status; cat /proc/self/mounts", HostConfig(privileged=True))
    mask = int(status_fields(text)["CapEff"], 16)
    assert mask.bit_count() == len(host.capabilities)
    sysfs = next(line for line in text.splitlines() if line.startswith("sysfs /sys "))
    assert ",ro" not in sysfs.replace(" ro,", ",ro,")
    assert "/proc/sys proc ro" not in text


def test_capabilities_are_dropped_and_added(box: Box) -> None:
    dropped = box.sh("grep CapBnd /proc/self/status", HostConfig(cap_drop=["ALL"], cap_add=["chown"]))
    assert int(dropped.split()[1], 16) == 1


def test_no_new_privileges(box: Box) -> None:
    host_config = HostConfig(security_opt=["no-new-privileges"])
    assert status_fields(box.sh("cat /proc/self/status", host_config))["NoNewPrivs"] == "1"


def test_masked_and_read_only_paths(box: Box) -> None:
    script = """
    cat /proc/keys /proc/timer_list /proc/interrupts | wc -c
    ls /sys/firmware | wc -l
    echo 1 > /proc/sys/vm/drop_caches 2>/dev/null && echo wrote
    mkdir /sys/fs/cgroup/memory/x 2>/dev/null && echo made
    true
    """
    assert box.sh(script).split() == ["0", "0"]


def test_identity_hostname_directory_and_environment(box: Box) -> None:
    config = ContainerConfig(
        cmd=["/bin/sh", "-c", "id; hostname; pwd; env | sort; cat /proc/sys/kernel/domainname"],
        working_dir="/new/place",
        env=["A=b", "PATH=/bin"],
        domainname="example.test",
    )
    user = ResolvedUser(uid=1000, gid=1001, additional_gids=(1001, 7), home="/home/u")
    out = box.sh("", config=config, user=user).splitlines()
    assert out[0] == "uid=1000 gid=1001 groups=7,1001" or out[0] == "uid=1000 gid=1001 groups=1001,7"
    assert out[1:3] == ["boxed", "/new/place"]
    assert {"A=b", "PATH=/bin", "HOSTNAME=boxed", "HOME=/home/u"} <= set(out)
    assert out[-1] == "example.test"


def test_a_user_without_privilege_has_no_effective_capabilities(box: Box) -> None:
    user = ResolvedUser(uid=1000, gid=1000, additional_gids=(1000,))
    fields = status_fields(box.sh("cat /proc/self/status", user=user))
    assert int(fields["CapEff"], 16) == 0
    assert int(fields["CapBnd"], 16) == DEFAULT_MASK


def test_limits_reach_the_cgroup(box: Box, host: HostFacts) -> None:
    host_config = HostConfig(
        memory=64 << 20, pids_limit=33, nano_cpus=500_000_000, cpu_shares=512, cpuset_cpus="0"
    )
    if host.cgroup_version == 1:
        files = [
            "memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "pids/pids.max",
            "cpu/cpu.cfs_quota_us", "cpu/cpu.shares", "cpuset/cpuset.cpus",
        ]  # fmt: skip
        expected = [str(64 << 20), str(128 << 20), "33", "50000", "512", "0"]
    else:
        files = ["memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpuset.cpus"]
        expected = [str(64 << 20), str(64 << 20), "33", "50000 100000", "0"]
    script = "; ".join(f"cat /sys/fs/cgroup/{name}" for name in files)
    assert box.sh(script, host_config).splitlines() == expected


def test_resource_limits_of_the_process(box: Box) -> None:
    host_config = HostConfig(ulimits=[Ulimit(name="nofile", soft=100, hard=200)], oom_score_adj=77)
    out = box.sh("grep 'open files' /proc/self/limits; cat /proc/self/oom_score_adj", host_config)
    assert out.split()[3:5] == ["100", "200"]
    assert out.split()[-1] == "77"


def test_namespaces_are_the_containers_own(box: Box) -> None:
    kinds = ("pid", "net", "ipc", "uts", "mnt")
    script = "; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds)
    inside = box.sh(script).splitlines()
    outside = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]
    assert len(inside) == len(kinds)
    assert not set(inside) & set(outside)
    assert box.sh("ls /sys/class/net").split() == ["lo"]


def test_host_modes_share_the_hosts_namespaces(box: Box) -> None:
    host_config = HostConfig(network_mode="host", pid_mode="host", ipc_mode="host", uts_mode="host")
    kinds = ("pid", "net", "ipc", "uts")
    script = "; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds)
    inside = box.sh(script, host_config, netns_path=None).splitlines()
    assert inside == [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]


def test_network_sysctls(box: Box) -> None:
    out = box.sh(
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range "
        "/proc/sys/net/ipv4/ip_forward",
        HostConfig(sysctls={"net.ipv4.ip_forward": "1"}),
    )
    assert out.split() == ["0", "0", "2147483647", "1"]


def test_binds_tmpfs_and_a_read_only_root(box: Box, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/file").write_text("text\n")
    (tmp_path / "hosts").write_text("hosts\n")
    host_config = HostConfig(
        readonly_rootfs=True,
        binds=[f"{tmp_path}/shared:/ro:ro", f"{tmp_path}/shared:/rw", f"{tmp_path}/hosts:/etc/myhosts"],
        tmpfs={"/scratch": "size=1m,mode=1770"},
        mounts=[
            Mount(
                type="bind",
                source=str(tmp_path / "shared"),
                target="/one",
                bind_options=BindOptions(non_recursive=True),
            ),
            Mount(type="tmpfs", target="/two", tmpfs_options=TmpfsOptions(size_bytes=1 << 20)),
        ],
    )
    for name in ("ro", "rw", "scratch", "one", "two", "proc", "sys", "dev"):
        (box.rootfs / name).mkdir(exist_ok=True)
    (box.rootfs / "etc/myhosts").touch()
    script = """
    cat /ro/file /one/file /etc/myhosts
    echo x > /ro/new 2>/dev/null || echo "ro refused"
    echo x > /new 2>/dev/null || echo "root refused"
    echo made > /rw/new && cat /ro/new
    echo x > /scratch/a && stat -c %a /scratch
    echo x > /two/a && echo x > /dev/shm/a && echo ok
    grep ' /scratch ' /proc/self/mounts
    """
    out = box.sh(script, host_config).splitlines()
    assert out[:8] == ["text", "text", "hosts", "ro refused", "root refused", "made", "1770", "ok"]
    assert {"noexec", "nosuid", "nodev", "size=1024k"} <= set(out[8].split()[3].split(","))
    assert (tmp_path / "shared/new").read_text() == "made\n"


def test_a_mount_target_that_is_a_symlink_stays_inside(box: Box, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "source").mkdir()
    (tmp_path / "source/seen").touch()
    (box.rootfs / "trap").symlink_to(tmp_path / "outside")
    host_config = HostConfig(binds=[f"{tmp_path}/source:/trap/new"])
    box.run_spec(plan_bundle(box.request(["/bin/true"], host_config)))
    assert list((tmp_path / "outside").iterdir()) == []
    (box.rootfs / "link").symlink_to("/tmp")
    host_config = HostConfig(binds=[f"{tmp_path}/source:/link/new"])
    assert box.sh("ls /tmp/new", host_config).split() == ["seen"]


def test_default_devices_and_a_mapped_one(box: Box) -> None:
    devices, access = mapped_devices(
        [DeviceMapping(path_on_host="/dev/full", path_in_container="/dev/xfull", cgroup_permissions="rw")]
    )
    out = box.sh(
        "echo x > /dev/xfull; head -c 1 /dev/zero | wc -c; ls /dev; mknod /tmp/kmsg c 1 11; head -c 1 /tmp/kmsg || echo denied",
        devices=devices,
        device_access=access,
    ).split()
    assert out[0] == "1"
    assert {
        "null",
        "zero",
        "full",
        "random",
        "urandom",
        "tty",
        "ptmx",
        "pts",
        "shm",
        "mqueue",
        "xfull",
    } <= set(out)
    assert out[-1] == "denied"


def test_init_is_the_first_process(box: Box) -> None:
    init = shutil.which("tini-static")
    assert init is not None, "tini is needed"
    out = box.sh("cat /proc/1/comm; echo $$", init_path=init).split()
    assert out[0] in ("docker-init", "tini-static")
    assert out[1] != "1"


def test_files_of_the_engine_appear(box: Box, tmp_path: Path) -> None:
    paths = {}
    for name in ("resolv_conf", "hosts", "hostname"):
        (tmp_path / name).write_text(f"{name}\n")
        paths[name] = str(tmp_path / name)
    out = box.sh("cat /etc/resolv.conf /etc/hosts /etc/hostname", host_files=HostFiles(**paths))
    assert out.split() == ["resolv_conf", "hosts", "hostname"]


def test_another_runtime_runs_the_same_spec(box: Box) -> None:
    request = box.request(["/bin/sh", "-c", "grep Seccomp: /proc/self/status"], HostConfig())
    spec = plan_bundle(request)
    assert FILTER_ANNOTATION in spec.annotations
    done = box.run_spec(spec, runtime="runc")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Seccomp:", "2"]


def test_an_exec_is_under_the_same_filter(box: Box, tmp_path: Path) -> None:
    name = f"box{os.getpid()}"
    spec = plan_bundle(box.request(["/bin/sleep", "60"], HostConfig()))
    (box.directory / "config.json").write_bytes(encode(spec))
    crun = ["crun", f"--root={box.directory / 'state'}"]
    process = plan_exec(
        ExecConfig(
            cmd=["/bin/sh", "-c", "cat /proc/self/status; echo env=$C$E; unshare -U true || echo refused"],
            env=["E=2"],
        ),
        config=ContainerConfig(env=["C=1"]),
        host_config=HostConfig(),
        hostname="boxed",
        user=ResolvedUser(uid=0, gid=0),
        available=box.host.capabilities,
    )
    (tmp_path / "process.json").write_bytes(encode(process))
    null = subprocess.DEVNULL
    subprocess.run(
        [*crun, "run", "-d", "-b", box.directory, name],
        check=True,
        timeout=30,
        stdin=null,
        stdout=null,
        stderr=null,
    )
    try:
        done = subprocess.run(
            [*crun, "exec", "--process", tmp_path / "process.json", name],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    finally:
        subprocess.run([*crun, "delete", "-f", name], check=True, timeout=30)
    fields = status_fields(done.stdout)
    assert fields["Seccomp"] == "2"
    assert int(fields["CapEff"], 16) == DEFAULT_MASK
    assert done.stdout.endswith("env=12\nrefused\n")


def test_the_plan_is_cheap_once_the_filter_is_known(box: Box) -> None:
    request = box.request(["/bin/true"], HostConfig())
    plan_bundle(request)
    started = time.perf_counter()
    for _ in range(20):
        plan_bundle(request)
    assert (time.perf_counter() - started) / 20 < 0.005


def test_reserved_annotations_cannot_replace_the_filter(box: Box) -> None:
    host_config = HostConfig(annotations={FILTER_ANNOTATION: ""})
    with pytest.raises(InvalidArgument):
        plan_bundle(box.request(["/bin/true"], host_config))
    kept = plan_bundle(box.request(["/bin/true"], replace(host_config, annotations={"a.b": "c"})))
    assert kept.annotations["a.b"] == "c"
