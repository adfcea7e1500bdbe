"""Seccomp profiles: from the distributed JSON form to the section of one container's spec.

The distributed form (shared by containers-common and Docker) names rules that hold only
for some architectures, capabilities or kernels; the runtime's form has none of that.

The profile that distributions ship for unprivileged nesting lets every container call
``unshare``, ``mount``, ``keyctl`` and their kin and leaves the refusal to capabilities.
A user namespace made inside gives those capabilities back, so the default is tightened:
what Docker ties to a capability is tied to it here too.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci.runtime_spec import Seccomp, Syscall, SyscallArg

_ALLOW = "SCMP_ACT_ALLOW"
_ERRNO = "SCMP_ACT_ERRNO"
_EPERM = 1
_ENOSYS = 38
_VSOCK = 40
# Clone flags that make namespaces: mount, cgroup, uts, ipc, user, pid, network (linux/sched.h).
_CLONE_FLAGS = (
    0x0002_0000,
    0x0200_0000,
    0x0400_0000,
    0x0800_0000,
    0x1000_0000,
    0x2000_0000,
    0x4000_0000,
)

_ARCHITECTURES = {
    "amd64": "SCMP_ARCH_X86_64",
    "arm64": "SCMP_ARCH_AARCH64",
    "arm": "SCMP_ARCH_ARM",
    "386": "SCMP_ARCH_X86",
    "riscv64": "SCMP_ARCH_RISCV64",
    "s390x": "SCMP_ARCH_S390X",
    "ppc64le": "SCMP_ARCH_PPC64LE",
    "loong64": "SCMP_ARCH_LOONGARCH64",
}
# Which names of a profile's "arches" hold on a machine: its own and those it can also run.
_RUNS = {
    "amd64": {"amd64", "x86", "x32"},
    "arm64": {"arm64", "arm"},
    "s390x": {"s390x", "s390"},
}

_GUARDED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("CAP_SYS_ADMIN",): (
        "clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
        "open_tree", "quotactl_fd", "setns", "umount", "umount2", "unshare", "pivot_root",
    ),
    ("CAP_SYS_ADMIN", "CAP_SYSLOG"): ("syslog",),
    ("CAP_SYS_BOOT",): ("reboot",),
    ("CAP_SYS_NICE",): ("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"),
    ("CAP_SYS_PTRACE",): ("pidfd_getfd",),
}  # fmt: skip
_NEVER = ("keyctl",)
# Younger than the profile of older distributions, and harmless.
_ADDED = (
    "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "map_shadow_stack",
)  # fmt: skip


class _Condition(msgspec.Struct, frozen=True):
    arches: list[str] | None = None
    caps: list[str] | None = None
    min_kernel: str | None = msgspec.field(default=None, name="minKernel")

    def holds(self, caps: Collection[str], arches: Collection[str], kernel: tuple[int, int]) -> bool:
        """Whether everything named is there."""
        if self.arches and not set(self.arches) & set(arches):
            return False
        if self.caps and not set(self.caps) <= set(caps):
            return False
        return self.min_kernel is None or _version(self.min_kernel) <= kernel

    def excludes(self, caps: Collection[str], arches: Collection[str], kernel: tuple[int, int]) -> bool:
        """Whether anything named is there."""
        if self.arches and set(self.arches) & set(arches):
            return True
        if self.caps and set(self.caps) & set(caps):
            return True
        return self.min_kernel is not None and _version(self.min_kernel) <= kernel


class _Arg(msgspec.Struct, frozen=True):
    index: int
    value: int
    op: str
    value_two: int = msgspec.field(default=0, name="valueTwo")


class _Rule(msgspec.Struct, frozen=True):
    action: str
    names: list[str] | None = None
    name: str = ""
    args: list[_Arg] | None = None
    includes: _Condition | None = None
    excludes: _Condition | None = None
    errno_ret: int | None = msgspec.field(default=None, name="errnoRet")


class _ArchMap(msgspec.Struct, frozen=True):
    architecture: str
    sub_architectures: list[str] | None = msgspec.field(default=None, name="subArchitectures")


class Profile(msgspec.Struct, frozen=True):
    """A profile in the distributed form."""

    default_action: str = msgspec.field(name="defaultAction")
    default_errno_ret: int | None = msgspec.field(default=None, name="defaultErrnoRet")
    arch_map: list[_ArchMap] | None = msgspec.field(default=None, name="archMap")
    architectures: list[str] | None = None
    syscalls: list[_Rule] | None = None
    flags: list[str] | None = None
    listener_path: str = msgspec.field(default="", name="listenerPath")
    listener_metadata: str = msgspec.field(default="", name="listenerMetadata")


_decoder = msgspec.json.Decoder(Profile)


@functools.lru_cache(maxsize=8)
def parse_profile(text: bytes) -> Profile:
    """A profile from its JSON. Raises InvalidArgument if it is none."""
    try:
        profile = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"decoding seccomp profile failed: {error}", kind="seccomp") from error
    if profile.arch_map and profile.architectures:
        message = "decoding seccomp profile failed: both 'architectures' and 'archMap' are specified; use one"
        raise InvalidArgument(message, kind="seccomp")
    for rule in profile.syscalls or ():
        if rule.name and rule.names:
            message = "decoding seccomp profile failed: a rule has both 'name' and 'names'; use one"
            raise InvalidArgument(message, kind="seccomp")
        for condition in (rule.includes, rule.excludes):
            if condition is not None and condition.min_kernel is not None:
                _version(condition.min_kernel)
    return profile


@functools.lru_cache(maxsize=32)
def seccomp_section(
    text: bytes,
    *,
    caps: frozenset[str],
    architecture: str,
    kernel: tuple[int, int],
    tightened: bool,
) -> Seccomp:
    """The profile ``text`` for a container with ``caps`` on a machine.

    ``architecture`` is Go's name of the machine; ``tightened`` adds what this module's
    docstring says. Raises InvalidArgument if the text is no profile.
    """
    profile = parse_profile(text)
    arches = _RUNS.get(architecture, {architecture})
    rules = [
        _converted(rule)
        for rule in profile.syscalls or ()
        if (rule.includes is None or rule.includes.holds(caps, arches, kernel))
        and (rule.excludes is None or not rule.excludes.excludes(caps, arches, kernel))
    ]
    if tightened:
        rules = _tighten(rules, caps)
    return Seccomp(
        default_action=profile.default_action,
        default_errno_ret=profile.default_errno_ret,
        architectures=_architectures(profile, architecture),
        flags=list(profile.flags or ()),
        listener_path=profile.listener_path,
        listener_metadata=profile.listener_metadata,
        syscalls=[rule for rule in rules if rule.names],
    )


def _converted(rule: _Rule) -> Syscall:
    args = [
        SyscallArg(index=arg.index, value=arg.value, value_two=arg.value_two, op=arg.op)
        for arg in rule.args or ()
    ]
    names = list(rule.names) if rule.names else [rule.name] if rule.name else []
    return Syscall(names=names, action=rule.action, errno_ret=rule.errno_ret, args=args)


def _architectures(profile: Profile, architecture: str) -> list[str]:
    if profile.arch_map is None:
        return list(profile.architectures or ())
    native = _ARCHITECTURES.get(architecture, "")
    for entry in profile.arch_map:
        if entry.architecture == native:
            return [native, *(entry.sub_architectures or ())]
    return []


def _tighten(rules: Sequence[Syscall], caps: frozenset[str]) -> list[Syscall]:
    """The rules with Docker's ties between calls and capabilities."""
    denied = set(_NEVER)
    for needed, names in _GUARDED.items():
        if not caps.intersection(needed):
            denied.update(names)
    admin = "CAP_SYS_ADMIN" in caps
    taken_over = denied | {"socket"} | (set() if admin else {"clone"})
    kept = [
        msgspec.structs.replace(rule, names=[name for name in rule.names if name not in taken_over])
        for rule in rules
    ]
    added = [Syscall(names=list(_ADDED), action=_ALLOW)]
    # A virtual machine's socket to its host is no business of a container.
    not_vsock = SyscallArg(index=0, value=_VSOCK, op="SCMP_CMP_NE")
    added.append(Syscall(names=["socket"], action=_ALLOW, args=[not_vsock]))
    added.append(Syscall(names=sorted(denied - {"clone3"}), action=_ERRNO, errno_ret=_EPERM))
    if not admin:
        plain = SyscallArg(index=0, value=sum(_CLONE_FLAGS), value_two=0, op="SCMP_CMP_MASKED_EQ")
        added.append(Syscall(names=["clone"], action=_ALLOW, args=[plain]))
        for flag in _CLONE_FLAGS:
            one = SyscallArg(index=0, value=flag, value_two=flag, op="SCMP_CMP_MASKED_EQ")
            added.append(Syscall(names=["clone"], action=_ERRNO, errno_ret=_EPERM, args=[one]))
        # clone3's flags lie in memory, out of a filter's reach; libraries fall back to clone.
        added.append(Syscall(names=["clone3"], action=_ERRNO, errno_ret=_ENOSYS))
    return kept + added


def _version(text: str) -> tuple[int, int]:
    parts = text.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidArgument(
            f"decoding seccomp profile failed: invalid kernel version: {text}",
            kind="seccomp",
        )
    return int(parts[0]), int(parts[1])
