"""Sandboxes: a network namespace per container, kept by a file. Blocking."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from sampan.errors import InvalidArgument, NotFound, Unavailable
from sampan.linux import fault, netlink, netns
from sampan.linux.mounts import mounted_under
from sampan.linux.netlink import Message, Netlink
from sampan.network.wiring import AddAddress, AddDefaultRoute, AddPair, BringUp, Operation, WriteSysctl

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)


class Sandboxes:
    """The namespaces under one directory; a container that joined another's has a file of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        counts = Counter(_namespaces(directory))
        self._shared = {namespace for namespace, count in counts.items() if count > 1}

    def path(self, container_id: str) -> Path:
        """The file that keeps a container's namespace. Raises InvalidArgument for what is no name of a file."""
        if not _NAME.fullmatch(container_id):
            raise InvalidArgument(f"{container_id!r} is no container id", kind="container", ref=container_id)
        return self._directory / container_id

    def create(self, container_id: str, steps: Sequence[Operation]) -> Path:
        """A fresh namespace in which ``steps`` are done: all or nothing. A leftover is replaced.

        Raises Unavailable if a bridge is gone, InternalError if the kernel refuses.
        """
        path = self.path(container_id)
        if path.exists():
            # Left over from a start that was cut short.
            self.remove(container_id)
        pairs = [(step, _bridge_index(step.master)) for step in steps if isinstance(step, AddPair)]
        others = [step for step in steps if not isinstance(step, AddPair)]

        def inside() -> None:
            fault.point("network.namespace")
            if pairs:
                _add_pairs(host, pairs)
                fault.point("network.paired")
            _configure(others)

        # Pairs are made by a socket of the host's namespace, opened before the thread leaves it.
        with Netlink() as host:
            netns.create(path, inside)
        return path

    def join(self, container_id: str, owner: str) -> Path:
        """Another file for ``owner``'s namespace. Raises NotFound if ``owner`` has none now."""
        path, source = self.path(container_id), self.path(owner)
        self.remove(container_id)
        try:
            netns.keep(source, path)
        except FileNotFoundError as error:
            raise NotFound(
                f"container {owner} has no network to join: it does not run", kind="sandbox", ref=owner
            ) from error
        with self._lock:
            self._shared.add(_identity(path))
        return path

    def remove(self, container_id: str) -> bool:
        """Give up the file; the namespace and its interfaces end with the last process in it. Idempotent.

        True if other containers may have joined it, so that its interfaces can outlive it.
        """
        path = self.path(container_id)
        try:
            namespace = _identity(path)
        except FileNotFoundError:
            return False
        netns.remove(path)
        with self._lock:
            if namespace not in self._shared:
                return False
            # The kernel uses the numbers of namespaces that ended again.
            self._shared &= set(_namespaces(self._directory))
            return True

    def known(self) -> set[str]:
        """The containers for which a file or a mount is there."""
        names = {entry.name for entry in self._directory.iterdir()}
        return names | {Path(point).name for point in mounted_under(str(self._directory))}


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _namespaces(directory: Path) -> Iterator[tuple[int, int]]:
    for entry in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield _identity(entry)


def _add_pairs(host: Netlink, pairs: Sequence[tuple[AddPair, int]]) -> None:
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        host.request(
            [
                netlink.add_veth(
                    pair.link,
                    master=bridge,
                    mtu=pair.mtu,
                    peer=pair.inside,
                    peer_mac=pair.mac,
                    peer_netns=here,
                )
                for pair, bridge in pairs
            ]
        )
    finally:
        os.close(here)


def _bridge_index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise Unavailable(
            f"bridge {name} is gone: restart the daemon, which makes it anew", kind="bridge", ref=name
        ) from error


def _configure(steps: Sequence[Operation]) -> None:
    """In the sandbox's namespace: sysctls at once, all the rest in one batch."""
    messages: list[Message] = []
    for step in steps:
        match step:
            case WriteSysctl(path, value):
                with contextlib.suppress(FileNotFoundError):
                    Path("/proc/sys", path).write_text(value)
            case AddAddress(name, address):
                messages.append(netlink.add_address(socket.if_nametoindex(name), address))
            case BringUp(name):
                messages.append(netlink.set_up(socket.if_nametoindex(name)))
            case AddDefaultRoute(name, gateway):
                messages.append(netlink.add_default_route(socket.if_nametoindex(name), gateway))
    with Netlink() as link:
        link.request(messages)
