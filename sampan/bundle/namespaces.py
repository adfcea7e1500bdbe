"""Which namespaces a container gets: new ones, other containers', or the host's."""

from __future__ import annotations

from sampan.bundle.request import BundleRequest
from sampan.errors import InternalError
from sampan.models.container import HostConfig
from sampan.oci.runtime_spec import Namespace

_CONTAINER = "container:"


def plan_namespaces(request: BundleRequest) -> list[Namespace]:
    """The namespaces to make or join; one that is missing from the list is the host's.

    Raises InternalError if the caller left a namespace unresolved: a container must not
    end up in one of the host's by omission.
    """
    host_config = request.host_config
    namespaces = [Namespace(type="mount")]
    if request.netns_path is not None:
        namespaces.append(Namespace(type="network", path=request.netns_path))
    elif host_config.network_mode != "host" and not host_config.network_mode.startswith(_CONTAINER):
        raise InternalError("the network namespace was not resolved", kind="network")
    for kind, mode, path in (
        ("uts", host_config.uts_mode, request.joined.uts),
        ("pid", host_config.pid_mode, request.joined.pid),
        ("ipc", host_config.ipc_mode, request.joined.ipc),
    ):
        if mode == "host":
            continue
        if mode.startswith(_CONTAINER):
            if path is None:
                raise InternalError(f"the {kind} namespace of {mode} was not resolved", kind="container")
            namespaces.append(Namespace(type=kind, path=path))
        else:
            namespaces.append(Namespace(type=kind))
    if cgroupns_mode(host_config, request.host.cgroup_version) == "private":
        namespaces.append(Namespace(type="cgroup"))
    return namespaces


def cgroupns_mode(host_config: HostConfig, cgroup_version: int) -> str:
    """``private`` or ``host``; unsaid, it is private on cgroup v2 unless the container is privileged."""
    if host_config.cgroupns_mode:
        return host_config.cgroupns_mode
    return "private" if cgroup_version == 2 and not host_config.privileged else "host"


def owns_uts(host_config: HostConfig) -> bool:
    """Whether the container has a host name of its own to set."""
    return host_config.uts_mode != "host" and not host_config.uts_mode.startswith(_CONTAINER)


def owns_network(host_config: HostConfig) -> bool:
    """Whether the container has a network namespace that is not someone else's."""
    mode = host_config.network_mode
    return mode != "host" and not mode.startswith(_CONTAINER)


def owns_pid(host_config: HostConfig) -> bool:
    """Whether the container's first process is number 1 of a namespace of its own."""
    return not host_config.pid_mode or host_config.pid_mode == "private"
