"""What the values of single flags have to look like; each raises ValueError with the reason."""

from __future__ import annotations

import re

_ULIMITS = frozenset(
    {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
     "rtprio", "rttime", "sigpending", "stack"}
)  # fmt: skip
# Namespaced kernel settings (sysctl(8)) that a container may have.
_SYSCTLS = frozenset(
    {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
     "kernel.shmmni", "kernel.shm_rmid_forced"}
)  # fmt: skip
_SYSCTL_PREFIXES = ("net.", "fs.mqueue.")
_DEVICE_RULE = re.compile(r"[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}")
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*\.?|\.", re.ASCII)
_GATEWAY = "host-gateway"


def check_stream(text: str) -> None:
    """A standard stream's name."""
    if text.lower() not in ("stdin", "stdout", "stderr"):
        raise ValueError("valid streams are STDIN, STDOUT and STDERR")


def check_env(text: str) -> None:
    """``NAME=value`` or ``NAME``."""
    if not text.partition("=")[0]:
        raise ValueError(f"invalid environment variable: {text}")


def check_label(text: str) -> None:
    """``key=value`` or ``key``."""
    key = text.partition("=")[0]
    if not key.strip():
        raise ValueError(f"invalid label '{text}': empty name")
    if re.search(r"\s", key):
        raise ValueError(f"label '{key}' contains whitespaces")


def check_ip(text: str) -> None:
    """An IP address."""
    if not is_ip(text):
        raise ValueError(f"IP address is not correctly formatted: {text}")


def is_ip(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address."""
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def check_domain(text: str) -> None:
    """A domain to search, or ``.`` for none."""
    if not _DOMAIN.fullmatch(text.strip()):
        raise ValueError(f"{text} is not a valid domain")


def host_entry(text: str) -> str:
    """``name:address`` of ``name=address`` or ``name:address``."""
    name, found, address = text.partition("=")
    if not found:
        name, found, address = text.partition(":")
    if not (found and name):
        raise ValueError(f'bad format for add-host: "{text}"')
    if address == _GATEWAY:
        return f"{name}:{address}"
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if not is_ip(bare):
        raise ValueError(f'invalid IP address in add-host: "{address}"')
    return f"{name}:{bare}"


def check_link(text: str) -> None:
    """``container`` or ``container:alias``."""
    if not text:
        raise ValueError("empty string specified for links")
    if text.count(":") > 1:
        raise ValueError(f"bad format for links: {text}")


def check_sysctl(text: str) -> None:
    """A setting that belongs to the container's own namespaces."""
    name, found, _ = text.partition("=")
    if not found or not (name in _SYSCTLS or name.startswith(_SYSCTL_PREFIXES)):
        raise ValueError(f"sysctl '{text}' is not allowed")


def check_device_rule(text: str) -> None:
    """``type major:minor access``."""
    if not _DEVICE_RULE.fullmatch(text):
        raise ValueError(f"invalid device cgroup format '{text}'")


def ulimit(text: str) -> dict[str, object]:
    """A resource limit, ``name=soft[:hard]``; -1 is no limit."""
    name, found, limits = text.partition("=")
    soft_text, has_hard, hard_text = limits.partition(":")
    if not found or (has_hard and ":" in hard_text):
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in _ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    hard = _number(hard_text) if has_hard else None
    soft = _number(soft_text)
    hard = soft if hard is None else hard
    if hard != -1 and (soft == -1 or soft > hard):
        shown = "unlimited" if soft == -1 else str(soft)
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {shown} > {hard}")
    return {"Name": name, "Hard": hard, "Soft": soft}


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)
