"""What this engine is, has and runs."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping

from sampan.containers.record import Phase
from sampan.containers.store import ContainerStore
from sampan.events.bus import EventBus
from sampan.images.store import ImageStore
from sampan.linux.host_facts import HostFacts
from sampan.models.system import (
    AddressPool,
    Commit,
    IndexInfo,
    Info,
    Plugins,
    RegistryConfig,
    RuntimeInfo,
    SwarmInfo,
)
from sampan.version import VERSION
from sampan.wire.timestamps import rfc3339


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What does not change while the daemon runs."""

    engine_id: str
    host: HostFacts
    data_root: str
    backing_filesystem: str
    runtimes: Mapping[str, str]
    default_runtime: str
    log_driver: str
    log_drivers: tuple[str, ...]
    debug: bool
    labels: tuple[str, ...]
    seccomp: bool
    pools: tuple[tuple[str, int], ...] = ()
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""


class DescribeEngine:
    """``GET /info``."""

    def __init__(
        self, *, facts: EngineFacts, containers: ContainerStore, images: ImageStore, events: EventBus
    ) -> None:
        self._facts = facts
        self._containers = containers
        self._images = images
        self._events = events

    async def __call__(self) -> Info:
        """Counts, settings and abilities of this engine."""
        facts, host = self._facts, self._facts.host
        phases = [record.phase for record in self._containers]
        running = phases.count(Phase.RUNNING)
        paused = phases.count(Phase.PAUSED)
        features = host.cgroup_features
        return Info(
            id=facts.engine_id,
            containers=len(phases),
            containers_running=running,
            containers_paused=paused,
            containers_stopped=len(phases) - running - paused,
            images=len(self._images.list()),
            driver="overlay2",
            driver_status=[
                ("Backing Filesystem", facts.backing_filesystem),
                ("Supports d_type", "true"),
                ("Native Overlay Diff", "true"),
            ],
            plugins=Plugins(
                volume=["local"],
                network=["bridge", "host", "null"],
                authorization=None,
                log=list(facts.log_drivers),
            ),
            memory_limit="memory" in features,
            swap_limit="swap" in features,
            cpu_cfs_period="cpu" in features,
            cpu_cfs_quota="cpu" in features,
            cpu_shares="cpu" in features,
            cpu_set="cpuset" in features,
            pids_limit="pids" in features,
            ipv4_forwarding=_forwards(),
            debug=facts.debug,
            n_fd=len(os.listdir("/proc/self/fd")),
            oom_kill_disable=host.cgroup_version == 1,
            n_goroutines=0,
            system_time=rfc3339(time.time_ns()),
            logging_driver=facts.log_driver,
            cgroup_driver="cgroupfs",
            cgroup_version=str(host.cgroup_version),
            n_events_listener=self._events.listeners,
            kernel_version=host.kernel_release,
            operating_system=host.operating_system,
            os_version=host.operating_system_version,
            os_type="linux",
            architecture=host.machine,
            index_server_address="https://index.docker.io/v1/",
            registry_config=RegistryConfig(
                insecure_registry_cidrs=["::1/128", "127.0.0.0/8"],
                index_configs={
                    "docker.io": IndexInfo(name="docker.io", mirrors=[], secure=True, official=True)
                },
                mirrors=None,
            ),
            ncpu=host.cpu_count,
            mem_total=host.memory_bytes,
            generic_resources=None,
            docker_root_dir=facts.data_root,
            http_proxy=facts.http_proxy,
            https_proxy=facts.https_proxy,
            no_proxy=facts.no_proxy,
            name=host.hostname,
            labels=list(facts.labels),
            experimental_build=False,
            server_version=VERSION,
            runtimes={name: RuntimeInfo(path=path) for name, path in facts.runtimes.items()},
            default_runtime=facts.default_runtime,
            swarm=SwarmInfo(),
            live_restore_enabled=True,
            isolation="",
            init_binary="docker-init",
            containerd_commit=Commit(id=""),
            runc_commit=Commit(id=""),
            init_commit=Commit(id=""),
            security_options=self._security(),
            default_address_pools=[AddressPool(base=base, size=size) for base, size in facts.pools],
            cdi_spec_dirs=[],
            warnings=None,
        )

    def _security(self) -> list[str]:
        options = ["name=seccomp,profile=builtin"] if self._facts.seccomp else []
        return [*options, "name=cgroupns"] if self._facts.host.cgroup_version == 2 else options


def _forwards() -> bool:
    with open("/proc/sys/net/ipv4/ip_forward", "rb") as setting:
        return setting.read().strip() == b"1"
