"""The compiled filter, judged by running it: the same answers on every calling convention."""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from sampan.bundle.capabilities import DEFAULT
from sampan.bundle.seccomp import seccomp_section
from sampan.linux.seccomp_filter import FilterCompiler
from sampan.oci.runtime_spec import Seccomp, Syscall, SyscallArg

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
X32_BIT = 0x40000000
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x00000000
EPERM, ENOSYS = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS


def verdict(program: bytes, arch: int, number: int, args: Sequence[int] = ()) -> int:
    """What the kernel would answer: classic BPF over struct seccomp_data (seccomp(2))."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *[*args, *[0] * (6 - len(args))])
    code: list[tuple[int, int, int, int]] = list(struct.iter_unpack("<HBBI", program))
    accumulator = position = 0
    while True:
        operation, on_true, on_false, k = code[position]
        position += 1
        match operation:
            case 0x20:
                accumulator = int.from_bytes(data[k : k + 4], "little")
            case 0x54:
                accumulator &= k
            case 0x05:
                position += k
            case 0x15:
                position += on_true if accumulator == k else on_false
            case 0x25:
                position += on_true if accumulator > k else on_false
            case 0x35:
                position += on_true if accumulator >= k else on_false
            case 0x45:
                position += on_true if accumulator & k else on_false
            case 0x06:
                return k
            case _:
                raise AssertionError(f"unexpected instruction {operation:#x}")


@pytest.fixture(scope="module")
def compiler() -> FilterCompiler:
    return FilterCompiler()


def default_section(*caps: str) -> Seccomp:
    return seccomp_section(
        Path("/usr/share/containers/seccomp.json").read_bytes(),
        caps=frozenset((*DEFAULT, *caps)),
        architecture="amd64",
        kernel=(6, 1),
        tightened=True,
    )


@pytest.fixture(scope="module")
def default(compiler: FilterCompiler) -> bytes:
    program = compiler(default_section())
    assert program is not None
    return program


@pytest.mark.parametrize(
    ("name", "wide", "narrow"),
    [
        ("mount", 165, 21),
        ("unshare", 272, 310),
        ("keyctl", 250, 288),
        ("reboot", 169, 88),
        ("setns", 308, 346),
    ],
)
def test_a_refusal_holds_on_every_calling_convention(
    default: bytes, name: str, wide: int, narrow: int
) -> None:
    assert verdict(default, X86_64, wide) == EPERM, name
    assert verdict(default, I386, narrow) == EPERM, name
    assert verdict(default, X86_64, wide | X32_BIT) == EPERM, name


@pytest.mark.parametrize(("wide", "narrow"), [(0, 3), (1, 4), (39, 20), (231, 252)])
def test_ordinary_calls_pass(default: bytes, wide: int, narrow: int) -> None:
    assert verdict(default, X86_64, wide) == ALLOW
    assert verdict(default, I386, narrow) == ALLOW


def test_another_machines_calls_kill(default: bytes) -> None:
    assert verdict(default, AARCH64, 63) == KILL


NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
    "pid": 0x20000000, "net": 0x40000000,
}  # fmt: skip


@pytest.mark.parametrize("flag", NAMESPACES.values(), ids=NAMESPACES)
def test_clone_makes_no_namespace(default: bytes, flag: int) -> None:
    assert verdict(default, X86_64, 56, [flag | 17]) == EPERM
    assert verdict(default, I386, 120, [flag | 17]) == EPERM


def test_clone_makes_processes_and_threads(default: bytes) -> None:
    assert verdict(default, X86_64, 56, [17]) == ALLOW
    assert verdict(default, X86_64, 56, [0x3D0F00]) == ALLOW
    assert verdict(default, X86_64, 435) == ENOSYS


def test_sockets_of_virtual_machines_are_refused(default: bytes) -> None:
    assert verdict(default, X86_64, 41, [2, 1, 0]) == ALLOW
    assert verdict(default, X86_64, 41, [40, 1, 0]) != ALLOW


def test_unknown_calls_do_not_exist(default: bytes) -> None:
    assert verdict(default, X86_64, 9999) == ENOSYS


def test_a_capability_opens_its_calls(compiler: FilterCompiler) -> None:
    program = compiler(default_section("CAP_SYS_ADMIN"))
    assert program is not None
    assert verdict(program, X86_64, 165) == ALLOW
    assert verdict(program, X86_64, 56, [0x10000000]) == ALLOW
    assert verdict(program, X86_64, 169) == EPERM


SMALL = Seccomp(
    default_action="SCMP_ACT_ALLOW",
    architectures=["SCMP_ARCH_X86_64"],
    syscalls=[Syscall(names=["getpid", "no_such_call"], action="SCMP_ACT_ERRNO", errno_ret=7)],
)


def test_arguments_are_compared(compiler: FilterCompiler) -> None:
    two = [SyscallArg(index=0, value=5, op="SCMP_CMP_EQ"), SyscallArg(index=1, value=6, op="SCMP_CMP_GT")]
    program = compiler(replace(SMALL, syscalls=[Syscall(names=["kill"], action="SCMP_ACT_ERRNO", args=two)]))
    assert program is not None
    assert verdict(program, X86_64, 62, [5, 7]) == EPERM
    assert verdict(program, X86_64, 62, [5, 6]) == ALLOW
    assert verdict(program, X86_64, 62, [4, 7]) == ALLOW


def test_a_program_is_made_once(compiler: FilterCompiler) -> None:
    first = compiler(SMALL)
    assert first is not None
    assert verdict(first, X86_64, 39) == ERRNO | 7
    assert compiler(SMALL) is first


@pytest.mark.parametrize(
    "section",
    [
        replace(SMALL, flags=["SECCOMP_FILTER_FLAG_LOG"]),
        replace(SMALL, listener_path="/run/x"),
        replace(SMALL, default_action="SCMP_ACT_NONSENSE"),
        replace(SMALL, architectures=["SCMP_ARCH_NONSENSE"]),
        replace(SMALL, syscalls=[Syscall(names=["read"], action="SCMP_ACT_NONSENSE")]),
        replace(
            SMALL,
            syscalls=[
                Syscall(names=["read"], action="SCMP_ACT_ERRNO", args=[SyscallArg(index=0, value=1, op="X")])
            ],
        ),
    ],
)
def test_what_cannot_be_compiled_is_left_to_the_runtime(compiler: FilterCompiler, section: Seccomp) -> None:
    assert compiler(section) is None
