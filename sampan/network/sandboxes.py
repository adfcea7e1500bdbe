"""Sandboxes: a network namespace per container, kept by a file. Blocking."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sampan.errors import NotFound
from sampan.linux import netlink, netns
from sampan.linux.mounts import mounted_under
from sampan.linux.netlink import Netlink
from sampan.network.bridge import INSIDE_NAME, Wire, configure_inside, loopback_up


class Sandboxes:
    """The namespaces under one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, container_id: str) -> Path:
        """The file that keeps a container's namespace."""
        return self._directory / container_id

    def create(self, container_id: str, wire: Wire | None) -> Path:
        """A fresh namespace with loopback, and ``wire`` if there is one. All or nothing."""
        path = self.path(container_id)
        if path.exists():
            # Left over from a start that was cut short.
            netns.remove(path)
        if wire is None:
            netns.create(path, loopback_up)
            return path
        # Made by a socket of the host's namespace, opened before the thread leaves it.
        with Netlink() as host:
            bridge = socket.if_nametoindex(wire.bridge)
            netns.create(path, lambda: self._connect(host, bridge, wire))
        return path

    @staticmethod
    def _connect(host: Netlink, bridge: int, wire: Wire) -> None:
        fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            host.request(
                [
                    netlink.add_veth(
                        wire.link,
                        master=bridge,
                        mtu=wire.mtu,
                        peer=INSIDE_NAME,
                        peer_mac=wire.mac,
                        peer_netns=fd,
                    )
                ]
            )
        finally:
            os.close(fd)
        loopback_up()
        configure_inside(wire)

    def remove(self, container_id: str) -> None:
        """Give up the namespace; it and its interfaces end with its last process. Idempotent."""
        netns.remove(self.path(container_id))

    def require(self, container_id: str) -> Path:
        """The file of a container's namespace. Raises NotFound if it has none now."""
        path = self.path(container_id)
        if not path.exists():
            raise NotFound(
                f"container {container_id} has no network to join: it does not run",
                kind="sandbox",
                ref=container_id,
            )
        return path

    def known(self) -> set[str]:
        """The containers for which a file or a mount is there."""
        names = {entry.name for entry in self._directory.iterdir()}
        return names | {Path(point).name for point in mounted_under(str(self._directory))}
