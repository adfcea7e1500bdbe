"""The engines to measure: ours started here, the others by the peers' script."""

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
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PEER_SOCKET = Path("/run/peers/docker.sock")
_BUSYBOX = Path("/bin/busybox")


class Engine:
    """An engine that the docker CLI can speak to: its name, socket, image and daemons' pids."""

    def __init__(self, name: str, socket_path: Path, image: str, daemons: list[int]) -> None:
        self.name = name
        self.socket = socket_path
        self.image = image
        self.daemons = daemons

    def docker(self, *words: str) -> list[str]:
        """A docker command line for this engine."""
        return ["docker", "-H", f"unix://{self.socket}", *words]


def peers_script() -> Path | None:
    """The script that starts Docker and Podman; None if it is not here."""
    path = Path(os.environ.get("SAMPAN_PEERS", REPOSITORY.parent / "shared/tools/peers.sh"))
    return path if path.exists() else None


def start_sampand(root: Path, prefix: str) -> subprocess.Popen[bytes]:
    """A private daemon that answers when this returns."""
    ready, tell = os.pipe()
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sampan.daemon.main", *_settings(root, prefix)],
            env={**os.environ, "SAMPAN_READY_FD": str(tell)},
            pass_fds=[tell],
            stdout=log,
            stderr=log,
        )
    os.close(tell)
    answered = os.read(ready, 1)
    os.close(ready)
    if not answered:
        raise RuntimeError(f"sampand did not start: {(root / 'log').read_text()[-1000:]}")
    return process


def _settings(root: Path, prefix: str) -> list[str]:
    words = ["--data-root", f"{root}/data", "--exec-root", f"{root}/run", "--prefix", prefix]
    return [*words, "--log-level", "error", "--host", f"unix://{root}/s.sock"]


@contextlib.contextmanager
def sampan() -> Iterator[Engine]:
    """Our engine with a busybox image; nothing is left of it afterwards."""
    root = Path(tempfile.mkdtemp(prefix="sbench-"))
    prefix = f"sb{secrets.token_hex(2)}"
    process = start_sampand(root, prefix)
    try:
        engine = Engine("Sampan", root / "s.sock", "busybox", [process.pid])
        _post(engine.socket, "/images/bootstrap?name=busybox")
        yield engine
    finally:
        process.terminate()
        process.wait()
        teardown = [sys.executable, "-m", "sampan.daemon.main", *_settings(root, prefix), "--teardown"]
        subprocess.run(teardown, check=True)
        shutil.rmtree(root)


@contextlib.contextmanager
def docker(script: Path) -> Iterator[Engine]:
    """Docker, started if it does not run yet, with the same busybox."""
    running = _answers(PEER_SOCKET)
    if not running:
        subprocess.run([str(script), "docker-start"], check=True, stdout=subprocess.DEVNULL)
    image = "sampan-bench/busybox:latest"
    engine = Engine("Docker", PEER_SOCKET, image, _pids("dockerd", "containerd"))
    try:
        with rootfs() as archive:
            subprocess.run(
                engine.docker("import", str(archive), image), check=True, stdout=subprocess.DEVNULL
            )
        yield engine
    finally:
        subprocess.run(engine.docker("rmi", "-f", image), check=False, capture_output=True)
        if not running:
            subprocess.run([str(script), "docker-stop"], check=False)


@contextlib.contextmanager
def rootfs() -> Iterator[Path]:
    """A tar of the host's static busybox as a root file system."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "rootfs.tar"
        with tarfile.open(path, "w") as archive:
            archive.add(_BUSYBOX, "bin/busybox")
            for name in ("sh", "true", "sleep", "echo"):
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
            for name in ("proc", "sys", "dev", "etc", "tmp", "run"):
                directory = tarfile.TarInfo(name)
                directory.type, directory.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(directory)
        yield path


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _post(path: Path, target: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        head = f"POST {target} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if b" 200 " not in answer[:20]:
        raise RuntimeError(f"POST {target}: {answer[-300:]!r}")


def _pids(*names: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "comm").read_text().strip() in names:
                found.append(int(entry.name))
    return found
