"""Limits and combinations, in the words Docker uses."""

from __future__ import annotations

import dataclasses

import pytest

from sampan.bundle.capabilities import ALL
from sampan.bundle.validate import validate_create
from sampan.errors import InvalidArgument, NotImplementedHere, SampanError
from sampan.models.container import (
    ContainerConfig,
    DeviceMapping,
    DeviceRequest,
    HealthConfig,
    HostConfig,
    LogConfig,
    RestartPolicy,
    ThrottleDevice,
    Ulimit,
)
from sampan.models.network import PortBinding

EVERYTHING = frozenset(
    {"memory", "swap", "swappiness", "oom_control", "kernel_tcp", "cpu", "cpu_quota", "cpu_realtime", "cpuset",
     "pids", "blkio", "blkio_weight", "devices", "freezer"}
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class TwoCpus:
    cpu_count: int = 2
    cpus: frozenset[int] = frozenset({0, 1})
    memory_nodes: frozenset[int] = frozenset({0})
    kernel: tuple[int, int] = (6, 1)
    architecture: str = "amd64"
    hostname: str = "vm"
    capabilities: frozenset[str] = frozenset(ALL)
    cgroup_version: int = 1
    cgroup_features: frozenset[str] = EVERYTHING


def validate(
    host_config: HostConfig | None = None, config: ContainerConfig | None = None, host: TwoCpus | None = None
) -> list[str]:
    return validate_create(
        config or ContainerConfig(cmd=["x"]),
        host_config or HostConfig(),
        host=host or TwoCpus(),
        runtimes={"crun"},
        log_drivers={"json-file", "none"},
    )


MIB = 1 << 20


@pytest.mark.parametrize(
    ("host_config", "message"),
    [
        (HostConfig(memory=MIB), "Minimum memory limit allowed is 6MB"),
        (HostConfig(memory=-1), "Minimum memory limit allowed is 6MB"),
        (
            HostConfig(memory=10 * MIB, memory_swap=5 * MIB),
            "Minimum memoryswap limit should be larger than memory limit, see usage",
        ),
        (
            HostConfig(memory_swap=5 * MIB),
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        ),
        (HostConfig(memory_reservation=MIB), "Minimum memory reservation allowed is 6MB"),
        (
            HostConfig(memory=10 * MIB, memory_reservation=20 * MIB),
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        ),
        (HostConfig(memory_swappiness=200), "Invalid value: 200, valid memory swappiness range is 0-100"),
        (
            HostConfig(nano_cpus=9_000_000_000),
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
        ),
        (
            HostConfig(nano_cpus=-1),
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
        ),
        (
            HostConfig(nano_cpus=1, cpu_quota=10_000),
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
        ),
        (
            HostConfig(nano_cpus=1, cpu_period=10_000),
            "Conflicting options: Nano CPUs and CPU Period cannot both be set",
        ),
        (
            HostConfig(cpu_period=10),
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        ),
        (HostConfig(cpu_quota=10), "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
        (HostConfig(cpuset_cpus="99"), "Requested CPUs are not available - requested 99, available: 0-1"),
        (HostConfig(cpuset_cpus="x"), "Invalid value x for cpuset cpus: invalid format: x"),
        (HostConfig(cpuset_cpus="1-0"), "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"),
        (
            HostConfig(cpuset_cpus="0-99999999"),
            "Invalid value 0-99999999 for cpuset cpus: invalid format: 0-99999999",
        ),
        (HostConfig(cpuset_mems="9"), "Requested memory nodes are not available - requested 9, available: 0"),
        (HostConfig(blkio_weight=5), "Range of blkio weight is from 10 to 1000"),
        (
            HostConfig(blkio_device_read_bps=[ThrottleDevice(path="/dev/a", rate=-1)]),
            "invalid rate for device: /dev/a:-1",
        ),
        (HostConfig(oom_score_adj=5000), "Invalid value 5000, range for oom score adj is [-1000, 1000]"),
        (HostConfig(shm_size=-1), "SHM size can not be less than 0"),
        (HostConfig(runtime="nope"), "unknown or invalid runtime name: nope"),
        (
            HostConfig(log_config=LogConfig(type="foo")),
            'error looking up logging plugin foo: plugin "foo" not found',
        ),
        (
            HostConfig(isolation="hyperv"),
            "Invalid isolation: \"hyperv\" - linux only supports 'default'",
        ),
        (
            HostConfig(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=-1)),
            "invalid restart policy: maximum retry count cannot be negative",
        ),
        (
            HostConfig(restart_policy=RestartPolicy(name="always", maximum_retry_count=3)),
            "invalid restart policy: maximum retry count can only be used with 'on-failure'",
        ),
        (
            HostConfig(auto_remove=True, restart_policy=RestartPolicy(name="always")),
            "can't create 'AutoRemove' container with restart policy",
        ),
        (HostConfig(ipc_mode="foo"), "invalid IPC mode: foo"),
        (HostConfig(pid_mode="container:"), "invalid PID mode: container:"),
        (HostConfig(uts_mode="container:x"), "invalid UTS mode: container:x"),
        (HostConfig(cgroupns_mode="x"), "invalid cgroup namespace mode: x"),
        (HostConfig(security_opt=["foo=bar"]), 'invalid --security-opt: "foo=bar"'),
        (HostConfig(ulimits=[Ulimit(name="foo")]), "invalid ulimit type: foo"),
        (
            HostConfig(ulimits=[Ulimit(name="nofile", soft=10, hard=5)]),
            "ulimit soft limit must be less than or equal to hard limit: 10 > 5",
        ),
        (HostConfig(device_cgroup_rules=["x"]), "invalid device cgroup rule format: 'x'"),
        (HostConfig(device_cgroup_rules=["c 1:3 rwx"]), "invalid device cgroup rule format: 'c 1:3 rwx'"),
        (
            HostConfig(devices=[DeviceMapping(path_on_host="/dev/a", cgroup_permissions="x")]),
            "invalid device mode: x",
        ),
        (HostConfig(devices=[DeviceMapping(path_on_host="a")]), "invalid device path: a"),
        (HostConfig(binds=["/a:/b:zz"]), "invalid mode: zz"),
        (HostConfig(cgroup_parent="../x"), "invalid cgroup parent: ../x"),
        (HostConfig(cap_add=["nope"]), 'invalid CapAdd: unknown capability: "CAP_NOPE"'),
        (
            HostConfig(annotations={"run.oci.seccomp_bpf_data": ""}),
            "invalid Annotations: run.oci.seccomp_bpf_data is reserved to the engine",
        ),
        (HostConfig(sysctls={"kernel.panic": "1"}), "sysctl 'kernel.panic' is not allowed"),
        (
            HostConfig(sysctls={"net.x": "1"}, network_mode="host"),
            "sysctl 'net.x' not allowed in host network namespace",
        ),
        (
            HostConfig(sysctls={"kernel.shmmax": "1"}, ipc_mode="host"),
            "sysctl 'kernel.shmmax' not allowed in host ipc namespace",
        ),
        (
            HostConfig(network_mode="container:x", dns=["1.1.1.1"]),
            "conflicting options: dns and the network mode",
        ),
        (
            HostConfig(network_mode="container:x", port_bindings={"80/tcp": [PortBinding()]}),
            "conflicting options: port publishing and the container type network mode",
        ),
        (HostConfig(network_mode="container:"), 'Invalid network mode: a container is missing: "container:"'),
    ],
)
def test_host_configs_are_refused(host_config: HostConfig, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validate(host_config)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            ContainerConfig(working_dir="rel"),
            "the working directory 'rel' is invalid, it needs to be an absolute path",
        ),
        (ContainerConfig(stop_signal="FOO"), "invalid signal: FOO"),
        (ContainerConfig(env=["=x"]), "invalid environment variable: =x"),
        (ContainerConfig(hostname="h" * 65), f"invalid hostname: {'h' * 65}"),
        (ContainerConfig(healthcheck=HealthConfig(interval=1000)), "Interval in Healthcheck cannot be less than 1ms"),
        (ContainerConfig(healthcheck=HealthConfig(retries=-1)), "Retries in Healthcheck cannot be negative"),
        (ContainerConfig(cmd=["a\0b"]), "a container's command and paths cannot hold a NUL"),
    ],
)  # fmt: skip
def test_configs_are_refused(config: ContainerConfig, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validate(config=config)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("host_config", "words"),
    [
        (HostConfig(uts_mode="host"), "hostname and the UTS mode"),
        (HostConfig(network_mode="container:x"), "hostname and the network mode"),
    ],
)
def test_a_hostname_needs_a_namespace(host_config: HostConfig, words: str) -> None:
    with pytest.raises(InvalidArgument, match=f"conflicting options: {words}"):
        validate(host_config, ContainerConfig(cmd=["x"], hostname="foo"))


@pytest.mark.parametrize(
    "host_config",
    [
        HostConfig(binds=["name:/data"]),
        HostConfig(device_requests=[DeviceRequest(driver="nvidia")]),
        HostConfig(volumes_from=["x"]),
        HostConfig(storage_opt={"size": "1G"}),
        HostConfig(links=["x"]),
        HostConfig(ipc_mode="container:x"),
    ],
)
def test_what_is_not_offered_is_refused_and_not_ignored(host_config: HostConfig) -> None:
    with pytest.raises(NotImplementedHere):
        validate(host_config)


@pytest.mark.parametrize(
    "host_config",
    [
        HostConfig(),
        HostConfig(memory=6 * MIB, memory_swap=-1, memory_swappiness=0),
        HostConfig(memory=10 * MIB, memory_swap=10 * MIB),
        HostConfig(nano_cpus=2_000_000_000, cpuset_cpus="0-1", cpuset_mems="0"),
        HostConfig(pids_limit=-5),
        HostConfig(ulimits=[Ulimit(name="nofile", soft=-1, hard=-1), Ulimit(name="core", soft=0, hard=-1)]),
        HostConfig(ipc_mode="shareable", pid_mode="container:y", network_mode="container:z"),
        HostConfig(sysctls={"net.ipv4.ip_forward": "1", "kernel.shmmax": "1", "fs.mqueue.msg_max": "2"}),
        HostConfig(privileged=True, cap_add=["ALL"], security_opt=["no-new-privileges", "label=disable"]),
        HostConfig(cgroup_parent="/a/b", device_cgroup_rules=["c 188:* rmw", "a *:* r"]),
    ],
)
def test_sound_definitions_pass_without_a_word(host_config: HostConfig) -> None:
    assert validate(host_config) == []


def test_limits_that_the_host_cannot_keep_are_warned_of() -> None:
    bare = TwoCpus(cgroup_features=frozenset({"memory"}))
    warnings = validate(
        HostConfig(memory=10 * MIB, pids_limit=5, cpu_shares=5, blkio_weight=50, cpuset_cpus="0"), host=bare
    )
    assert len(warnings) == 5
    assert "swap" in warnings[0]
    assert validate(HostConfig(oom_kill_disable=True))[0].startswith("OOM killer is disabled")


def test_a_refusal_names_its_subject() -> None:
    with pytest.raises(SampanError) as caught:
        validate(HostConfig(runtime="nope"))
    assert (caught.value.kind, caught.value.ref) == ("runtime", "nope")
