"""A host between two others: what its containers reach, and what passes it by.

The host ``world`` knows no way back to the containers' subnet. The host ``lan`` sends what
it has for ``world`` to ours, which forwarded nothing before the engine came.

Run by the tests in network and mount namespaces of its own, which stand for our host.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from sampan.linux import netns
from sampan.linux.nftables import Nftables
from sampan.metadata.database import Database
from sampan.network.networks import Networks
from sampan.network.settings import NetworkSettings

_PING = ["/bin/busybox", "ping", "-c", "1", "-W", "2"]


def _ip(*words: str, netns_path: Path | None = None) -> None:
    enter = [] if netns_path is None else ["nsenter", f"--net={netns_path}"]
    subprocess.run([*enter, "ip", *words], check=True)


def _outside(path: Path, number: int) -> None:
    """Another host, 10.198.<number>.2, on a cable to ours, 10.198.<number>.1."""
    netns.create(path, lambda: None)
    near, far = f"near{number}", f"far{number}"
    _ip("link", "add", near, "type", "veth", "peer", "name", far)
    _ip("addr", "add", f"10.198.{number}.1/24", "dev", near)
    _ip("link", "set", near, "up")
    fd = os.open(path, os.O_RDONLY)
    subprocess.run(["ip", "link", "set", far, "netns", f"/proc/self/fd/{fd}"], check=True, pass_fds=[fd])
    os.close(fd)
    _ip("addr", "add", f"10.198.{number}.2/24", "dev", far, netns_path=path)
    _ip("link", "set", far, "up", netns_path=path)


def _reaches(path: str | Path | None, address: str) -> bool:
    done = subprocess.run(
        ["nsenter", f"--net={path}", *_PING, address], check=False, stdout=subprocess.DEVNULL
    )
    return done.returncode == 0


async def _main(root: Path) -> dict[str, object]:
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    forward.write_text("0")
    _ip("link", "set", "lo", "up")
    world, lan = root / "world", root / "lan"
    _outside(world, 7)
    _outside(lan, 8)
    _ip("route", "add", "default", "via", "10.198.8.1", netns_path=lan)
    _ip("route", "add", "10.198.8.0/24", "via", "10.198.7.1", netns_path=world)
    db = Database.open(root / "a.db")
    settings = NetworkSettings(prefix="egress", bip="10.199.9.1/24")
    networks = Networks(db=db, exec_root=root, settings=settings)
    await networks.start()
    sandbox = await networks.create_sandbox("1" * 64, mode="bridge", endpoints={}, hostname="h")
    other = await networks.create_sandbox("2" * 64, mode="bridge", endpoints={}, hostname="h")
    neighbour = other.endpoints["bridge"].ip_address
    found: dict[str, object] = {
        "forwarding": forward.read_text().strip(),
        "neighbour": _reaches(sandbox.key_path, neighbour),
        "world": _reaches(sandbox.key_path, "10.198.7.2"),
        "from outside in": _reaches(lan, neighbour),
        "outside to outside": _reaches(lan, "10.198.7.2"),
    }
    # The next daemon finds forwarding on, and still knows who switched it on.
    await Networks(db=db, exec_root=root, settings=settings).start()
    found["outside to outside after a restart"] = _reaches(lan, "10.198.7.2")
    found["world after a restart"] = _reaches(sandbox.key_path, "10.198.7.2")
    await networks.teardown()
    found["tables left"] = Nftables().run("list tables").strip()
    db.close()
    for path in (world, lan):
        netns.remove(path)
    return found


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_main(Path(sys.argv[1])))))
