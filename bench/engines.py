"""The sides: Sampan and Docker behind the same docker CLI, Podman in its own root.

Each side makes its containers under names of this run alone, and whatever of them is left
at the end, after an error or an interrupt too, goes when the side is left.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from bench.measure import processes, timed

REPOSITORY = Path(__file__).parents[1]
PEER_SOCKET = Path("/run/peers/docker.sock")
IMAGE = "sampan-bench/busybox:latest"
_BUSYBOX = Path("/bin/busybox")


class Side(Protocol):
    """One engine to measure; ``daemons`` are the pids of its daemons, none for Podman."""

    name: str
    image: str
    daemons: Collection[int]

    def call(self, *words: str) -> str:
        """Run a command of the engine's CLI; what it printed. Raises RuntimeError if it fails."""

    def time(self, *words: str) -> float:
        """Milliseconds that such a command takes."""

    def time_together(self, commands: Sequence[Sequence[str]]) -> float:
        """Milliseconds until the last of several commands, started at once, has ended."""

    def remove(self, containers: Sequence[str]) -> None:
        """Remove containers by name, running or not."""

    def monitors(self, ids: Collection[str]) -> set[int]:
        """Pids of what stands beside those running containers."""


class Names:
    """Names of containers that no other run uses."""

    def __init__(self) -> None:
        self.token = f"sbench-{secrets.token_hex(3)}"
        self._count = 0

    def next(self, count: int) -> list[str]:
        """So many new names."""
        self._count += count
        return [f"{self.token}-{number}" for number in range(self._count - count, self._count)]


class CliSide:
    """An engine behind the stock docker CLI."""

    def __init__(self, name: str, socket_path: Path, image: str, daemons: Collection[int]) -> None:
        self.name = name
        self.image = image
        self.daemons = daemons
        self._head = ["docker", "-H", f"unix://{socket_path}"]

    def call(self, *words: str) -> str:
        done = subprocess.run([*self._head, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def time(self, *words: str) -> float:
        return timed(lambda: self.call(*words))

    def time_together(self, commands: Sequence[Sequence[str]]) -> float:
        def work() -> None:
            running = [
                subprocess.Popen([*self._head, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                for words in commands
            ]
            said = [process.communicate()[1] for process in running]
            if any(process.returncode for process in running):
                raise RuntimeError(f"{self.name}: {b''.join(said).decode(errors='replace').strip()}")

        return timed(work)

    def remove(self, containers: Sequence[str]) -> None:
        self.call("rm", "-f", *containers)

    def monitors(self, ids: Collection[str]) -> set[int]:
        return processes(("conmon", "containerd-shim-runc-v2"), ids)

    def sweep(self, token: str) -> None:
        """Remove every container whose name begins with ``token``."""
        left = self.call("ps", "-aq", "--filter", f"name={token}").split()
        if left:
            self.remove(left)


def peers_script() -> Path | None:
    """The script that starts Docker and Podman; None if it is not here."""
    path = Path(os.environ.get("SAMPAN_PEERS", REPOSITORY.parent / "shared/tools/peers.sh"))
    return path if path.exists() else None


class Sampand:
    """A private daemon with temporary roots, and names on the host that begin with its prefix."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sbench-"))
        self.socket = self.root / "s.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            *(sys.executable, "-m", "sampan.daemon.main"),
            *("--data-root", f"{self.root}/data", "--exec-root", f"{self.root}/run"),
            *("--prefix", f"sbench{secrets.token_hex(1)}", "--log-level", "error"),
            *("--host", f"unix://{self.socket}"),
        ]

    def start(self) -> int:
        """Start it; its pid, when it says that it is ready. Raises RuntimeError with its last words."""
        ready, tell = os.pipe()
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, "SAMPAN_READY_FD": str(tell)},
                pass_fds=[tell],
                stdout=log,
                stderr=log,
            )
        os.close(tell)
        answered = os.read(ready, 1)
        os.close(ready)
        if not answered:
            raise RuntimeError(f"sampand did not start: {(self.root / 'log').read_text()[-1000:]}")
        return self._process.pid

    def close(self) -> None:
        """Stop it and remove everything that it made."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            subprocess.run([*self._command, "--teardown"], check=True)
        shutil.rmtree(self.root)


@contextlib.contextmanager
def sampan() -> Iterator[CliSide]:
    """Our engine with a busybox image; nothing is left of it afterwards."""
    with contextlib.closing(Sampand()) as daemon:
        pid = daemon.start()
        http(daemon.socket, "POST", "/images/bootstrap?name=busybox")
        yield CliSide("Sampan", daemon.socket, "busybox", [pid])


@contextlib.contextmanager
def docker(script: Path, token: str) -> Iterator[CliSide]:
    """Docker, started (and stopped) here only if it does not run yet, with the same busybox."""
    running = _answers(PEER_SOCKET)
    if not running:
        subprocess.run([str(script), "docker-start"], check=True, stdout=subprocess.DEVNULL)
    side = CliSide("Docker", PEER_SOCKET, IMAGE, processes(("dockerd", "containerd")))
    try:
        with rootfs() as archive:
            side.call("import", str(archive), IMAGE)
        yield side
    finally:
        side.sweep(token)
        with contextlib.suppress(RuntimeError):  # the import may be what failed
            side.call("rmi", "-f", IMAGE)
        if not running:
            subprocess.run([str(script), "docker-stop"], check=False)


@contextlib.contextmanager
def rootfs() -> Iterator[Path]:
    """A tar of the host's static busybox as a root file system."""
    with tempfile.TemporaryDirectory(prefix="sbench-") as work:
        path = Path(work) / "rootfs.tar"
        with tarfile.open(path, "w") as archive:
            archive.add(_BUSYBOX, "bin/busybox")
            for name in ("sh", "true", "sleep"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
            for name in ("proc", "sys", "dev", "etc", "tmp", "run"):
                directory = tarfile.TarInfo(name)
                directory.type, directory.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(directory)
        yield path


def http(path: Path, method: str, target: str) -> bytes:
    """A request on a unix socket, read to its end. Raises RuntimeError unless the answer is 200."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        head = f"{method} {target} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"{method} {target}: {answer[-300:]!r}")
    return answer


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
