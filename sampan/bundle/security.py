"""Security options: ``--security-opt`` in one value, and the paths hidden from a container."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sampan.bundle.seccomp import parse_profile
from sampan.errors import InvalidArgument
from sampan.models.container import HostConfig

MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READONLY_PATHS = (
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
)
# Options for mechanisms that are nothing but labels where the kernel has no such module.
_LABEL_OPTIONS = ("label", "apparmor")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecurityOptions:
    """What the options say. ``seccomp`` is None for the default, "unconfined", or a profile's JSON."""

    seccomp: str | None = None
    no_new_privileges: bool = False
    apparmor: str = ""
    labels: tuple[str, ...] = ()
    system_paths_unconfined: bool = False


def parse_security_options(options: Sequence[str] | None) -> SecurityOptions:
    """The options in one value. Raises InvalidArgument, quoting the option, for one unknown or malformed."""
    found = SecurityOptions()
    for option in options or ():
        found = _with(found, option)
    return found


def masked_paths(host_config: HostConfig, options: SecurityOptions) -> list[str]:
    """The paths that look empty inside."""
    if host_config.privileged or options.system_paths_unconfined:
        return []
    return list(MASKED_PATHS) if host_config.masked_paths is None else list(host_config.masked_paths)


def readonly_paths(host_config: HostConfig, options: SecurityOptions) -> list[str]:
    """The paths that cannot be written inside."""
    if host_config.privileged or options.system_paths_unconfined:
        return []
    return list(READONLY_PATHS) if host_config.readonly_paths is None else list(host_config.readonly_paths)


def _with(found: SecurityOptions, option: str) -> SecurityOptions:
    if option == "no-new-privileges":
        return dataclasses.replace(found, no_new_privileges=True)
    if option == "disable":
        return dataclasses.replace(found, labels=(*found.labels, "disable"))
    # "key:value" is the older spelling; a JSON profile has colons, so the equals sign goes first.
    separator = "=" if "=" in option.split(":", 1)[0] else ":"
    key, found_separator, value = option.partition(separator)
    if not found_separator or not value:
        raise _invalid(option)
    match key:
        case "no-new-privileges":
            if value not in ("true", "false"):
                raise _invalid(option)
            return dataclasses.replace(found, no_new_privileges=value == "true")
        case "seccomp":
            if value not in ("unconfined", "builtin"):
                parse_profile(value.encode())
            return dataclasses.replace(found, seccomp=None if value == "builtin" else value)
        case "systempaths":
            if value != "unconfined":
                raise _invalid(option)
            return dataclasses.replace(found, system_paths_unconfined=True)
        case "apparmor":
            return dataclasses.replace(found, apparmor=value)
        case "label":
            return dataclasses.replace(found, labels=(*found.labels, value))
        case "writable-cgroups":
            raise InvalidArgument(f"{option}: not available", kind="security-opt", ref=option)
        case _:
            raise _invalid(option)


def _invalid(option: str) -> InvalidArgument:
    return InvalidArgument(f'invalid --security-opt: "{option}"', kind="security-opt", ref=option)
