"""rtnetlink, as much of it as container networks need: links, addresses, routes.

Written by hand because it stands on the path of every container start: a general library
costs the daemon 10 MB and each request its object model. Message and attribute layouts are
those of rtnetlink(7) and linux/if_link.h.
"""

from __future__ import annotations

import dataclasses
import errno
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from sampan.errors import Conflict, InternalError, NotFound, Unavailable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_LINK = struct.Struct("=BxHiII")
_ADDR = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ERROR = struct.Struct("=i")

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST, _ACK, _DUMP, _EXCL, _CREATE, _DUMP_INTR = 0x1, 0x4, 0x300, 0x200, 0x400, 0x10
_DUMP_TRIES = 10
_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK = 16, 17, 18
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER = 1, 3, 4, 10
_IFLA_LINKINFO, _IFLA_NET_NS_FD = 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_RTA_DST, _RTA_OIF, _RTA_GATEWAY = 1, 4, 5
_NESTED = 0x8000
_IFF_UP = 1
_RT_TABLE_MAIN, _RTPROT_BOOT, _RT_SCOPE_UNIVERSE, _RTN_UNICAST = 254, 3, 0, 1
_IFNAMSIZ = 16
_BUFFER = 1 << 16


@dataclasses.dataclass(frozen=True)
class Link:
    """A network interface; ``master`` is the index of the bridge it belongs to, 0 for none."""

    index: int
    name: str
    mac: str
    mtu: int
    master: int
    up: bool


@dataclasses.dataclass(frozen=True)
class Message:
    """One request: its type, extra flags and body; ``what`` names it in errors."""

    kind: int
    flags: int
    body: bytes
    what: str


class _Answer(NamedTuple):
    kind: int
    flags: int
    sequence: int
    body: bytes


def attribute(kind: int, value: bytes) -> bytes:
    """A netlink attribute, padded to four bytes."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _name(value: str) -> bytes:
    encoded = value.encode()
    if not 0 < len(encoded) < _IFNAMSIZ:
        raise InternalError(f"{value!r} is no interface name: it needs 1 to 15 bytes", kind="link", ref=value)
    return attribute(_IFLA_IFNAME, encoded + b"\0")


def _mac(value: str) -> bytes:
    return attribute(_IFLA_ADDRESS, bytes.fromhex(value.replace(":", "")))


def add_bridge(name: str, *, mac: str, mtu: int) -> Message:
    """A new bridge that is up."""
    info = attribute(_INFO_KIND, b"bridge")
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, _IFF_UP, _IFF_UP)
    body += _name(name) + _mac(mac) + _number(_IFLA_MTU, mtu) + attribute(_IFLA_LINKINFO | _NESTED, info)
    return Message(_RTM_NEWLINK, _CREATE | _EXCL, body, f"add bridge {name}")


def add_veth(name: str, *, master: int, mtu: int, peer: str, peer_mac: str, peer_netns: int) -> Message:
    """A pair of interfaces: ``name`` here, up and in bridge ``master``, ``peer`` in the other namespace."""
    far = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    far += _name(peer) + _mac(peer_mac) + _number(_IFLA_MTU, mtu) + _number(_IFLA_NET_NS_FD, peer_netns)
    data = attribute(_VETH_PEER | _NESTED, far)
    info = attribute(_INFO_KIND, b"veth") + attribute(_INFO_DATA | _NESTED, data)
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, _IFF_UP, _IFF_UP)
    body += _name(name) + _number(_IFLA_MTU, mtu) + _number(_IFLA_MASTER, master)
    body += attribute(_IFLA_LINKINFO | _NESTED, info)
    return Message(_RTM_NEWLINK, _CREATE | _EXCL, body, f"add interface {name}")


def set_up(index: int) -> Message:
    """Bring an interface up."""
    return Message(
        _RTM_NEWLINK,
        0,
        _LINK.pack(socket.AF_UNSPEC, 0, index, _IFF_UP, _IFF_UP),
        f"bring up interface {index}",
    )


def delete_link(index: int) -> Message:
    """Delete an interface; for a pair, both ends."""
    return Message(_RTM_DELLINK, 0, _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0), f"delete interface {index}")


def add_address(index: int, interface: Interface) -> Message:
    """Give an interface an address with its prefix length."""
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    body = _ADDR.pack(family, interface.network.prefixlen, 0, 0, index)
    packed = interface.ip.packed
    body += attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
    if interface.version == 4 and interface.network.prefixlen < 31:
        body += attribute(_IFA_BROADCAST, interface.network.broadcast_address.packed)
    return Message(_RTM_NEWADDR, _CREATE | _EXCL, body, f"add address {interface}")


def add_default_route(index: int, gateway: Address) -> Message:
    """Send everything that has no better route to ``gateway``."""
    family = socket.AF_INET if gateway.version == 4 else socket.AF_INET6
    body = _ROUTE.pack(family, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_BOOT, _RT_SCOPE_UNIVERSE, _RTN_UNICAST, 0)
    body += attribute(_RTA_GATEWAY, gateway.packed) + _number(_RTA_OIF, index)
    return Message(_RTM_NEWROUTE, _CREATE | _EXCL, body, f"add the default route through {gateway}")


class Netlink:
    """A connection to the kernel in the network namespace of the thread that opens it; ``with`` it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def request(self, messages: Sequence[Message]) -> None:
        """Carry out ``messages`` in order; the kernel goes on after one that fails.

        Raises, for the first that failed: Conflict (it exists), NotFound (no such thing),
        Unavailable (the kernel cannot), InternalError.
        """
        first = self._sequence + 1
        packets = [self._packet(message, message.flags | _ACK) for message in messages]
        self._socket.send(b"".join(packets))
        failed: InternalError | Conflict | NotFound | Unavailable | None = None
        answered = 0
        while answered < len(messages):
            for kind, _, sequence, body in self._receive():
                if kind != _NLMSG_ERROR:
                    continue
                answered += 1
                (number,) = _ERROR.unpack_from(body)
                if number != 0 and failed is None:
                    failed = _failure(messages[sequence - first].what, -number)
        if failed is not None:
            raise failed

    def links(self) -> list[Link]:
        """Every interface of the namespace."""
        body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        found = []
        for answer in self._dump(Message(_RTM_GETLINK, _DUMP, body, "list interfaces")):
            _, _, index, flags, _ = _LINK.unpack_from(answer)
            values = dict(_attributes(answer[_LINK.size :]))
            found.append(
                Link(
                    index=index,
                    name=values[_IFLA_IFNAME].rstrip(b"\0").decode(errors="replace"),
                    mac=values.get(_IFLA_ADDRESS, b"").hex(":"),
                    mtu=_int(values.get(_IFLA_MTU)),
                    master=_int(values.get(_IFLA_MASTER)),
                    up=bool(flags & _IFF_UP),
                )
            )
        return found

    def index_of(self, name: str) -> int:
        """The index of the interface called ``name``. Raises NotFound."""
        body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + _name(name)
        message = Message(_RTM_GETLINK, 0, body, f"find interface {name}")
        self._socket.send(self._packet(message, 0))
        for kind, _, _, answer in self._receive():
            if kind == _NLMSG_ERROR:
                (number,) = _ERROR.unpack_from(answer)
                raise _failure(message.what, -number)
            index: int = _LINK.unpack_from(answer)[2]
            return index
        raise InternalError(f"cannot {message.what}: no answer", kind="link", ref=name)

    def addresses(self, index: int) -> list[Interface]:
        """The addresses of an interface."""
        body = _ADDR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        found: list[Interface] = []
        for answer in self._dump(Message(_RTM_GETADDR, _DUMP, body, "list addresses")):
            _, prefix, _, _, owner = _ADDR.unpack_from(answer)
            values = dict(_attributes(answer[_ADDR.size :]))
            packed = values.get(_IFA_LOCAL, values.get(_IFA_ADDRESS, b""))
            if owner == index and packed:
                found.append(ipaddress.ip_interface((packed, prefix)))
        return found

    def route_targets(self) -> list[IPNetwork]:
        """The networks that the main table has routes to, the default route left out."""
        body = _ROUTE.pack(socket.AF_UNSPEC, 0, 0, 0, 0, 0, 0, 0, 0)
        found: list[IPNetwork] = []
        for answer in self._dump(Message(_RTM_GETROUTE, _DUMP, body, "list routes")):
            fields = _ROUTE.unpack_from(answer)
            values = dict(_attributes(answer[_ROUTE.size :]))
            if fields[4] == _RT_TABLE_MAIN and _RTA_DST in values and fields[1] > 0:
                found.append(ipaddress.ip_network((values[_RTA_DST], fields[1]), strict=False))
        return found

    def _dump(self, message: Message) -> list[bytes]:
        """All answers; asked again while the kernel says that things changed as it listed them."""
        for _ in range(_DUMP_TRIES):
            found, interrupted = self._dump_once(message)
            if not interrupted:
                break
        return found

    def _dump_once(self, message: Message) -> tuple[list[bytes], bool]:
        self._socket.send(self._packet(message, message.flags))
        found: list[bytes] = []
        interrupted = False
        while True:
            for kind, flags, _, body in self._receive():
                interrupted = interrupted or bool(flags & _DUMP_INTR)
                if kind == _NLMSG_DONE:
                    return found, interrupted
                if kind == _NLMSG_ERROR:
                    (number,) = _ERROR.unpack_from(body)
                    raise _failure(message.what, -number)
                found.append(body)

    def _packet(self, message: Message, flags: int) -> bytes:
        self._sequence += 1
        length = _HEADER.size + len(message.body)
        header = _HEADER.pack(length, message.kind, flags | _REQUEST, self._sequence, 0)
        return header + message.body

    def _receive(self) -> Iterator[_Answer]:
        data = self._socket.recv(_BUFFER)
        position = 0
        while position + _HEADER.size <= len(data):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(data, position)
            yield _Answer(kind, flags, sequence, data[position + _HEADER.size : position + length])
            position += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, position)
        if length < _ATTRIBUTE.size:
            return
        yield kind & ~_NESTED, data[position + _ATTRIBUTE.size : position + length]
        position += (length + 3) & ~3


def _int(value: bytes | None) -> int:
    return int.from_bytes(value, sys.byteorder) if value else 0


def _failure(what: str, number: int) -> InternalError | Conflict | NotFound | Unavailable:
    text = f"cannot {what}: {os.strerror(number)}"
    if number in (errno.EEXIST, errno.EBUSY, errno.EADDRINUSE):
        return Conflict(text, kind="link")
    if number in (errno.ENODEV, errno.ESRCH, errno.ENXIO):
        return NotFound(text, kind="link")
    if number in (errno.EOPNOTSUPP, errno.EPERM, errno.ENOSYS):
        return Unavailable(text, kind="link")
    return InternalError(text, kind="link")
