"""/etc/hosts of a container. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.errors import InvalidArgument

_LOCAL = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::", "ip6-localnet"),
    ("ff00::", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)


def render_hosts(
    *, names: Sequence[str], addresses: Iterable[str], extra: Iterable[str], gateway: str = ""
) -> str:
    """The file: the local names, ``extra`` (``name:address``), then the container's own.

    The address ``host-gateway`` stands for ``gateway``. Raises InvalidArgument for an extra
    entry without an address.
    """
    rows = [*_LOCAL]
    for entry in extra:
        name, _, address = entry.partition(":")
        if address == "host-gateway":
            address = gateway
        if not name or not address:
            raise InvalidArgument(f"bad format for add-host: {entry!r}", kind="host", ref=entry)
        rows.append((address.strip("[]"), name))
    rows += [(address, " ".join(names)) for address in addresses if address and names]
    return "".join(f"{address}\t{name}\n" for address, name in rows)
