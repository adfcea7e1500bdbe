"""What may be asked of a container: Docker's limits and its words for breaking them.

Everything here is checked before anything is created. Checks that need the network, the
volumes or other containers belong to their owners.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import UNSET, UnsetType

from sampan.bundle.capabilities import granted
from sampan.bundle.mount_requests import MountKind, mount_requests
from sampan.bundle.plan import RESERVED_ANNOTATIONS
from sampan.bundle.security import parse_security_options
from sampan.bundle.validate_limits import Placement, limit_warnings, require_limits
from sampan.errors import InvalidArgument, NotImplementedHere
from sampan.models.container import ContainerConfig, HealthConfig, HostConfig
from sampan.wire.signals import parse_signal

_HOSTNAME_BYTES = 64
_MIN_HEALTH_NS = 1_000_000
_CGROUP_PARENT = re.compile(r"/?[A-Za-z0-9_.@:-]+(/[A-Za-z0-9_.@:-]+)*", re.ASCII)
_ENV_NAME = re.compile(r"[^=\0]+")
_IPC_SYSCTLS = frozenset(
    {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
     "kernel.shmmni", "kernel.shm_rmid_forced"}
)  # fmt: skip
_UTS_SYSCTLS = frozenset({"kernel.domainname", "kernel.hostname"})


def validate_create(
    config: ContainerConfig,
    host_config: HostConfig,
    *,
    host: Placement,
    runtimes: Collection[str],
    log_drivers: Collection[str],
) -> list[str]:
    """Check a container's definition (merged with its image's) and return warnings for the user.

    Raises:
        InvalidArgument: a value is malformed, out of range or contradicts another.
        NotImplementedHere: what is asked for is known, and this build does not do it.
    """
    _require_config(config)
    require_host_config(host_config, host=host, runtimes=runtimes, log_drivers=log_drivers)
    _require_modes(config, host_config)
    _require_unpublished(host_config)
    return [*limit_warnings(host_config, host), *_unused(config, host_config)]


def _require_unpublished(host_config: HostConfig) -> None:
    if host_config.publish_all_ports or any((host_config.port_bindings or {}).values()):
        raise NotImplementedHere(
            "published ports are not available yet: leave -p and -P out, or use --network host",
            kind="network",
        )


def _unused(config: ContainerConfig, host_config: HostConfig) -> list[str]:
    """Warnings for what is kept in the definition and not acted upon yet."""
    warnings = []
    if host_config.restart_policy.name not in ("", "no"):
        warnings.append("restart policies are kept, but not acted upon yet")
    health = config.healthcheck
    if isinstance(health, HealthConfig) and health.test not in (UNSET, None, [], ["NONE"]):
        warnings.append("health checks are kept, but not run yet")
    if config.volumes:
        warnings.append(
            "the image's volumes are plain directories of the container: volumes are not available yet"
        )
    return warnings


def require_host_config(
    host_config: HostConfig,
    *,
    host: Placement,
    runtimes: Collection[str],
    log_drivers: Collection[str],
) -> None:
    """The checks of the host's part alone. Raises as ``validate_create``."""
    if host_config.runtime and host_config.runtime not in runtimes:
        name = host_config.runtime
        raise InvalidArgument(f"unknown or invalid runtime name: {name}", kind="runtime", ref=name)
    driver = host_config.log_config.type
    if driver and driver not in log_drivers:
        message = f'error looking up logging plugin {driver}: plugin "{driver}" not found'
        raise InvalidArgument(message, kind="logdriver", ref=driver)
    if host_config.isolation not in ("", "default"):
        message = f"Invalid isolation: \"{host_config.isolation}\" - linux only supports 'default'"
        raise InvalidArgument(message, kind="container")
    _require_restart_policy(host_config)
    granted(
        add=host_config.cap_add or (),
        drop=host_config.cap_drop or (),
        privileged=host_config.privileged,
        available=host.capabilities,
    )
    parse_security_options(host_config.security_opt)
    require_limits(host_config, host)
    _require_mounts(host_config)
    _require_annotations(host_config)
    _require_offered(host_config)
    parent = host_config.cgroup_parent
    if parent and (not _CGROUP_PARENT.fullmatch(parent) or {".", ".."} & set(parent.split("/"))):
        raise InvalidArgument(f"invalid cgroup parent: {parent}", kind="container", ref=parent)


def _require_config(config: ContainerConfig) -> None:
    directory = config.working_dir
    if directory and not directory.startswith("/"):
        message = f"the working directory '{directory}' is invalid, it needs to be an absolute path"
        raise InvalidArgument(message, kind="container", ref=directory)
    for text in config.env or ():
        if not _ENV_NAME.match(text) or "\0" in text:
            raise InvalidArgument(f"invalid environment variable: {text}", kind="container", ref=text)
    if isinstance(config.stop_signal, str) and config.stop_signal:
        parse_signal(config.stop_signal)
    if isinstance(config.stop_timeout, int) and config.stop_timeout < -1:
        raise InvalidArgument(f"invalid stop timeout: {config.stop_timeout}", kind="container")
    for what, text in (
        ("hostname", config.hostname),
        ("domainname", config.domainname),
    ):
        # The kernel's limit (UTS_LEN); beyond it the runtime could only fail half way.
        if len(text.encode()) > _HOSTNAME_BYTES or "\0" in text or "\n" in text:
            raise InvalidArgument(f"invalid {what}: {text}", kind="container", ref=text)
    if isinstance(config.healthcheck, HealthConfig):
        _require_health(config.healthcheck)
    for text in (
        *(config.cmd or ()),
        *(config.entrypoint or ()),
        directory,
        config.user,
    ):
        if "\0" in text:
            raise InvalidArgument("a container's command and paths cannot hold a NUL", kind="container")


def _require_health(health: HealthConfig) -> None:
    for name, value in (
        ("Interval", health.interval),
        ("Timeout", health.timeout),
        ("StartPeriod", health.start_period),
        ("StartInterval", health.start_interval),
    ):
        if isinstance(value, int) and value != 0 and value < _MIN_HEALTH_NS:
            raise InvalidArgument(f"{name} in Healthcheck cannot be less than 1ms", kind="container")
    if isinstance(health.retries, int) and health.retries < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative", kind="container")


def _require_restart_policy(host_config: HostConfig) -> None:
    policy = host_config.restart_policy
    if policy.maximum_retry_count < 0:
        message = "invalid restart policy: maximum retry count cannot be negative"
        raise InvalidArgument(message, kind="container")
    if policy.maximum_retry_count > 0 and policy.name != "on-failure":
        message = "invalid restart policy: maximum retry count can only be used with 'on-failure'"
        raise InvalidArgument(message, kind="container")
    if host_config.auto_remove and policy.name not in ("", "no"):
        message = "can't create 'AutoRemove' container with restart policy"
        raise InvalidArgument(message, kind="container")


def _require_modes(config: ContainerConfig, host_config: HostConfig) -> None:
    """Modes of the namespaces, alone and against each other."""
    for kind, mode, words in (
        ("IPC", host_config.ipc_mode, ("", "none", "private", "shareable", "host")),
        ("PID", host_config.pid_mode, ("", "private", "host")),
        ("UTS", host_config.uts_mode, ("", "private", "host")),
        ("cgroup namespace", host_config.cgroupns_mode, ("", "private", "host")),
        ("USER", host_config.userns_mode, ("", "host")),
    ):
        joins = mode.startswith("container:") and len(mode) > len("container:")
        if mode not in words and not (joins and kind in ("IPC", "PID")):
            raise InvalidArgument(f"invalid {kind} mode: {mode}", kind="container", ref=mode)
    if host_config.ipc_mode.startswith("container:"):
        message = f"joining another container's IPC namespace is not available yet: {host_config.ipc_mode}"
        raise NotImplementedHere(message, kind="container", ref=host_config.ipc_mode)
    if host_config.uts_mode == "host" and config.hostname:
        raise InvalidArgument("conflicting options: hostname and the UTS mode", kind="container")
    mode = host_config.network_mode
    if mode.startswith("container:"):
        if mode == "container:":
            message = 'Invalid network mode: a container is missing: "container:"'
            raise InvalidArgument(message, kind="network")
        _require_nothing_of_network(config, host_config)
    sysctls = host_config.sysctls
    for name in {} if isinstance(sysctls, UnsetType) else sysctls or {}:
        _require_sysctl(name, host_config)


def _require_nothing_of_network(config: ContainerConfig, host_config: HostConfig) -> None:
    """What belongs to the network that is joined cannot be set beside it."""
    exposed = config.exposed_ports not in (UNSET, None, {})
    conflicts = (
        (bool(config.hostname), "hostname and the network mode"),
        (bool(host_config.links), "links and the container type network mode"),
        (bool(host_config.dns), "dns and the network mode"),
        (
            bool(host_config.extra_hosts),
            "custom host-to-IP mapping and the network mode",
        ),
        (
            bool(host_config.port_bindings) or host_config.publish_all_ports,
            "port publishing and the container type network mode",
        ),
        (exposed, "port exposing and the container type network mode"),
    )
    for present, words in conflicts:
        if present:
            raise InvalidArgument(f"conflicting options: {words}", kind="network")


def _require_sysctl(name: str, host_config: HostConfig) -> None:
    """A sysctl must belong to a namespace that the container has for itself."""
    dotted = name.replace("/", ".")
    if dotted.startswith("net."):
        if host_config.network_mode == "host":
            message = f"sysctl '{name}' not allowed in host network namespace"
            raise InvalidArgument(message, kind="sysctl", ref=name)
        return
    if dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue."):
        if host_config.ipc_mode == "host":
            message = f"sysctl '{name}' not allowed in host ipc namespace"
            raise InvalidArgument(message, kind="sysctl", ref=name)
        return
    if dotted in _UTS_SYSCTLS and host_config.uts_mode != "host":
        return
    raise InvalidArgument(f"sysctl '{name}' is not allowed", kind="sysctl", ref=name)


def _require_mounts(host_config: HostConfig) -> None:
    for item in mount_requests(host_config):
        if item.kind is MountKind.VOLUME:
            message = f"volumes are not available yet: {item.source or item.destination}"
            raise NotImplementedHere(message, kind="volume", ref=item.source or item.destination)


def _require_annotations(host_config: HostConfig) -> None:
    given = host_config.annotations
    for name in {} if isinstance(given, UnsetType) else given or {}:
        if not name:
            raise InvalidArgument(
                "invalid Annotations: the empty string is not permitted as an annotation key"
            )
        if name.startswith(RESERVED_ANNOTATIONS):
            message = f"invalid Annotations: {name} is reserved to the engine"
            raise InvalidArgument(message, kind="container", ref=name)


def _require_offered(host_config: HostConfig) -> None:
    """What the API knows and this build does not do is refused, never ignored."""
    if host_config.device_requests:
        driver = host_config.device_requests[0]
        words = driver.driver or ",".join(name for group in driver.capabilities or () for name in group)
        raise NotImplementedHere(f'could not select device driver "{words}"', kind="device")
    if host_config.volumes_from:
        raise NotImplementedHere("volumes-from is not available yet", kind="volume")
    if not isinstance(host_config.storage_opt, UnsetType) and host_config.storage_opt:
        raise NotImplementedHere("--storage-opt is not available yet", kind="container")
    if host_config.links:
        raise NotImplementedHere("links are not available yet", kind="network")
