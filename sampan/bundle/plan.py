"""The plan of a container: everything the runtime must know, from everything that was asked.

Pure: the same request gives the same spec. The defaults are Docker's; docs/isolation.md
says where they differ, and why.
"""

from __future__ import annotations

import base64

from msgspec import UNSET

from sampan.bundle.capabilities import granted
from sampan.bundle.environment import arguments, container_environment
from sampan.bundle.mounts import INIT_DESTINATION, plan_mounts
from sampan.bundle.namespaces import owns_network, owns_pid, owns_uts, plan_namespaces
from sampan.bundle.request import BundleRequest, Host
from sampan.bundle.resources import plan_resources, plan_rlimits
from sampan.bundle.seccomp import seccomp_section
from sampan.bundle.security import (
    SecurityOptions,
    masked_paths,
    parse_security_options,
    readonly_paths,
)
from sampan.errors import InvalidArgument
from sampan.models.container import HostConfig
from sampan.oci.runtime_spec import (
    OCI_VERSION,
    Box,
    Capabilities,
    Linux,
    Process,
    Root,
    Seccomp,
    Spec,
    User,
)

FILTER_ANNOTATION = "run.oci.seccomp_bpf_data"
"""Where crun looks for a compiled filter, in base64, before it compiles the seccomp section."""

# Annotations that configure the runtime itself, among them the one above: not for users.
RESERVED_ANNOTATIONS = ("run.oci.",)
_NETWORK_SYSCTLS = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
}


def plan_bundle(request: BundleRequest) -> Spec:
    """The runtime spec of a container.

    Raises:
        InvalidArgument: the definition contradicts itself (validation finds these earlier).
        InternalError: the caller left something unresolved that the definition names.
    """
    host_config = request.host_config
    options = parse_security_options(host_config.security_opt)
    caps = granted(
        add=host_config.cap_add or (),
        drop=host_config.cap_drop or (),
        privileged=host_config.privileged,
        available=request.host.capabilities,
    )
    mounts = plan_mounts(request)
    seccomp = plan_seccomp(request, options, caps)
    return Spec(
        oci_version=OCI_VERSION,
        process=_process(request, options, caps),
        root=Root(path=request.rootfs, readonly=host_config.readonly_rootfs),
        hostname=request.hostname if owns_uts(host_config) else "",
        mounts=mounts.mounts,
        annotations=_annotations(request, seccomp),
        linux=Linux(
            namespaces=plan_namespaces(request),
            devices=list(request.devices),
            cgroups_path=f"{request.cgroup_parent.rstrip('/')}/{request.container_id}",
            resources=plan_resources(request),
            rootfs_propagation=mounts.rootfs_propagation,
            seccomp=seccomp,
            sysctl=_sysctls(request),
            masked_paths=masked_paths(host_config, options),
            readonly_paths=readonly_paths(host_config, options),
        ),
    )


def plan_seccomp(request: BundleRequest, options: SecurityOptions, caps: tuple[str, ...]) -> Seccomp | None:
    """The container's filter; None only when it is privileged or asked to be unconfined."""
    if request.host_config.privileged or options.seccomp == "unconfined":
        return None
    own = options.seccomp is not None
    return seccomp_section(
        options.seccomp.encode() if options.seccomp is not None else request.seccomp_profile,
        caps=frozenset(caps),
        architecture=request.host.architecture,
        kernel=request.host.kernel,
        tightened=request.seccomp_tightened and not own,
    )


def default_seccomp(profile: bytes, host: Host, *, tightened: bool) -> Seccomp:
    """The section of a container that asks for nothing, so that its filter can be compiled ahead."""
    caps = granted(add=(), drop=(), privileged=False, available=host.capabilities)
    return seccomp_section(
        profile,
        caps=frozenset(caps),
        architecture=host.architecture,
        kernel=host.kernel,
        tightened=tightened,
    )


def _process(request: BundleRequest, options: SecurityOptions, caps: tuple[str, ...]) -> Process:
    config, host_config = request.config, request.host_config
    args = arguments(config)
    if request.init_path is not None and owns_pid(host_config):
        args = [INIT_DESTINATION, "--", *args]
    names = list(caps)
    return Process(
        terminal=config.tty,
        console_size=_console(host_config) if config.tty else None,
        user=User(
            uid=request.user.uid,
            gid=request.user.gid,
            additional_gids=list(request.user.additional_gids),
        ),
        args=args,
        env=container_environment(config, hostname=request.hostname, home=request.user.home),
        cwd=config.working_dir or "/",
        capabilities=Capabilities(bounding=names, effective=names, permitted=names),
        rlimits=plan_rlimits(host_config, request.default_ulimits),
        no_new_privileges=options.no_new_privileges,
        apparmor_profile=options.apparmor if options.apparmor != "unconfined" else "",
        oom_score_adj=host_config.oom_score_adj,
    )


def _console(host_config: HostConfig) -> Box | None:
    if host_config.console_size is None or 0 in host_config.console_size:
        return None
    height, width = host_config.console_size
    return Box(height=height, width=width)


def _sysctls(request: BundleRequest) -> dict[str, str]:
    host_config = request.host_config
    found = dict(_NETWORK_SYSCTLS) if owns_network(host_config) else {}
    if request.config.domainname and owns_uts(host_config):
        found["kernel.domainname"] = request.config.domainname
    if host_config.sysctls is not UNSET:
        found.update(host_config.sysctls or {})
    return found


def _annotations(request: BundleRequest, seccomp: Seccomp | None) -> dict[str, str]:
    given = request.host_config.annotations
    found = dict(given) if given is not UNSET and given is not None else {}
    for name in found:
        if name.startswith(RESERVED_ANNOTATIONS):
            raise InvalidArgument(
                f"the annotation {name} is reserved to the engine",
                kind="container",
                ref=name,
            )
    if seccomp is not None and request.seccomp_compiler is not None:
        # The section stays in the spec for runtimes that do not know the annotation.
        program = request.seccomp_compiler(seccomp)
        if program is not None:
            found[FILTER_ANNOTATION] = base64.b64encode(program).decode()
    return found
