"""Linux capabilities: the default set, and what ``--cap-add`` and ``--cap-drop`` make of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sampan.errors import InvalidArgument

ALL = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)
"""Every capability, at the index that is its number (linux/capability.h)."""

DEFAULT = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
"""What a container gets when nothing is asked: Docker's fourteen."""

_ANY = "ALL"


def granted(
    *,
    add: Sequence[str],
    drop: Sequence[str],
    privileged: bool,
    available: Collection[str],
) -> tuple[str, ...]:
    """The capabilities of a container, in the order of their numbers.

    ``available`` is what the host can give at all: privileged and ``ALL`` mean that much.
    Raises InvalidArgument, naming it, for an unknown or unavailable capability.
    """
    wanted_add = _normalised("CapAdd", add, available)
    wanted_drop = _normalised("CapDrop", drop, available)
    everything = tuple(name for name in ALL if name in available)
    if privileged:
        return everything
    if _ANY in wanted_add:
        chosen = set(everything) - set(wanted_drop)
    elif _ANY in wanted_drop:
        chosen = set(wanted_add)
    else:
        chosen = (set(DEFAULT) & set(available)) - set(wanted_drop) | set(wanted_add)
    return tuple(name for name in ALL if name in chosen)


def _normalised(option: str, names: Sequence[str], available: Collection[str]) -> list[str]:
    return [_normalise(option, name, available) for name in names]


def _normalise(option: str, name: str, available: Collection[str]) -> str:
    upper = name.upper()
    if upper == _ANY:
        return upper
    full = upper if upper.startswith("CAP_") else f"CAP_{upper}"
    if full not in ALL:
        raise InvalidArgument(
            f'invalid {option}: unknown capability: "{full}"',
            kind="capability",
            ref=name,
        )
    if full not in available:
        reason = "capability not supported by your kernel or not available in the current environment"
        raise InvalidArgument(f'invalid {option}: {reason}: "{full}"', kind="capability", ref=name)
    return full
