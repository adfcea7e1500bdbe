"""Finding programs and libraries by looking at files, without running anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sampan.linux.process import environment

_LIBRARY_DIRECTORIES = ("/usr/lib64", "/usr/lib", "/lib64", "/lib", "/usr/local/lib64", "/usr/local/lib")


def find_program(name: str, search: Sequence[str] | None = None) -> str | None:
    """The absolute path of an executable: ``name`` itself if it has a slash, else from the fixed PATH."""
    if "/" in name:
        candidates = [Path(name)]
    else:
        directories = search if search is not None else environment()["PATH"].split(":")
        candidates = [Path(directory) / name for directory in directories]
    for path in candidates:
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


def find_library(name: str, search: Sequence[str] | None = None) -> str | None:
    """The path of a shared library in the places where distributions put them."""
    if search is None:
        triplet = getattr(sys.implementation, "_multiarch", "")
        multiarch = [f"/usr/lib/{triplet}", f"/lib/{triplet}"] if triplet else []
        search = [*multiarch, *_LIBRARY_DIRECTORIES, *_configured_directories()]
    for directory in search:
        path = Path(directory) / name
        if path.exists():
            return str(path)
    return None


def _configured_directories() -> list[str]:
    """The directories that the dynamic loader is configured with (ld.so.conf.d)."""
    found: list[str] = []
    for path in sorted(Path("/etc/ld.so.conf.d").glob("*.conf")):
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue  # a broken link there is the administrator's business
        found += [line.strip() for line in text.splitlines() if line.startswith("/")]
    return found
