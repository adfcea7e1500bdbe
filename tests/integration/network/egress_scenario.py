"""A container reaches its neighbour, and a host beyond ours that knows no way back to its subnet.

Run by the tests in network and mount namespaces of its own, which stand for our host.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sampan.linux import netns
from sampan.metadata.database import Database
from sampan.network.networks import Networks
from sampan.network.settings import NetworkSettings

_PING = ["/bin/busybox", "ping", "-c", "1", "-W", "2"]


def _ip(*words: str, netns_path: Path | None = None) -> None:
    enter = [] if netns_path is None else ["nsenter", f"--net={netns_path}"]
    subprocess.run([*enter, "ip", *words], check=True)


def _outside(root: Path) -> None:
    """Another host, 10.198.7.2, on a cable to ours, 10.198.7.1."""
    path = root / "outside"
    netns.create(path, lambda: None)
    _ip("link", "add", "near0", "type", "veth", "peer", "name", "far0")
    _ip("addr", "add", "10.198.7.1/24", "dev", "near0")
    _ip("link", "set", "near0", "up")
    fd = os.open(path, os.O_RDONLY)
    subprocess.run(["ip", "link", "set", "far0", "netns", f"/proc/self/fd/{fd}"], check=True, pass_fds=[fd])
    os.close(fd)
    _ip("addr", "add", "10.198.7.2/24", "dev", "far0", netns_path=path)
    _ip("link", "set", "far0", "up", netns_path=path)


async def _main(root: Path) -> list[str]:
    _ip("link", "set", "lo", "up")
    _outside(root)
    db = Database.open(root / "a.db")
    networks = Networks(db=db, exec_root=root, settings=NetworkSettings(prefix="egress", bip="10.199.9.1/24"))
    await networks.start()
    sandbox = await networks.create_sandbox("1" * 64, mode="bridge", endpoints={}, hostname="h")
    other = await networks.create_sandbox("2" * 64, mode="bridge", endpoints={}, hostname="h")
    targets = {"neighbour": other.endpoints["bridge"].ip_address, "world": "10.198.7.2"}
    heard = []
    for name, address in targets.items():
        done = subprocess.run(["nsenter", f"--net={sandbox.key_path}", *_PING, address], check=False)
        heard.append(f"{name} {'answered' if done.returncode == 0 else 'is silent'}")
    await networks.teardown()
    db.close()
    netns.remove(root / "outside")
    return heard


if __name__ == "__main__":
    sys.stdout.write("\n".join(asyncio.run(_main(Path(sys.argv[1])))) + "\n")
