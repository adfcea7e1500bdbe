"""What the running kernel can do, read from its own files.

A module that is not loaded may still be loaded on demand. So a feature counts as missing
only if a list that would name it (the kernel's configuration, the modules' index) is there
and does not.
"""

from __future__ import annotations

import dataclasses
import gzip
import re
from pathlib import Path

_NAMESPACES = {"mnt": "mount", "net": "net", "pid": "pid", "uts": "uts", "ipc": "ipc"}


@dataclasses.dataclass(frozen=True)
class Module:
    """A part of the kernel that may be built in or a module."""

    name: str
    option: str


MODULES = (
    Module("overlay", "CONFIG_OVERLAY_FS"),
    Module("bridge", "CONFIG_BRIDGE"),
    Module("veth", "CONFIG_VETH"),
    Module("nf_tables", "CONFIG_NF_TABLES"),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class KernelFeatures:
    """What is missing, as far as the kernel tells."""

    missing_namespaces: tuple[str, ...]
    missing_modules: tuple[Module, ...]
    has_seccomp: bool


def read_kernel_features(release: str, root: Path = Path("/")) -> KernelFeatures:
    """The features of the kernel ``release``; ``root`` is for tests."""
    namespaces = root / "proc/self/ns"
    status = (root / "proc/self/status").read_text()
    unseen = [module for module in MODULES if not _is_loaded(module, root)]
    return KernelFeatures(
        missing_namespaces=tuple(
            label for name, label in _NAMESPACES.items() if not (namespaces / name).exists()
        ),
        missing_modules=tuple(_absent(unseen, release, root)) if unseen else (),
        has_seccomp="\nSeccomp:" in status,
    )


def _is_loaded(module: Module, root: Path) -> bool:
    if (root / "sys/module" / module.name).exists():
        return True
    return module.name == "overlay" and "\toverlay\n" in (root / "proc/filesystems").read_text()


def _absent(modules: list[Module], release: str, root: Path) -> list[Module]:
    configuration = _configuration(release, root)
    index = _module_index(release, root)
    if configuration is None and index is None:
        return []
    return [
        module
        for module in modules
        if not (
            configuration is not None and re.search(rf"^{module.option}=[ym]$", configuration, re.MULTILINE)
        )
        and not (index is not None and re.search(rf"/{module.name}\.ko", index))
    ]


def _configuration(release: str, root: Path) -> str | None:
    try:
        with gzip.open(root / "proc/config.gz", "rt") as stream:
            return stream.read()
    except OSError:
        pass  # many kernels do not show it; distributions keep a copy
    try:
        return (root / f"boot/config-{release}").read_text()
    except OSError:
        return None


def _module_index(release: str, root: Path) -> str | None:
    """Names of the kernel's modules, those built in and those to load."""
    directory = root / "lib/modules" / release
    parts = []
    for name in ("modules.builtin", "modules.dep"):
        try:
            parts.append((directory / name).read_text(errors="replace"))
        except OSError:
            return None  # an incomplete index proves nothing
    return "\n".join(parts)
