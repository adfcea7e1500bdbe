"""Limits: from the host config's terms to the runtime's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import UNSET

from sampan.bundle.request import BundleRequest
from sampan.errors import InternalError, InvalidArgument
from sampan.models.container import HostConfig
from sampan.models.container import ThrottleDevice as ThrottleLimit
from sampan.oci.runtime_spec import (
    UNLIMITED,
    BlockIO,
    Cpu,
    DeviceRule,
    Memory,
    Pids,
    Resources,
    Rlimit,
    ThrottleDevice,
    WeightDevice,
)

CPU_PERIOD_US = 100_000
_NANOS = 1_000_000_000
RLIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
    "rtprio", "rttime", "sigpending", "stack",
)  # fmt: skip
_RULE = re.compile(r"([acb]) ([0-9]{1,10}|\*):([0-9]{1,10}|\*) ([rwm]{1,3})", re.ASCII)


def plan_resources(request: BundleRequest) -> Resources:
    """The cgroup settings of a container, without what the host's cgroups cannot do.

    What the runtimes are given is always in the terms of cgroup v1, which they translate.
    """
    host_config = request.host_config
    features = request.host.cgroup_features
    return Resources(
        devices=_device_rules(request),
        memory=_memory(host_config, features),
        cpu=_cpu(host_config, features),
        pids=_pids(host_config, features),
        block_io=_block_io(host_config, request.block_devices, features),
    )


def plan_rlimits(host_config: HostConfig, defaults: Sequence[tuple[str, int, int]]) -> list[Rlimit]:
    """The process's resource limits: the container's, then the daemon's where it has none."""
    asked = {limit.name: (limit.soft, limit.hard) for limit in host_config.ulimits or ()}
    for name, soft, hard in defaults:
        asked.setdefault(name, (soft, hard))
    return [
        Rlimit(type=f"RLIMIT_{name.upper()}", hard=_unlimited(hard), soft=_unlimited(soft))
        for name, (soft, hard) in asked.items()
    ]


def parse_device_rule(text: str) -> DeviceRule:
    """A device cgroup rule such as ``c 188:* rmw``. Raises InvalidArgument, quoting it."""
    match = _RULE.fullmatch(text)
    if match is None:
        message = f"invalid device cgroup rule format: '{text}'"
        raise InvalidArgument(message, kind="device", ref=text)
    kind, major, minor, access = match.groups()
    return DeviceRule(allow=True, type=kind, major=_number(major), minor=_number(minor), access=access)


def effective_swap(host_config: HostConfig) -> int:
    """Memory and swap together in bytes: as given, or twice the memory; 0 is no limit at all."""
    if host_config.memory > 0 and host_config.memory_swap == 0:
        return host_config.memory * 2
    return host_config.memory_swap


def _number(text: str) -> int | None:
    return None if text == "*" else int(text)


def _unlimited(value: int) -> int:
    return UNLIMITED if value < 0 else value


def _device_rules(request: BundleRequest) -> list[DeviceRule]:
    """Nothing but what is listed; every runtime adds the harmless nodes that all containers have."""
    if request.host_config.privileged:
        return [DeviceRule(allow=True, access="rwm")]
    rules = [DeviceRule(allow=False, access="rwm")]
    for device in request.devices:
        access = request.device_access.get(device.path, "rwm")
        rules.append(
            DeviceRule(
                allow=True,
                type=device.type,
                major=device.major,
                minor=device.minor,
                access=access,
            )
        )
    return rules + [parse_device_rule(text) for text in request.host_config.device_cgroup_rules or ()]


def _memory(host_config: HostConfig, features: Collection[str]) -> Memory | None:
    if "memory" not in features:
        return None
    swap = effective_swap(host_config) if "swap" in features else 0
    memory = Memory(
        limit=host_config.memory or None,
        reservation=host_config.memory_reservation or None,
        swap=swap or None,
        kernel_tcp=host_config.kernel_memory_tcp or None
        if host_config.kernel_memory_tcp is not UNSET and "kernel_tcp" in features
        else None,
        swappiness=_swappiness(host_config, features),
        disable_oom_killer=True if host_config.oom_kill_disable and "oom_control" in features else None,
    )
    return memory if memory != Memory() else None


def _swappiness(host_config: HostConfig, features: Collection[str]) -> int | None:
    value = host_config.memory_swappiness
    return value if value is not None and value >= 0 and "swappiness" in features else None


def _cpu(host_config: HostConfig, features: Collection[str]) -> Cpu | None:
    quota, period = host_config.cpu_quota or None, host_config.cpu_period or None
    if host_config.nano_cpus:
        period = CPU_PERIOD_US
        quota = host_config.nano_cpus * CPU_PERIOD_US // _NANOS
    bandwidth = "cpu_quota" in features
    realtime = "cpu_realtime" in features
    cpu = Cpu(
        shares=(host_config.cpu_shares or None) if "cpu" in features else None,
        quota=quota if bandwidth else None,
        period=period if bandwidth else None,
        realtime_runtime=(host_config.cpu_realtime_runtime or None) if realtime else None,
        realtime_period=(host_config.cpu_realtime_period or None) if realtime else None,
        cpus=host_config.cpuset_cpus if "cpuset" in features else "",
        mems=host_config.cpuset_mems if "cpuset" in features else "",
    )
    return cpu if cpu != Cpu() else None


def _pids(host_config: HostConfig, features: Collection[str]) -> Pids | None:
    limit = host_config.pids_limit
    if limit is None or limit <= 0 or "pids" not in features:
        return None
    return Pids(limit=limit)


def _block_io(
    host_config: HostConfig,
    devices: Mapping[str, tuple[int, int]],
    features: Collection[str],
) -> BlockIO | None:
    weight = "blkio_weight" in features
    throttle = "blkio" in features
    block_io = BlockIO(
        weight=(host_config.blkio_weight or None) if weight else None,
        weight_device=[
            WeightDevice(major=major, minor=minor, weight=item.weight)
            for item in (host_config.blkio_weight_device or ())
            for major, minor in [_block_device(item.path, devices)]
        ]
        if weight
        else [],
        throttle_read_bps_device=_throttles(host_config.blkio_device_read_bps, devices, throttle),
        throttle_write_bps_device=_throttles(host_config.blkio_device_write_bps, devices, throttle),
        throttle_read_iops_device=_throttles(host_config.blkio_device_read_iops, devices, throttle),
        throttle_write_iops_device=_throttles(host_config.blkio_device_write_iops, devices, throttle),
    )
    return block_io if block_io != BlockIO() else None


def _throttles(
    limits: Sequence[ThrottleLimit] | None,
    devices: Mapping[str, tuple[int, int]],
    available: bool,
) -> list[ThrottleDevice]:
    if not available:
        return []
    found = []
    for limit in limits or ():
        major, minor = _block_device(limit.path, devices)
        found.append(ThrottleDevice(major=major, minor=minor, rate=limit.rate))
    return found


def _block_device(path: str, devices: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    numbers = devices.get(path)
    if numbers is None:
        raise InternalError(f"the block device {path} was not resolved", kind="device", ref=path)
    return numbers
