"""Seccomp filters compiled by libseccomp in this process, once for each different profile.

An OCI runtime compiles a container's profile at every start, which takes it longer than
all the rest of its work. The compiled program depends on the profile alone, so it is made
once and handed over ready.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import threading
from collections.abc import Iterator

import msgspec

from sampan.errors import InvalidArgument, Unavailable
from sampan.log import get_logger
from sampan.oci.runtime_spec import Seccomp, Syscall

log = get_logger(__name__)

LIBRARY = "libseccomp.so.2"
_KEPT = 64
_UNKNOWN_SYSCALL = -1
_ATTRIBUTE_OPTIMIZE = 8
_BINARY_TREE = 2
_ACTIONS = {
    "SCMP_ACT_KILL": 0x0000_0000,
    "SCMP_ACT_KILL_THREAD": 0x0000_0000,
    "SCMP_ACT_KILL_PROCESS": 0x8000_0000,
    "SCMP_ACT_TRAP": 0x0003_0000,
    "SCMP_ACT_LOG": 0x7FFC_0000,
    "SCMP_ACT_ALLOW": 0x7FFF_0000,
}
_WITH_ERRNO = {"SCMP_ACT_ERRNO": 0x0005_0000, "SCMP_ACT_TRACE": 0x7FF0_0000}
_OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class FilterCompiler:
    """Compiles seccomp sections and remembers the programs; safe to call from any thread."""

    def __init__(self) -> None:
        self._library = _load()
        self._programs: dict[bytes, bytes | None] = {}
        self._lock = threading.Lock()

    def __call__(self, section: Seccomp) -> bytes | None:
        """The kernel's program for a section (struct sock_filter, native order).

        None if the section needs what a bare program cannot carry (flags, a listener) or
        libseccomp refuses it: then the runtime must judge it. Takes some milliseconds the
        first time.
        """
        if section.flags or section.listener_path:
            return None
        key = msgspec.json.encode(section)
        with self._lock:
            if key in self._programs:
                return self._programs[key]
        try:
            program: bytes | None = self._compile(section)
        except InvalidArgument as refusal:
            log.warning("seccomp profile left to the runtime to compile", reason=refusal.message)
            program = None
        with self._lock:
            while len(self._programs) >= _KEPT:
                del self._programs[next(iter(self._programs))]
            self._programs[key] = program
        return program

    def _compile(self, section: Seccomp) -> bytes:
        with self._context(_action(section.default_action, section.default_errno_ret)) as context:
            for name in section.architectures:
                self._add_architecture(context, name)
            # Containers' own system calls pass the filter faster as a tree; older libraries lack it.
            self._library.seccomp_attr_set(context, _ATTRIBUTE_OPTIMIZE, _BINARY_TREE)
            default = _action(section.default_action, section.default_errno_ret)
            for rule in section.syscalls:
                self._add_rule(context, rule, default)
            return self._export(context)

    @contextlib.contextmanager
    def _context(self, default: int) -> Iterator[int]:
        context: int | None = self._library.seccomp_init(default)
        if not context:
            raise InvalidArgument("libseccomp accepts no such default action", kind="seccomp")
        try:
            yield context
        finally:
            self._library.seccomp_release(context)

    def _add_architecture(self, context: int, name: str) -> None:
        short = name.removeprefix("SCMP_ARCH_").lower().encode()
        token = self._library.seccomp_arch_resolve_name(short)
        if token == 0:
            raise InvalidArgument(f"unknown architecture {name}", kind="seccomp", ref=name)
        _check(self._library.seccomp_arch_add(context, token), name, allowed=-errno.EEXIST)

    def _add_rule(self, context: int, rule: Syscall, default: int) -> None:
        action = _action(rule.action, rule.errno_ret)
        if action == default:
            return  # libseccomp refuses rules that say what holds anyway
        for operator in (arg.op for arg in rule.args):
            if operator not in _OPERATORS:
                raise InvalidArgument(f"unknown comparison {operator}", kind="seccomp", ref=operator)
        # Two conditions on one argument cannot stand in one rule: as runtimes do, each is a rule.
        indexes = [arg.index for arg in rule.args]
        groups = [rule.args] if len(set(indexes)) == len(indexes) else [[arg] for arg in rule.args]
        for name in rule.names:
            number = self._library.seccomp_syscall_resolve_name(name.encode())
            if number == _UNKNOWN_SYSCALL:
                continue  # younger than the library: the default action holds
            for group in groups:
                comparisons = (_Comparison * len(group))(
                    *(_Comparison(arg.index, _OPERATORS[arg.op], arg.value, arg.value_two) for arg in group)
                )
                result = self._library.seccomp_rule_add_array(
                    context, action, number, len(group), comparisons
                )
                _check(result, name, allowed=-errno.EEXIST)

    def _export(self, context: int) -> bytes:
        fd = os.memfd_create("seccomp", os.MFD_CLOEXEC)
        try:
            _check(self._library.seccomp_export_bpf(context, fd), "export")
            return os.pread(fd, os.fstat(fd).st_size, 0)
        finally:
            os.close(fd)


def _load() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        message = f"{LIBRARY} is missing: install libseccomp2"
        raise Unavailable(message, kind="library", ref=LIBRARY) from error
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_arch_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return library


def _action(name: str, errno_ret: int | None) -> int:
    if name in _WITH_ERRNO:
        number = errno.EPERM if errno_ret is None else errno_ret
        return _WITH_ERRNO[name] | (number & 0xFFFF)
    if name not in _ACTIONS:
        raise InvalidArgument(f"unknown action {name}", kind="seccomp", ref=name)
    return _ACTIONS[name]


def _check(result: int, what: str, *, allowed: int = 0) -> None:
    if result not in (0, allowed):
        raise InvalidArgument(f"{what}: {os.strerror(-result)}", kind="seccomp", ref=what)
