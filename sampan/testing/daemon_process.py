"""A private ``sampand`` for tests: its own roots, prefix and socket; started, stopped, killed, taken down."""

from __future__ import annotations

import dataclasses
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_CGROUP_ROOT = Path("/sys/fs/cgroup")


class DaemonFailed(Exception):
    """The daemon did not start or did not end as asked; the text ends with its log."""


@dataclasses.dataclass(frozen=True)
class HostState:
    """What a daemon and its containers hold on the host."""

    mounts: frozenset[str]
    processes: frozenset[str]
    interfaces: frozenset[str]
    tables: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]

    def minus(self, other: HostState) -> dict[str, list[str]]:
        """What is here and was not there, by kind; empty kinds are left out."""
        found: dict[str, list[str]] = {}
        for field in dataclasses.fields(self):
            more = sorted(getattr(self, field.name) - getattr(other, field.name))
            if more:
                found[field.name] = more
        return found


class DaemonProcess:
    """One daemon in a network namespace of its own, where no other firewall has a say.

    The run-time state lies under a short path, for a socket's address holds 107 bytes. ``prefix``
    (five letters) is completed to one that no other daemon has, for several runs may go on at once.
    """

    def __init__(self, *, prefix: str, arguments: Sequence[str] = ()) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir="/tmp"))
        self.prefix = f"{prefix}{secrets.token_hex(2)[:3]}"
        self.data_root = self.root / "data"
        self.exec_root = self.root / "run"
        self.socket = self.root / "s.sock"
        self.log_path = self.root / "log"
        self._arguments = [
            *("--data-root", str(self.data_root), "--exec-root", str(self.exec_root)),
            *("--prefix", self.prefix),
            *("--host", self.url),
            *arguments,
        ]
        self.network_namespace = self.root / "net"
        self.network_namespace.touch()
        _run("unshare", f"--net={self.network_namespace}", "ip", "link", "set", "lo", "up")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What DOCKER_HOST has to be."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """The running daemon's process id."""
        assert self._process is not None, "the daemon is not running"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs, as far as this object has seen."""
        return self._process is not None

    @property
    def network_link(self) -> str:
        """The network namespace that containers on the host's network share, as /proc names it."""
        return f"net:[{self.network_namespace.stat().st_ino}]"

    @property
    def log(self) -> str:
        """What the daemon has logged in all its lives."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self, environment: Mapping[str, str] | None = None, *, timeout_s: float = 20.0) -> float:
        """Start it and wait until it answers; the seconds that took. Raises DaemonFailed with its log."""
        assert self._process is None, "the daemon is running"
        began = time.monotonic()
        read_end, write_end = os.pipe()
        try:
            with self.log_path.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "SAMPAN_READY_FD": str(write_end), **(environment or {})},
                    pass_fds=(write_end,),
                )
            os.close(write_end)
            write_end = -1
            readable, _, _ = select.select([read_end], [], [], timeout_s)
            if not readable or os.read(read_end, 1) != b"1":
                self.kill()
                raise DaemonFailed(f"the daemon did not get ready:\n{self.log[-4000:]}")
        finally:
            os.close(read_end)
            if write_end >= 0:
                os.close(write_end)
        return time.monotonic() - began

    def stop(self, *, timeout_s: float = 20.0) -> None:
        """End it with TERM; containers run on. Raises DaemonFailed if it fails or takes too long."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise DaemonFailed(f"the daemon did not end in {timeout_s} s:\n{self.log[-4000:]}") from None
        self._process = None
        if code != 0:
            raise DaemonFailed(f"the daemon ended with {code}:\n{self.log[-4000:]}")

    def kill(self) -> None:
        """End it with KILL, at whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wait_killed(self, *, timeout_s: float = 20.0) -> None:
        """Wait until the daemon has died of KILL by itself. Raises DaemonFailed if it did not."""
        assert self._process is not None, "the daemon is not running"
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise DaemonFailed(f"the daemon lives on:\n{self.log[-4000:]}") from None
        self._process = None
        if code != -signal.SIGKILL:
            raise DaemonFailed(f"the daemon ended with {code}:\n{self.log[-4000:]}")

    def teardown(self) -> dict[str, list[str]]:
        """Stop the daemon, remove what it made and its roots; what is left on the host is the answer."""
        try:
            self.stop()
        finally:
            removed = subprocess.run(
                [*self._command(), "--teardown"], capture_output=True, text=True, check=False, timeout=60
            )
        left = self.host_state().minus(_NOTHING)
        _run("umount", str(self.network_namespace))
        if removed.returncode != 0:
            raise DaemonFailed(f"the teardown failed:\n{removed.stderr[-4000:]}\nleft: {left}")
        if "mounts" not in left:
            shutil.rmtree(self.root)
        left.pop("files", None)
        return left

    def host_state(self) -> HostState:
        """What this daemon's containers hold on the host now; the daemon itself does not count."""
        return HostState(
            mounts=frozenset(self._mounts()),
            processes=frozenset(self._processes()),
            interfaces=frozenset(self._interfaces()),
            tables=frozenset(self._tables()),
            cgroups=frozenset(self._cgroups()),
            files=frozenset(self._files()),
        )

    def _command(self) -> list[str]:
        return [*self._inside(), sys.executable, "-m", "sampan.daemon.main", *self._arguments]

    def _inside(self) -> list[str]:
        return ["nsenter", f"--net={self.network_namespace}"]

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = (line.split()[4] for line in lines if f"{self.root}/" in line)
        return [point for point in points if point != str(self.network_namespace)]

    def _processes(self) -> list[str]:
        found = []
        own = self._process.pid if self._process is not None else 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (own, os.getpid()):
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended meanwhile
            if f"{self.root}/" in command:
                found.append(f"{entry.name} {command[:200]}")
        return found

    def _interfaces(self) -> list[str]:
        """Every interface of the daemon's namespace but the loopback."""
        listed = _run(*self._inside(), "ip", "-o", "link", "show")
        names = (line.split(":")[1].strip().partition("@")[0] for line in listed.splitlines())
        return [name for name in names if name != "lo"]

    def _tables(self) -> list[str]:
        return _run(*self._inside(), "nft", "list", "tables").splitlines()

    def _cgroups(self) -> list[str]:
        found = []
        for hierarchy in (_CGROUP_ROOT, *(entry for entry in _CGROUP_ROOT.iterdir() if entry.is_dir())):
            parent = hierarchy / self.prefix
            if parent.is_dir():
                found += [str(parent), *(str(path) for path in parent.rglob("*") if path.is_dir())]
        return found

    def _files(self) -> list[str]:
        """Directories of containers, network namespaces and snapshots."""
        places = (
            *(self.data_root / "containers", self.data_root / "snapshots", self.data_root / "tmp"),
            *(self.exec_root / "containers", self.exec_root / "runtime", self.exec_root / "netns"),
        )
        return [str(path) for place in places if place.is_dir() for path in place.iterdir()]


def _run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout


_NOTHING = HostState(
    mounts=frozenset(),
    processes=frozenset(),
    interfaces=frozenset(),
    tables=frozenset(),
    cgroups=frozenset(),
    files=frozenset(),
)
