"""Sockets that the daemon listens on: unix, tcp, and those passed in by systemd."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import socket
import stat
from pathlib import Path

from sampan.errors import InvalidArgument, Unavailable
from sampan.log import get_logger

log = get_logger(__name__)

_BACKLOG = 1024
# sd_listen_fds(3): the first descriptor that systemd passes.
_FIRST_PASSED = 3


def listen(host: str, *, group: str | None) -> list[socket.socket]:
    """The sockets for one ``--host``: ``unix://PATH``, ``tcp://ADDRESS:PORT`` or ``fd://``.

    Raises:
        InvalidArgument: another form of address.
        Unavailable: the address is taken, or cannot be bound.
    """
    scheme, found, rest = host.partition("://")
    if not found:
        raise InvalidArgument(
            f"host {host!r} has no scheme: use unix://, tcp:// or fd://", kind="host", ref=host
        )
    match scheme:
        case "unix":
            return [_unix(Path(rest), group)]
        case "tcp":
            return [_tcp(rest, host)]
        case "fd":
            return _passed(host)
    raise InvalidArgument(
        f"host {host!r} has an unknown scheme: use unix://, tcp:// or fd://", kind="host", ref=host
    )


def _unix(path: Path, group: str | None) -> socket.socket:
    """A unix socket for root and ``group``; a dead one in its place is removed, a live one is not."""
    if not path.is_absolute():
        raise InvalidArgument(f"unix://{path} is not an absolute path", kind="host", ref=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    # Bound under a mask, so that there is no moment at which everyone may connect.
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"cannot listen on unix://{path}: {error.strerror}", kind="host", ref=str(path)
        ) from error
    finally:
        os.umask(mask)
    _give_to_group(path, group)
    listener.listen(_BACKLOG)
    return listener


def _remove_dead(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise Unavailable(
            f"{path} exists and is no socket: remove it, or choose another", kind="host", ref=str(path)
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno != errno.ECONNREFUSED:
                raise Unavailable(
                    f"cannot tell whether {path} is in use: {error.strerror}", kind="host"
                ) from error
        else:
            raise Unavailable(f"another daemon listens on unix://{path}", kind="host", ref=str(path))
    path.unlink()


def _give_to_group(path: Path, group: str | None) -> None:
    """The socket is the keys to the machine: only root, and the named group, may use it."""
    gid = 0
    if group:
        try:
            gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
        except KeyError:
            log.warning("no such group, the socket is for root alone", group=group, socket=path)
    os.chown(path, 0, gid)
    os.chmod(path, 0o660)


def _tcp(rest: str, host: str) -> socket.socket:
    address, _, port_text = rest.rpartition(":")
    address = address.strip("[]") or "127.0.0.1"
    if not port_text.isdigit():
        raise InvalidArgument(f"host {host!r} needs a port: tcp://ADDRESS:PORT", kind="host", ref=host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, int(port_text)))
    except (OSError, OverflowError) as error:
        listener.close()
        raise Unavailable(f"cannot listen on {host}: {error}", kind="host", ref=host) from error
    listener.listen(_BACKLOG)
    return listener


def _passed(host: str) -> list[socket.socket]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        raise Unavailable(
            f"{host} needs sockets passed by systemd, and there are none: start sampand from a socket unit",
            kind="host",
            ref=host,
        )
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=_FIRST_PASSED + number) for number in range(count)]


def close(listeners: list[socket.socket]) -> None:
    """Close the sockets and remove unix sockets' files; idempotent."""
    for listener in listeners:
        with contextlib.suppress(OSError):
            name = listener.getsockname()
            if listener.family == socket.AF_UNIX and isinstance(name, str) and name:
                Path(name).unlink(missing_ok=True)
        listener.close()
