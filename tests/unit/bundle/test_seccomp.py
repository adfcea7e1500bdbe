"""Profiles: conversion, conditions, and the tightening of the distribution's."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from sampan.bundle.capabilities import ALL, DEFAULT
from sampan.bundle.seccomp import parse_profile, seccomp_section
from sampan.errors import InvalidArgument
from sampan.oci.runtime_spec import Seccomp, Syscall

DISTRIBUTED = Path("/usr/share/containers/seccomp.json").read_bytes()
DOCKER = frozenset(
    json.loads((Path(__file__).parents[2] / "golden/bundle/docker_allowed_syscalls.json").read_text())[
        "allowed"
    ]
)


def section(text: bytes, *, caps: tuple[str, ...] = DEFAULT, tightened: bool = True) -> Seccomp:
    return seccomp_section(
        text, caps=frozenset(caps), architecture="amd64", kernel=(6, 1), tightened=tightened
    )


def allowed(found: Seccomp) -> set[str]:
    return {name for rule in found.syscalls if rule.action == "SCMP_ACT_ALLOW" for name in rule.names}


def profile(**fields: object) -> bytes:
    return msgspec.json.encode({"defaultAction": "SCMP_ACT_ERRNO", **fields})


# Old calls that do nothing a new one does not; the kernel of amd64 has not even numbers for most.
HARMLESS = {"readdir", "sigaction", "signal", "sigpending", "sigsuspend", "syscall", "timerfd"}


def test_the_default_allows_nothing_that_docker_forbids() -> None:
    assert allowed(section(DISTRIBUTED)) - DOCKER <= HARMLESS


def test_the_default_forbids_little_that_docker_allows() -> None:
    missing = DOCKER - allowed(section(DISTRIBUTED))
    assert missing <= {"io_pgetevents", "io_pgetevents_time64", "vmsplice", "clone3"}


def test_the_untightened_profile_is_laxer() -> None:
    assert {"unshare", "mount", "keyctl", "setns"} & allowed(section(DISTRIBUTED, tightened=False)) >= {
        "unshare",
        "mount",
        "keyctl",
    }


@pytest.mark.parametrize(
    ("cap", "call"),
    [
        ("CAP_SYS_ADMIN", "mount"),
        ("CAP_SYS_ADMIN", "clone3"),
        ("CAP_SYS_ADMIN", "setns"),
        ("CAP_SYS_BOOT", "reboot"),
        ("CAP_SYS_NICE", "mbind"),
        ("CAP_SYSLOG", "syslog"),
        ("CAP_SYS_PTRACE", "pidfd_getfd"),
        ("CAP_SYS_TIME", "clock_settime"),
    ],
)
def test_a_capability_brings_its_calls(cap: str, call: str) -> None:
    assert call not in allowed(section(DISTRIBUTED))
    assert call in allowed(section(DISTRIBUTED, caps=(*DEFAULT, cap)))


def test_keyctl_is_never_allowed() -> None:
    assert "keyctl" not in allowed(section(DISTRIBUTED, caps=ALL))


def test_architectures_are_the_machines_and_those_it_also_runs() -> None:
    assert section(DISTRIBUTED).architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    arm = seccomp_section(DISTRIBUTED, caps=frozenset(), architecture="arm64", kernel=(6, 1), tightened=True)
    assert arm.architectures == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]


@pytest.mark.parametrize(
    ("condition", "present"),
    [
        ({"includes": {"caps": ["CAP_CHOWN"]}}, True),
        ({"includes": {"caps": ["CAP_SYS_ADMIN"]}}, False),
        ({"excludes": {"caps": ["CAP_CHOWN"]}}, False),
        ({"excludes": {"caps": ["CAP_SYS_ADMIN"]}}, True),
        ({"includes": {"arches": ["amd64"]}}, True),
        ({"includes": {"arches": ["arm"]}}, False),
        ({"excludes": {"arches": ["x32"]}}, False),
        ({"includes": {"minKernel": "6.1"}}, True),
        ({"includes": {"minKernel": "6.2"}}, False),
        ({"includes": {"minKernel": "4.8", "caps": ["CAP_SYS_ADMIN"]}}, False),
        ({"includes": {}, "excludes": {}}, True),
    ],
)
def test_conditions(condition: dict[str, object], present: bool) -> None:
    text = profile(syscalls=[{"names": ["read"], "action": "SCMP_ACT_ALLOW", **condition}])
    assert ("read" in allowed(section(text, tightened=False))) is present


def test_rules_are_carried_over_whole() -> None:
    text = profile(
        defaultErrnoRet=38,
        architectures=["SCMP_ARCH_X86_64"],
        syscalls=[
            {"name": "read", "action": "SCMP_ACT_ERRNO", "errnoRet": 5,
             "args": [{"index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]}
        ],
    )  # fmt: skip
    found = section(text, tightened=False)
    assert found.default_errno_ret == 38
    assert found.architectures == ["SCMP_ARCH_X86_64"]
    assert msgspec.to_builtins(found.syscalls[0]) == {
        "names": ["read"],
        "action": "SCMP_ACT_ERRNO",
        "errnoRet": 5,
        "args": [{"index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}],
    }
    assert isinstance(found.syscalls[0], Syscall)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"defaultAction": 1}',
        b'{"defaultAction": "x", "syscalls": [{"names": "read", "action": "y"}]}',
        b'{"defaultAction": "x", "archMap": [{"architecture": "a"}], "architectures": ["b"]}',
        b'{"defaultAction": "x", "syscalls": [{"name": "a", "names": ["b"], "action": "y"}]}',
        b'{"defaultAction": "x", "syscalls": [{"names": ["b"], "action": "y", "includes": {"minKernel": "4"}}]}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_profile_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidArgument, match="seccomp profile"):
        parse_profile(text)
