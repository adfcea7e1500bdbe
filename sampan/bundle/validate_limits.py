"""Limits: their ranges and combinations, in Docker's words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sampan.bundle.request import Host
from sampan.bundle.resources import RLIMITS, parse_device_rule
from sampan.errors import InvalidArgument
from sampan.models.container import HostConfig

MIN_MEMORY_BYTES = 6 << 20
_CPU_PERIOD_US = (1_000, 1_000_000)
_MIN_QUOTA_US = 1_000
_WEIGHTS = (10, 1_000)
_OOM_SCORES = (-1000, 1000)
_NANOS = 1_000_000_000
_MIN_NANO_CPUS = _NANOS // 100
_HIGHEST_CPU = 8191


class Placement(Host, Protocol):
    """The host with its CPUs and memory nodes."""

    @property
    def cpus(self) -> Collection[int]:
        """Numbers of the CPUs that are online."""

    @property
    def memory_nodes(self) -> Collection[int]:
        """Numbers of the memory nodes that are online."""


def require_limits(host_config: HostConfig, host: Placement) -> None:
    """Refuse limits that make no sense or cannot be met. Raises InvalidArgument."""
    _require_memory(host_config)
    _require_cpu(host_config, host)
    _require_cpuset(host_config, host)
    _require_block_io(host_config)
    low, high = _OOM_SCORES
    if not low <= host_config.oom_score_adj <= high:
        raise _bad(f"Invalid value {host_config.oom_score_adj}, range for oom score adj is [{low}, {high}]")
    if host_config.shm_size < 0:
        raise _bad("SHM size can not be less than 0")
    if host_config.console_size is not None and min(host_config.console_size) < 0:
        raise _bad("invalid console size")
    for limit in host_config.ulimits or ():
        if limit.name not in RLIMITS:
            raise _bad(f"invalid ulimit type: {limit.name}")
        if limit.hard != -1 and (limit.soft == -1 or limit.soft > limit.hard):
            raise _bad(
                f"ulimit soft limit must be less than or equal to hard limit: {limit.soft} > {limit.hard}"
            )
    for rule in host_config.device_cgroup_rules or ():
        parse_device_rule(rule)
    for device in host_config.devices or ():
        if not device.path_on_host.startswith("/"):
            raise _bad(f"invalid device path: {device.path_on_host}")
        access = device.cgroup_permissions
        if set(access) - set("rwm") or len(set(access)) != len(access):
            raise _bad(f"invalid device mode: {access}")


def limit_warnings(host_config: HostConfig, host: Host) -> list[str]:
    """One line for each limit that this host's cgroups cannot keep, and for risky ones."""
    features = host.cgroup_features
    found = []
    kernel = "Your kernel does not support"
    if host_config.memory and "memory" not in features:
        found.append(
            f"{kernel} memory limit capabilities or the cgroup is not mounted. Limitation discarded."
        )
    elif host_config.memory and host_config.memory_swap != -1 and "swap" not in features:
        found.append(
            f"{kernel} swap limit capabilities or the cgroup is not mounted. Memory limited without swap."
        )
    if host_config.memory_swappiness not in (None, -1) and "swappiness" not in features:
        found.append(
            f"{kernel} memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded."
        )
    if host_config.oom_kill_disable:
        if "oom_control" not in features:
            found.append(f"{kernel} OomKillDisable. OomKillDisable discarded.")
        elif not host_config.memory:
            found.append(
                "OOM killer is disabled for the container, but no memory limit is set, this can result in the "
                "system running out of resources."
            )
    if host_config.pids_limit and host_config.pids_limit > 0 and "pids" not in features:
        found.append(f"{kernel} PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.")
    if host_config.cpu_shares and "cpu" not in features:
        found.append(f"{kernel} CPU shares or the cgroup is not mounted. Shares discarded.")
    if (host_config.cpu_quota or host_config.cpu_period) and "cpu_quota" not in features:
        found.append(f"{kernel} CPU CFS quota or the cgroup is not mounted. Quota discarded.")
    if (
        host_config.cpu_realtime_runtime or host_config.cpu_realtime_period
    ) and "cpu_realtime" not in features:
        found.append(
            f"{kernel} CPU realtime scheduling or the cgroup is not mounted. Realtime limits discarded."
        )
    if (host_config.cpuset_cpus or host_config.cpuset_mems) and "cpuset" not in features:
        found.append(f"{kernel} cpuset or the cgroup is not mounted. Cpuset discarded.")
    if (host_config.blkio_weight or host_config.blkio_weight_device) and "blkio_weight" not in features:
        found.append(f"{kernel} Block I/O weight or the cgroup is not mounted. Weight discarded.")
    throttles = (
        host_config.blkio_device_read_bps,
        host_config.blkio_device_write_bps,
        host_config.blkio_device_read_iops,
        host_config.blkio_device_write_iops,
    )
    if any(throttles) and "blkio" not in features:
        found.append(f"{kernel} Block I/O throttling or the cgroup is not mounted. Throttling discarded.")
    return found


def _require_memory(host_config: HostConfig) -> None:
    memory, swap, reservation = (
        host_config.memory,
        host_config.memory_swap,
        host_config.memory_reservation,
    )
    if memory and memory < MIN_MEMORY_BYTES:
        raise _bad("Minimum memory limit allowed is 6MB")
    if memory > 0 and 0 < swap < memory:
        raise _bad("Minimum memoryswap limit should be larger than memory limit, see usage")
    if memory == 0 and swap > 0:
        raise _bad("You should always set the Memory limit when using Memoryswap limit, see usage")
    if swap < -1:
        raise _bad(f"Invalid memoryswap limit: {swap}")
    swappiness = host_config.memory_swappiness
    if swappiness is not None and not -1 <= swappiness <= 100:
        raise _bad(f"Invalid value: {swappiness}, valid memory swappiness range is 0-100")
    if reservation and reservation < MIN_MEMORY_BYTES:
        raise _bad("Minimum memory reservation allowed is 6MB")
    if memory > 0 and reservation > memory:
        raise _bad("Minimum memory limit can not be less than memory reservation limit, see usage")


def _require_cpu(host_config: HostConfig, host: Host) -> None:
    nanos, quota, period = (
        host_config.nano_cpus,
        host_config.cpu_quota,
        host_config.cpu_period,
    )
    if nanos and period:
        raise _bad("Conflicting options: Nano CPUs and CPU Period cannot both be set")
    if nanos and quota:
        raise _bad("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    if nanos and not _MIN_NANO_CPUS <= nanos <= host.cpu_count * _NANOS:
        count = host.cpu_count
        raise _bad(f"Range of CPUs is from 0.01 to {count}.00, as there are only {count} CPUs available")
    if host_config.cpu_shares < 0:
        raise _bad(f"Invalid CPU shares: {host_config.cpu_shares}")
    low, high = _CPU_PERIOD_US
    if period and not low <= period <= high:
        raise _bad("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    if quota > 0 and quota < _MIN_QUOTA_US:
        raise _bad("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if host_config.cpu_percent:
        raise _bad("CPU percent is not supported on Linux")
    runtime, realtime = (
        host_config.cpu_realtime_runtime,
        host_config.cpu_realtime_period,
    )
    if runtime < 0 or realtime < 0 or (realtime and runtime > realtime):
        raise _bad("cpu real-time runtime cannot be higher than cpu real-time period")


def _require_cpuset(host_config: HostConfig, host: Placement) -> None:
    for text, present, kind, words in (
        (host_config.cpuset_cpus, host.cpus, "cpus", "CPUs"),
        (host_config.cpuset_mems, host.memory_nodes, "mems", "memory nodes"),
    ):
        asked = parse_set(text, kind)
        if not asked <= set(present):
            available = _ranges(present)
            raise _bad(f"Requested {words} are not available - requested {text}, available: {available}")


def parse_set(text: str, kind: str) -> frozenset[int]:
    """``0-2,4`` as numbers. Raises InvalidArgument, quoting it."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            raise _bad(f"Invalid value {text} for cpuset {kind}: invalid format: {text}")
        low, high = int(first), int(last) if dash else int(first)
        if low > high or high > _HIGHEST_CPU:
            raise _bad(f"Invalid value {text} for cpuset {kind}: invalid format: {text}")
        found.update(range(low, high + 1))
    return frozenset(found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def _ranges(numbers: Collection[int]) -> str:
    """Numbers as the kernel lists them: ``0-2,4``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def _require_block_io(host_config: HostConfig) -> None:
    low, high = _WEIGHTS
    weights = [
        host_config.blkio_weight,
        *(item.weight for item in host_config.blkio_weight_device or ()),
    ]
    if any(weight and not low <= weight <= high for weight in weights):
        raise _bad("Range of blkio weight is from 10 to 1000")
    for limits in (
        host_config.blkio_device_read_bps,
        host_config.blkio_device_write_bps,
        host_config.blkio_device_read_iops,
        host_config.blkio_device_write_iops,
    ):
        for limit in limits or ():
            if limit.rate < 0 or not limit.path.startswith("/dev/"):
                raise _bad(f"invalid rate for device: {limit.path}:{limit.rate}")


def _bad(message: str) -> InvalidArgument:
    return InvalidArgument(message, kind="container")
