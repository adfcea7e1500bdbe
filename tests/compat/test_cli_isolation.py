"""What a container may see and do, as the stock CLI asks for it: limits, capabilities, mounts, namespaces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sampan.testing.busybox_rootfs import TEST_IMAGE as IMAGE
from sampan.testing.docker_cli import DockerCli

# Docker's default set: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap,
# net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
_DEFAULT_CAPABILITIES = 0xA80425FB


def _status(cli: DockerCli, *arguments: str) -> dict[str, str]:
    text = cli("run", "--rm", *arguments, IMAGE, "cat", "/proc/self/status").out
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def _cgroup_file(cli: DockerCli, flags: list[str], *, v1: str, v2: str) -> str:
    """A file of the container's cgroup, read from inside, whichever version the host has."""
    script = f"cat /sys/fs/cgroup/{v2} 2>/dev/null || cat /sys/fs/cgroup/{v1}"
    return cli("run", "--rm", *flags, IMAGE, "sh", "-c", script).line


def test_memory_limit(cli: DockerCli) -> None:
    assert _cgroup_file(
        cli, ["-m", "64m"], v1="memory/memory.limit_in_bytes", v2="memory.max"
    ) == str(64 << 20)  # fmt: skip


def test_memory_reservation(cli: DockerCli) -> None:
    flags = ["--memory-reservation", "32m"]
    found = _cgroup_file(cli, flags, v1="memory/memory.soft_limit_in_bytes", v2="memory.low")
    assert found == str(32 << 20)


def test_cpu_quota(cli: DockerCli) -> None:
    found = _cgroup_file(cli, ["--cpus", "0.5"], v1="cpu/cpu.cfs_quota_us", v2="cpu.max")
    assert found.split()[0] == "50000"


def test_cpu_shares(cli: DockerCli) -> None:
    # Version 2 turns shares into a weight, and runtimes differ in the formula.
    found = _cgroup_file(cli, ["-c", "512"], v1="cpu/cpu.shares", v2="cpu.weight")
    assert found == "512" or int(found) < 100


def test_cpuset(cli: DockerCli) -> None:
    assert _cgroup_file(cli, ["--cpuset-cpus", "0"], v1="cpuset/cpuset.cpus", v2="cpuset.cpus") == "0"


def test_pids_limit_and_its_effect(cli: DockerCli) -> None:
    assert _cgroup_file(cli, ["--pids-limit", "40"], v1="pids/pids.max", v2="pids.max") == "40"
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo never"
    answer = cli("run", "--rm", "--pids-limit", "5", IMAGE, "sh", "-c", script, code=None)
    assert "can't fork" in answer.err


def test_out_of_memory_is_told(cli: DockerCli) -> None:
    name = cli.name()
    arguments = ("run", "--name", name, "-m", "16m", "--memory-swap", "16m", IMAGE)
    cli(*arguments, "sh", "-c", "tail -c 200000000 /dev/zero; exit $?", code=137)
    assert cli.format(name, "{{.State.OOMKilled}}") == "true"


def test_memory_below_the_minimum_is_refused(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "-m", "1m", IMAGE, "true", code=125)
    assert "Minimum memory limit allowed is 6MB" in answer.err


def test_more_cpus_than_there_are_is_refused(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "--cpus", "1000", IMAGE, "true", code=125)
    assert f"ange of CPUs is from 0.01 to {os.cpu_count()}.00" in answer.err


def test_default_capabilities(cli: DockerCli) -> None:
    status = _status(cli)
    assert int(status["CapEff"], 16) == _DEFAULT_CAPABILITIES
    assert int(status["CapBnd"], 16) == _DEFAULT_CAPABILITIES
    assert int(status["CapInh"], 16) == 0


def test_added_and_dropped_capabilities(cli: DockerCli) -> None:
    assert int(_status(cli, "--cap-drop", "ALL")["CapEff"], 16) == 0
    chown, net_admin = 1 << 0, 1 << 12
    status = _status(cli, "--cap-drop", "CHOWN", "--cap-add", "NET_ADMIN")
    assert int(status["CapEff"], 16) == (_DEFAULT_CAPABILITIES & ~chown) | net_admin
    answer = cli("run", "--rm", "--cap-add", "NO_SUCH", IMAGE, "true", code=125)
    assert "invalid CapAdd: unknown capability" in answer.err


def test_user_s_capabilities_are_bounded_but_not_effective(cli: DockerCli) -> None:
    status = _status(cli, "-u", "sailor")
    assert int(status["CapEff"], 16) == 0
    assert int(status["CapBnd"], 16) == _DEFAULT_CAPABILITIES


def test_seccomp_is_on_by_default_and_can_be_switched_off(cli: DockerCli) -> None:
    assert _status(cli)["Seccomp"] == "2"
    assert _status(cli, "--security-opt", "seccomp=unconfined")["Seccomp"] == "0"
    # Making a user namespace needs a capability that the filter looks for.
    assert "not permitted" in cli("run", "--rm", IMAGE, "unshare", "-U", "true", code=1).err


def test_no_new_privileges(cli: DockerCli) -> None:
    assert _status(cli)["NoNewPrivs"] == "0"
    assert _status(cli, "--security-opt", "no-new-privileges")["NoNewPrivs"] == "1"


def test_privileged(cli: DockerCli) -> None:
    status = _status(cli, "--privileged")
    assert int(status["CapEff"], 16) & (1 << 21), "no CAP_SYS_ADMIN"
    assert status["Seccomp"] == "0"


def test_read_only_root(cli: DockerCli) -> None:
    answer = cli(
        "run",
        "--rm",
        "--read-only",
        "--tmpfs",
        "/scratch",
        IMAGE,
        "sh",
        "-c",
        "touch /scratch/a && touch /a",
        code=1,
    )
    assert "Read-only file system" in answer.err


def test_tmpfs_options(cli: DockerCli) -> None:
    answer = cli(
        "run",
        "--rm",
        "--tmpfs",
        "/scratch:size=1m,mode=700,exec",
        IMAGE,
        "grep",
        " /scratch ",
        "/proc/mounts",
    )
    fields = answer.line.split()
    assert fields[2] == "tmpfs"
    options = fields[3].split(",")
    assert {"size=1024k", "mode=700", "nosuid", "nodev"} <= set(options)
    assert "noexec" not in options


def test_shared_memory_size(cli: DockerCli) -> None:
    answer = cli("run", "--rm", "--shm-size", "1m", IMAGE, "grep", " /dev/shm ", "/proc/mounts")
    assert "size=1024k" in answer.out
    assert "size=65536k" in cli("run", "--rm", IMAGE, "grep", " /dev/shm ", "/proc/mounts").out


def test_bind_mounts(cli: DockerCli, shared_directory: Path) -> None:
    (shared_directory / "inside").write_text("from the host\n")
    arguments = (
        "run",
        "--rm",
        "-v",
        f"{shared_directory}:/writable",
        "-v",
        f"{shared_directory}:/fixed:ro",
        IMAGE,
    )
    answer = cli(
        *arguments, "sh", "-c", "cat /fixed/inside; echo made >/writable/new; touch /fixed/new", code=1
    )
    assert answer.out == "from the host\n"
    assert "Read-only file system" in answer.err
    assert (shared_directory / "new").read_text() == "made\n"


def test_bind_source_is_made_for_v_and_missed_for_mount(cli: DockerCli, shared_directory: Path) -> None:
    missing = shared_directory / "missing"
    answer = cli("run", "--rm", "--mount", f"type=bind,src={missing},dst=/m", IMAGE, "true", code=125)
    assert f"bind source path does not exist: {missing}" in answer.err
    assert not missing.exists()
    cli("run", "--rm", "-v", f"{missing}:/m", IMAGE, "true")
    assert missing.is_dir()


def test_bound_file(cli: DockerCli, shared_directory: Path) -> None:
    file = shared_directory / "file"
    file.write_text("one file\n")
    assert cli("run", "--rm", "-v", f"{file}:/etc/motd:ro", IMAGE, "cat", "/etc/motd").out == "one file\n"


def test_masked_and_read_only_paths(cli: DockerCli) -> None:
    assert cli("run", "--rm", IMAGE, "wc", "-c", "/proc/timer_list", code=None).line.split()[:1] in (
        ["0"],
        [],
    )
    assert cli("run", "--rm", IMAGE, "ls", "-A", "/proc/acpi", code=None).out == ""
    assert cli("run", "--rm", IMAGE, "ls", "-A", "/sys/firmware").out == ""
    answer = cli("run", "--rm", IMAGE, "sh", "-c", "echo 1 >/proc/sys/kernel/panic", code=1)
    assert "Read-only file system" in answer.err
    script = "d=/sys/fs/cgroup; [ -d $d/memory ] && d=$d/memory; mkdir $d/x"
    assert "Read-only file system" in cli("run", "--rm", IMAGE, "sh", "-c", script, code=1).err


@pytest.mark.parametrize("kind", ["mnt", "pid", "net", "ipc", "uts"])
def test_private_namespaces(cli: DockerCli, kind: str) -> None:
    inside = cli("run", "--rm", IMAGE, "readlink", f"/proc/self/ns/{kind}").line
    assert inside.startswith(f"{kind}:[")
    assert inside != os.readlink(f"/proc/self/ns/{kind}")


def test_host_namespaces(cli: DockerCli) -> None:
    arguments = ("run", "--rm", "--pid", "host", "--ipc", "host", "--uts", "host", IMAGE, "sh", "-c")
    answer = cli(*arguments, "for k in pid ipc uts; do readlink /proc/self/ns/$k; done")
    assert answer.lines == [os.readlink(f"/proc/self/ns/{kind}") for kind in ("pid", "ipc", "uts")]


def test_pid_namespace_of_another_container(cli: DockerCli) -> None:
    other = cli("run", "-d", IMAGE, "sleep", "61").line
    assert "sleep 61" in cli("run", "--rm", "--pid", f"container:{other}", IMAGE, "ps").out


def test_the_process_is_number_one(cli: DockerCli) -> None:
    assert cli("run", "--rm", IMAGE, "sh", "-c", "echo $$").line == "1"


def test_devices(cli: DockerCli) -> None:
    found = cli("run", "--rm", IMAGE, "ls", "/dev").line.split()
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
        "fd",
        "stdin",
    } <= set(found)
    assert not [name for name in found if name.startswith(("sd", "vd", "kmsg", "mem", "kvm"))]
    given = cli(
        "run", "--rm", "--device", "/dev/zero:/dev/given:r", IMAGE, "sh", "-c", "head -c 3 /dev/given | wc -c"
    ).line
    assert given == "3"


def test_ulimits_and_sysctls(cli: DockerCli) -> None:
    assert cli(
        "run", "--rm", "--ulimit", "nofile=123:456", IMAGE, "sh", "-c", "ulimit -n; ulimit -Hn"
    ).lines == ["123", "456"]
    arguments = ("run", "--rm", "--sysctl", "net.ipv4.ip_unprivileged_port_start=1000", IMAGE)
    assert cli(*arguments, "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start").line == "1000"


def test_nothing_of_the_host_s_root_is_seen(cli: DockerCli) -> None:
    found = set(cli("run", "--rm", IMAGE, "ls", "/").line.split())
    assert found == {"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "var"} | (
        found & {".dockerenv"}
    )
