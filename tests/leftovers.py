"""What a run of the tests leaves on the host, found by what the run itself made.

Several runs may go on at once on one machine. What lies in a directory of this run, or names
one in its command line, is this run's. Interfaces, cgroups, tables and namespaces tell no more
than that tests made them, so they count only while no other run goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

# Names of what tests make on the host begin so.
PREFIX = "stst"
_CGROUPS = Path("/sys/fs/cgroup")


class Watch:
    """Notes the temporary directories that this process makes, and what the host held before.

    ``base`` is pytest's own directory of this run. ``end`` gives tempfile back as it was.
    """

    def __init__(self, base: Path) -> None:
        self._base = str(base)
        self._made: list[str] = []
        self._mkdtemp: Callable[..., str] = tempfile.mkdtemp
        self._before = _named()
        # A shared lock says that a run goes on; who gets the exclusive one is alone.
        place = _CGROUPS if _CGROUPS.is_dir() else Path("/run")
        self._lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        tempfile.mkdtemp = self._note  # type: ignore[assignment]

    def _note(self, *arguments: str | None, **named: str | None) -> str:
        made = self._mkdtemp(*arguments, **named)
        self._made.append(made)
        return made

    def end(self) -> None:
        """Note no more."""
        tempfile.mkdtemp = self._mkdtemp  # type: ignore[assignment]
        os.close(self._lock)

    def found(self) -> list[str]:
        """What is left now, a line each."""
        roots = [self._base, *self._made]
        left = [f"mount {point}" for point in mounts_below(_mountinfo(), roots)]
        left += [f"directory {path}" for path in self._made if os.path.lexists(path)]
        left += [
            f"process {pid}: {' '.join(words)[:160]}"
            for pid, words in _commands().items()
            if pid != os.getpid() and _mentions(words, roots)
        ]
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left += [f"{kind} {name}" for kind, name in _named() - self._before]
        return sorted(left)


def mounts_below(mountinfo: str, roots: Iterable[str]) -> list[str]:
    """The mount points in the text of a mountinfo file that are one of ``roots`` or below one."""
    points = [line.split(" ")[4] for line in mountinfo.splitlines()]
    return [point for point in points if any(point == root or point.startswith(root + "/") for root in roots)]


def _mentions(words: list[str], roots: Iterable[str]) -> bool:
    return any(root in word for word in words for root in roots)


def _mountinfo() -> str:
    return Path("/proc/self/mountinfo").read_text()


def _commands() -> dict[int, list[str]]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it ended meanwhile
            found[int(entry.name)] = text.split("\0")
    return found


def _named() -> set[tuple[str, str]]:
    """Interfaces, named namespaces, cgroups and firewall tables that carry the tests' names."""
    places = [("interface", Path("/sys/class/net")), ("namespace", Path("/run/netns"))]
    if _CGROUPS.is_dir():
        places += [("cgroup", place) for place in (_CGROUPS, *_CGROUPS.iterdir()) if place.is_dir()]
    found = {
        (kind, entry.name)
        for kind, place in places
        if place.is_dir()
        for entry in place.iterdir()
        if entry.name.startswith(PREFIX)
    }
    if os.geteuid() == 0:
        listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
        tables = (line.split()[-1] for line in listed.splitlines())
        found |= {("table", name) for name in tables if name.startswith(PREFIX)}
    return found
