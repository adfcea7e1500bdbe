"""Before the daemon starts: is everything there that containers need?

Three steps, apart so that each can be tested: ``gather`` reads the host (files only, no
subprocess, a few milliseconds), ``judge`` decides on those facts alone, and ``preflight``
acts: it mounts what is missing of the cgroups, or refuses with one line for each thing
that is missing, saying what to install or enable.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from sampan.bundle.capabilities import ALL
from sampan.bundle.seccomp import parse_profile
from sampan.config.settings import Settings
from sampan.daemon.kernel_features import KernelFeatures, read_kernel_features
from sampan.daemon.programs import find_library, find_program
from sampan.errors import InvalidArgument, Unavailable
from sampan.linux.cgroups import (
    CgroupFacts,
    Layout,
    MountController,
    decide_mounts,
    read_facts,
)
from sampan.linux.host_facts import HostFacts, kernel_version, read_host
from sampan.linux.mounts import mount
from sampan.log import get_logger

log = get_logger(__name__)

SECCOMP_PROFILES = (Path("/etc/containers/seccomp.json"), Path("/usr/share/containers/seccomp.json"))
"""Where distributions put the default profile; the administrator's place first."""

UNCONFINED = "unconfined"
_MIN_KERNEL = (5, 4)
# Only a static init runs in an image without a C library.
_INIT_PROGRAMS = ("tini-static", "docker-init", "catatonit")
_NFTABLES = "libnftables.so.1"
_SECCOMP = "libseccomp.so.2"
_PACKAGES = {
    "crun": "crun",
    "runc": "runc",
    "conmon": "conmon",
    _NFTABLES: "libnftables1",
    _SECCOMP: "libseccomp2",
    "init": "tini",
    "seccomp": "golang-github-containers-common",
}
_LIMITS = ("cpu", "cpuset", "memory", "pids")


class Unready(Unavailable):
    """The host lacks something; ``problems`` has one line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems), kind="host")
        self.problems = problems


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """The host as found. Programs and libraries by name, None if missing.

    ``seccomp_profile`` is the profile's JSON, None if there is no file; ``data_root_type``
    the file system that the data root lies on.
    """

    is_root: bool
    kernel: tuple[int, int]
    programs: Mapping[str, str | None]
    libraries: Mapping[str, str | None]
    init_program: str | None
    features: KernelFeatures
    cgroups: CgroupFacts
    seccomp_profile: bytes | None
    data_root_type: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What follows from the facts: problems forbid a start, warnings do not."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    mounts: tuple[MountController, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ready:
    """What the daemon goes on with. ``runtimes`` are absolute programs by name, those installed.

    ``seccomp_profile`` is the default profile's JSON, None only if the settings say
    unconfined; ``seccomp_tightened`` whether it is the distribution's, which is laxer than
    Docker's; ``init_program`` is None if none is installed.
    """

    runtimes: Mapping[str, str]
    conmon: str
    init_program: str | None
    seccomp_profile: bytes | None
    seccomp_tightened: bool
    host: HostFacts
    data_root_type: str


def preflight(settings: Settings) -> Ready:
    """Check the host, complete its cgroups, and return what was found.

    Raises:
        Unready: something is missing; nothing was changed.
        InvalidArgument: the seccomp profile of the settings cannot be read or is none.
    """
    _require_linux()
    facts = gather(settings)
    verdict = judge(facts, settings)
    if verdict.problems:
        raise Unready(verdict.problems)
    for warning in verdict.warnings:
        log.warning("host lacks something", what=warning)
    for action in verdict.mounts:
        _mount_controller(action)
    runtimes = {name: path for name, path in _runtime_paths(settings, facts).items() if path is not None}
    return Ready(
        runtimes=runtimes,
        conmon=facts.programs["conmon"] or "",
        init_program=facts.init_program,
        seccomp_profile=None if settings.seccomp_profile == UNCONFINED else facts.seccomp_profile,
        seccomp_tightened=not settings.seccomp_profile,
        host=read_host(ALL),
        data_root_type=facts.data_root_type,
    )


def gather(settings: Settings) -> Facts:
    """Read the host. Raises InvalidArgument if the configured seccomp profile cannot be read."""
    mountinfo = Path("/proc/self/mountinfo").read_text()
    programs = {"conmon": find_program("conmon")}
    for runtime in settings.all_runtimes.values():
        programs[runtime.path] = find_program(runtime.path)
    release = platform.release()
    return Facts(
        is_root=os.geteuid() == 0,
        kernel=kernel_version(release),
        programs=programs,
        libraries={name: find_library(name) for name in (_NFTABLES, _SECCOMP)},
        init_program=_find_init(settings),
        features=read_kernel_features(release),
        cgroups=read_facts(mountinfo=mountinfo),
        seccomp_profile=_read_profile(settings),
        data_root_type=file_system_of(settings.data_root, mountinfo),
    )


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Decide on the facts alone."""
    problems: list[str] = []
    warnings: list[str] = []
    if not facts.is_root:
        problems.append("sampand must run as root: start it with sudo, or as a system service")
    if facts.kernel < _MIN_KERNEL:
        major, minor = facts.kernel
        problems.append(f"kernel {major}.{minor} is too old: Linux 5.4 or later is needed")
    default = settings.all_runtimes[settings.default_runtime].path
    problems += [_missing_program(name) for name in (default, "conmon") if facts.programs.get(name) is None]
    if facts.libraries.get(_NFTABLES) is None:
        problems.append(_missing_program(_NFTABLES))
    if facts.libraries.get(_SECCOMP) is None:
        warnings.append(f"{_missing_program(_SECCOMP)}; until then every start takes longer")
    if facts.init_program is None and (settings.init or settings.init_path):
        what = settings.init_path or "an init program (tini-static)"
        problems.append(
            f"{what} is missing: install it (Debian, Ubuntu: apt-get install {_PACKAGES['init']})"
        )
    problems += _feature_problems(facts.features)
    _judge_seccomp(facts, settings, problems, warnings)
    _judge_cgroups(facts.cgroups, problems, warnings)
    if facts.data_root_type == "overlay":
        problems.append(
            f"{settings.data_root} lies on an overlay file system, which cannot hold another: "
            "set data-root to a directory on a disk or a tmpfs"
        )
    return Verdict(
        problems=tuple(problems), warnings=tuple(warnings), mounts=tuple(decide_mounts(facts.cgroups))
    )


def file_system_of(path: str, mountinfo: str) -> str:
    """Type of the file system that ``path`` lies on or would be made on (proc(5), mountinfo)."""
    best, found = "", ""
    for line in mountinfo.splitlines():
        fields, _, tail = line.partition(" - ")
        point = fields.split(" ")[4]
        below = path == point or path.startswith(point.rstrip("/") + "/")
        # Of mounts over each other at one place, the last one is seen.
        if below and len(point) >= len(best):
            best, found = point, tail.partition(" ")[0]
    return found


def _require_linux() -> None:
    if sys.platform != "linux":
        raise Unready((f"sampand runs on Linux only, not on {sys.platform}: the client runs everywhere",))


def _missing_program(name: str) -> str:
    package = _PACKAGES.get(Path(name).name)
    hint = (
        f"install it (Debian, Ubuntu: apt-get install {package})"
        if package
        else "install it or correct its path"
    )
    return f"{name} is missing: {hint}"


def _feature_problems(features: KernelFeatures) -> list[str]:
    problems = [
        f"the kernel has no {name} namespaces: use one built with CONFIG_NAMESPACES and CONFIG_{name.upper()}_NS"
        for name in features.missing_namespaces
    ]
    if not features.has_seccomp:
        problems.append("the kernel has no seccomp filters: use one built with CONFIG_SECCOMP_FILTER")
    problems += [
        f"the kernel has no {module.name} ({module.option}): load or install the module, "
        "or use a kernel that has it"
        for module in features.missing_modules
    ]
    return problems


def _judge_seccomp(facts: Facts, settings: Settings, problems: list[str], warnings: list[str]) -> None:
    if settings.seccomp_profile == UNCONFINED:
        warnings.append("containers run without a seccomp filter, as seccomp-profile says")
        return
    if facts.seccomp_profile is None:
        places = " or ".join(str(path) for path in SECCOMP_PROFILES)
        problems.append(
            f"the default seccomp profile is missing ({places}): install it (Debian, Ubuntu: apt-get install "
            f"{_PACKAGES['seccomp']}) or name one with --seccomp-profile"
        )
        return
    try:
        parse_profile(facts.seccomp_profile)
    except InvalidArgument as error:
        problems.append(f"the default seccomp profile cannot be used: {error.message}")


def _judge_cgroups(cgroups: CgroupFacts, problems: list[str], warnings: list[str]) -> None:
    if cgroups.layout is Layout.MISSING:
        problems.append("cgroups are not mounted: mount -t cgroup2 none /sys/fs/cgroup")
        return
    if cgroups.version == 1 and "devices" not in cgroups.controllers:
        problems.append(
            "the cgroup controller devices is not mounted: "
            "mkdir -p /sys/fs/cgroup/devices && mount -t cgroup -o devices cgroup /sys/fs/cgroup/devices"
        )
    missing = [name for name in _LIMITS if name not in cgroups.controllers]
    warnings += [f"the cgroup controller {name} is missing: its limits are ignored" for name in missing]


def _find_init(settings: Settings) -> str | None:
    if settings.init_path:
        return find_program(settings.init_path)
    return next((path for name in _INIT_PROGRAMS if (path := find_program(name))), None)


def _read_profile(settings: Settings) -> bytes | None:
    if settings.seccomp_profile == UNCONFINED:
        return None
    if settings.seccomp_profile:
        try:
            return Path(settings.seccomp_profile).read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"seccomp-profile: cannot read {settings.seccomp_profile}: {reason}"
            raise InvalidArgument(message, kind="setting", ref="seccomp-profile") from error
    for path in SECCOMP_PROFILES:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            continue  # the next place
    return None


def _runtime_paths(settings: Settings, facts: Facts) -> dict[str, str | None]:
    return {name: facts.programs.get(runtime.path) for name, runtime in settings.all_runtimes.items()}


def _mount_controller(action: MountController) -> None:
    Path(action.directory).mkdir(mode=0o755, exist_ok=True)
    mount("cgroup", action.directory, "cgroup", data=action.controller)
    log.info(
        "mounted a cgroup controller that the hybrid layout had left to version 2, where the runtime refuses it",
        controller=action.controller,
        directory=action.directory,
    )
