"""Where the daemon is: addresses, and connections to them."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping

from sampan.errors import InvalidArgument, NotImplementedHere, Unavailable

DEFAULT_HOST = "unix:///run/sampan/sampan.sock"
_TCP_PORT = 2375


def choose_host(flag: str, env: Mapping[str, str]) -> str:
    """The daemon's address: the flag, ``SAMPAN_HOST``, ``DOCKER_HOST``, or the default socket."""
    return flag or env.get("SAMPAN_HOST", "") or env.get("DOCKER_HOST", "") or DEFAULT_HOST


def connect(host: str) -> socket.socket:
    """A connection to the daemon.

    Raises:
        InvalidArgument: the address is malformed.
        NotImplementedHere: its scheme is known and not offered.
        Unavailable: nobody answers there.
    """
    scheme, found, rest = host.partition("://")
    if not found:
        raise InvalidArgument(
            f"unable to parse docker host `{host}`: use unix:///path or tcp://host:port",
            kind="host",
            ref=host,
        )
    try:
        match scheme:
            case "unix":
                return _connect_unix(rest)
            case "tcp" | "http":
                address, port = _split(rest.partition("/")[0])
                return socket.create_connection((address, port))
    except OSError as error:
        raise Unavailable(
            f"Cannot connect to the daemon at {host}. Is sampand running? ({error.strerror or error})",
            kind="host",
            ref=host,
        ) from error
    if scheme in ("ssh", "npipe", "https"):
        raise NotImplementedHere(
            f"{scheme}:// is not offered yet: use unix:// or tcp://", kind="host", ref=host
        )
    raise InvalidArgument(f"unknown scheme in {host}: use unix:// or tcp://", kind="host", ref=host)


def _connect_unix(path: str) -> socket.socket:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise NotImplementedHere(f"{sys.platform} has no unix sockets: use tcp://", kind="host", ref=path)
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _split(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    if not port.isdigit() or not address:
        return text.strip("[]") or "localhost", _TCP_PORT
    return address.strip("[]"), int(port)


def is_default(flag: str, env: Mapping[str, str] = os.environ) -> bool:
    """Whether nobody chose an address."""
    return not (flag or env.get("SAMPAN_HOST") or env.get("DOCKER_HOST"))
