"""What settings must be, alone and together."""

from __future__ import annotations

import ipaddress
import re

from sampan.config.settings import ROWS, Settings
from sampan.config.values import AddressPool
from sampan.errors import InvalidArgument

_PREFIX = re.compile(r"[a-z][a-z0-9]{0,7}", re.ASCII)
# IFNAMSIZ counts the closing NUL.
_INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}", re.ASCII)
_CGROUP = re.compile(r"(/[A-Za-z0-9_.@:-]+)+", re.ASCII)
_MTU = (68, 65535)
_ULIMITS = frozenset(
    {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
     "rttime", "sigpending", "stack"}
)  # fmt: skip


def check_settings(settings: Settings) -> None:
    """Refuse values that cannot work. Raises InvalidArgument, naming the setting."""
    _check_choices(settings)
    _check_paths(settings)
    if not _PREFIX.fullmatch(settings.prefix):
        raise _bad(
            "prefix",
            settings.prefix,
            "at most 8 lower-case letters and digits, a letter first",
        )
    _check_listeners(settings)
    _check_network(settings)
    if settings.default_runtime not in settings.all_runtimes:
        known = ", ".join(sorted(settings.all_runtimes))
        raise _bad(
            "default-runtime",
            settings.default_runtime,
            f"one of {known}, or add it to runtimes",
        )
    if settings.cgroup_parent and (
        not _CGROUP.fullmatch(settings.cgroup_parent) or {".", ".."} & set(settings.cgroup_parent.split("/"))
    ):
        raise _bad("cgroup-parent", settings.cgroup_parent, "a path such as /containers")
    if not settings.live_restore:
        message = (
            "live-restore: false is not possible: containers are held by monitors of their own and never end "
            "with the daemon; stop them before it if they should"
        )
        raise InvalidArgument(message, kind="setting", ref="live-restore")
    if not 0 <= settings.shutdown_timeout <= 3600:
        raise _bad("shutdown-timeout", str(settings.shutdown_timeout), "0 to 3600 seconds")
    for label in settings.labels:
        if "=" not in label or label.startswith("="):
            raise _bad("labels", label, "key=value")
    for limit in settings.default_ulimits:
        if limit.name not in _ULIMITS:
            raise _bad(
                "default-ulimits",
                limit.name,
                "the name of a resource limit such as nofile",
            )
        if limit.hard != -1 and not 0 <= limit.soft <= limit.hard:
            raise _bad(
                "default-ulimits",
                f"{limit.soft}:{limit.hard}",
                "a soft limit up to the hard one",
            )


def _check_choices(settings: Settings) -> None:
    for row in ROWS:
        value = getattr(settings, row.attribute)
        if row.choices and value not in ("", *row.choices):
            raise _bad(row.key, str(value), f"one of {', '.join(row.choices)}")
    if not settings.log_level:
        raise _bad("log-level", "", "one of debug, info, warn, error, fatal")


def _check_paths(settings: Settings) -> None:
    for name, path, optional in (
        ("data-root", settings.data_root, False),
        ("exec-root", settings.exec_root, False),
        ("pidfile", settings.pidfile, True),
        ("init-path", settings.init_path, True),
        ("seccomp-profile", settings.seccomp_profile, True),
    ):
        if name == "seccomp-profile" and path == "unconfined":
            continue
        absolute = path.startswith("/") and "\0" not in path and ".." not in path.split("/")
        if not absolute and not (optional and not path):
            raise _bad(name, path, "an absolute path")
    if settings.data_root.rstrip("/") == settings.exec_root.rstrip("/"):
        raise _bad("exec-root", settings.exec_root, "another directory than data-root")
    # A unix socket's path has 107 bytes (unix(7)); the longest below the exec root is an exec's attach socket.
    if len(settings.exec_root.encode()) > 60:
        raise _bad(
            "exec-root",
            settings.exec_root,
            "at most 60 bytes, because sockets lie below it",
        )


def _check_listeners(settings: Settings) -> None:
    for listener, text in zip(settings.listeners, settings.hosts, strict=False):
        if listener.is_loopback or settings.allow_unauthenticated_root_over_tcp:
            continue
        message = (
            f"hosts: refusing to listen on {text}: other machines reach it, there is no TLS, and whoever connects "
            "is root on this host; use unix:// or a loopback address with ssh, or set "
            "allow-unauthenticated-root-over-tcp if that is really meant"
        )
        raise InvalidArgument(message, kind="setting", ref="hosts")


def _check_network(settings: Settings) -> None:
    if not _INTERFACE.fullmatch(settings.bridge_name) or settings.bridge_name in (
        ".",
        "..",
    ):
        raise _bad("bridge", settings.bridge_name, "an interface name of at most 15 characters")
    if settings.bridge and settings.bip:
        message = "bridge and bip are mutually exclusive: the address of a bridge that exists is its own"
        raise InvalidArgument(message, kind="setting", ref="bip")
    if settings.bip:
        try:
            bip = ipaddress.ip_interface(settings.bip)
        except ValueError as error:
            raise _bad(
                "bip",
                settings.bip,
                "an address with prefix length such as 172.17.0.1/16",
            ) from error
        if "/" not in settings.bip or bip.ip == bip.network.network_address or bip.network.num_addresses < 4:
            raise _bad("bip", settings.bip, "a host's address in a subnet with room for others")
    low, high = _MTU
    if not low <= settings.mtu <= high:
        raise _bad("mtu", str(settings.mtu), f"{low} to {high}")
    for pool in settings.default_address_pools:
        _check_pool(pool)
    for address in settings.dns:
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise _bad("dns", address, "an IP address") from error


def _check_pool(pool: AddressPool) -> None:
    try:
        network = ipaddress.ip_network(pool.base)
    except ValueError as error:
        raise _bad("default-address-pools", pool.base, "a CIDR block") from error
    if not network.prefixlen <= pool.size <= network.max_prefixlen - 2:
        raise _bad(
            "default-address-pools",
            f"{pool.base} with size {pool.size}",
            f"a size of {network.prefixlen} to {network.max_prefixlen - 2}",
        )


def _bad(name: str, value: str, expected: str) -> InvalidArgument:
    return InvalidArgument(f"{name}: {value!r} is not {expected}", kind="setting", ref=name)
