"""The values that settings hold beyond text and numbers."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress

from sampan.errors import InvalidArgument


class Source(enum.StrEnum):
    """Where a setting's value came from."""

    DEFAULT = "default"
    FILE = "file"
    FLAG = "flag"


@dataclasses.dataclass(frozen=True)
class AddressPool:
    """A block that networks' subnets of prefix length ``size`` are cut from."""

    base: str
    size: int


@dataclasses.dataclass(frozen=True)
class RuntimeProgram:
    """An OCI runtime: its program (a path, or a name looked up on PATH) and arguments before the command."""

    path: str
    arguments: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class DefaultUlimit:
    """A resource limit of containers that set none; -1 is unlimited."""

    name: str
    soft: int
    hard: int


@dataclasses.dataclass(frozen=True)
class Listener:
    """Where the API listens: ``scheme`` is unix, tcp or fd; ``address`` a path, a host, or a name or nothing."""

    scheme: str
    address: str
    port: int = 0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.scheme != "tcp":
            return True
        if self.address == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return False


_TCP_PORT = 2375


def parse_listener(text: str) -> Listener:
    """``unix:///path``, ``tcp://host:port`` or ``fd://[name]``. Raises InvalidArgument, quoting the text."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "unix" and rest.startswith("/") and "\0" not in rest:
        return Listener("unix", rest)
    if separator and scheme == "fd" and "/" not in rest:
        return Listener("fd", rest)
    if separator and scheme == "tcp":
        return _parse_tcp(text, rest.removesuffix("/"))
    raise _bad_listener(text, "expected unix:///path, tcp://host:port or fd://")


def _parse_tcp(text: str, rest: str) -> Listener:
    if rest.startswith("["):
        host, bracket, tail = rest[1:].partition("]")
        port_text = tail.removeprefix(":")
        if not bracket or (tail and not tail.startswith(":")):
            raise _bad_listener(text, "expected tcp://[address]:port")
    else:
        host, _, port_text = rest.partition(":")
    if "/" in rest or "@" in rest:
        raise _bad_listener(text, "expected tcp://host:port")
    if not port_text:
        return Listener("tcp", host, _TCP_PORT)
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65536):
        raise _bad_listener(text, f"{port_text} is no port")
    return Listener("tcp", host, int(port_text))


def _bad_listener(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f"unable to parse the address {text!r}: {reason}", kind="setting", ref="hosts")
