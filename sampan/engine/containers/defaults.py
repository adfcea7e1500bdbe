"""What a container gets that its definition does not say: the daemon's defaults, and Docker's."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from sampan.bundle.mount_requests import mount_points
from sampan.bundle.namespaces import cgroupns_mode, owns_uts
from sampan.bundle.security import masked_paths, parse_security_options, readonly_paths
from sampan.bundle.validate import validate_create
from sampan.errors import InvalidArgument
from sampan.linux.host_facts import HostFacts
from sampan.models.container import (
    ContainerConfig,
    HostConfig,
    LogConfig,
    MountPoint,
    NetworkingConfig,
    RestartPolicy,
)
from sampan.models.network import EndpointSettings

_HOSTNAME_LENGTH = 12
LOG_DRIVERS = ("json-file", "local", "none")


@dataclasses.dataclass(frozen=True, kw_only=True)
class HostDefaults:
    """The daemon's settings that concern new containers, and the host they are for."""

    host: HostFacts
    runtimes: Collection[str]
    default_runtime: str
    shm_size: int
    cgroupns_mode: str = ""
    log_driver: str = "json-file"
    log_options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    init: bool = False
    no_new_privileges: bool = False

    def complete(self, config: ContainerConfig, host_config: HostConfig) -> tuple[HostConfig, list[str]]:
        """The host config with every default filled in, and warnings for the user.

        Raises InvalidArgument or NotImplementedHere for what cannot be run.
        """
        warnings = validate_create(
            config, host_config, host=self.host, runtimes=self.runtimes, log_drivers=LOG_DRIVERS
        )
        return self._filled(host_config), warnings

    def _filled(self, given: HostConfig) -> HostConfig:
        options = parse_security_options(given.security_opt)
        log_config = given.log_config
        if not log_config.type:
            log_config = LogConfig(type=self.log_driver, config=dict(self.log_options))
        elif log_config.config is None:
            log_config = replace(log_config, config={})
        security = given.security_opt
        if self.no_new_privileges and not any(
            text.startswith("no-new-privileges") for text in security or ()
        ):
            security = [*(security or ()), "no-new-privileges"]
        restart = given.restart_policy if given.restart_policy.name else RestartPolicy(name="no")
        return replace(
            given,
            network_mode="bridge" if given.network_mode in ("", "default") else given.network_mode,
            log_config=log_config,
            security_opt=security,
            restart_policy=restart,
            shm_size=given.shm_size or self.shm_size,
            ipc_mode=given.ipc_mode or "private",
            cgroupns_mode=given.cgroupns_mode
            or self.cgroupns_mode
            or cgroupns_mode(given, self.host.cgroup_version),
            runtime=given.runtime or self.default_runtime,
            init=True if self.init and given.init in (UNSET, None) else given.init,
            masked_paths=masked_paths(given, options),
            readonly_paths=readonly_paths(given, options),
            memory_swap=_swap(given),
            # Clients send these for "not set".
            memory_swappiness=None if given.memory_swappiness == -1 else given.memory_swappiness,
            pids_limit=given.pids_limit if given.pids_limit and given.pids_limit > 0 else None,
        )

    def with_hostname(
        self, config: ContainerConfig, host_config: HostConfig, container_id: str
    ) -> ContainerConfig:
        """The config with the hostname that the container will have."""
        if config.hostname:
            return config
        mode = host_config.network_mode
        if mode == "host" or not owns_uts(host_config):
            return replace(config, hostname=self.host.hostname)
        return replace(config, hostname=container_id[:_HOSTNAME_LENGTH])

    @staticmethod
    def mount_points(host_config: HostConfig) -> list[MountPoint]:
        """The mounts as inspection shows them."""
        return mount_points(host_config)


def _swap(given: HostConfig) -> int:
    """Memory and swap together, in bytes: twice the memory where nothing is said, as Docker does."""
    if given.memory > 0 and given.memory_swap == 0:
        return given.memory * 2
    return given.memory_swap


def requested_networks(
    host_config: HostConfig, networking: NetworkingConfig | None
) -> dict[str, EndpointSettings]:
    """The endpoints that a container asks for, by network name.

    Raises InvalidArgument for an endpoint of another network than the container's mode
    names: several networks come with user-defined ones.
    """
    mode = host_config.network_mode
    if mode.startswith("container:"):
        return {}
    asked = dict((networking.endpoints_config if networking is not None else None) or {})
    settings = asked.pop(mode, None) or asked.pop("default", None) or EndpointSettings()
    if asked:
        raise InvalidArgument(
            f"container cannot be connected to network {sorted(asked)[0]} beside {mode}",
            kind="network",
            ref=sorted(asked)[0],
        )
    return {mode: settings}
