"""The seam between networks and the ways there are to make one."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Collection
from typing import Protocol

from sampan.errors import InvalidArgument
from sampan.models.network import EndpointSettings
from sampan.network.firewall import BridgeNetwork
from sampan.network.ipam import Address
from sampan.network.record import NetworkRecord
from sampan.network.wiring import Wire


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndpointRequest:
    """What a driver plans an endpoint from.

    ``asked`` is the user's wish, ``used`` the network's addresses that are taken, ``last``
    the ones given last, by IP version; ``inside`` is the interface's name in the sandbox.
    ``random_mac`` is for a network whose endpoints have no IPv4 address.
    """

    endpoint_id: str
    asked: EndpointSettings
    used: Collection[Address] = frozenset()
    last: dict[int, Address] = dataclasses.field(default_factory=dict)
    inside: str = "eth0"
    random_mac: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndpointPlan:
    """An endpoint as the API shows it, its addresses, and its interface, if it has one."""

    settings: EndpointSettings
    addresses: tuple[Address, ...] = ()
    wire: Wire | None = None


class Driver(Protocol):
    """One way to make a network. ``plan_endpoint`` and ``rules`` are pure, the others block."""

    @property
    def has_namespace(self) -> bool:
        """Whether its containers have a network namespace of their own."""

    def ensure(self, record: NetworkRecord) -> None:
        """Make what the network needs on the host; what is there stays. Idempotent."""

    def remove(self, record: NetworkRecord) -> None:
        """Take that away. Idempotent."""

    def rules(self, record: NetworkRecord) -> BridgeNetwork | None:
        """What the packet filter has to know of the network."""

    def plan_endpoint(self, record: NetworkRecord, request: EndpointRequest) -> EndpointPlan:
        """A new endpoint. Raises InvalidArgument, Conflict (address taken), Unavailable (none left)."""


def parse_mac(text: str) -> str:
    """A unicast MAC address in lower case with colons. Raises InvalidArgument, naming it."""
    parts = text.replace("-", ":").lower().split(":")
    if len(parts) != 6 or not all(len(part) == 2 and _is_hex(part) for part in parts):
        raise InvalidArgument(f"{text} is not a valid mac address", kind="endpoint", ref=text)
    if int(parts[0], 16) & 1 or set(parts) == {"00"}:
        raise InvalidArgument(f"{text} is no address of a single interface", kind="endpoint", ref=text)
    return ":".join(parts)


def _is_hex(text: str) -> bool:
    return all(char in "0123456789abcdef" for char in text)


def derived_mac(address: ipaddress.IPv4Address) -> str:
    """The locally administered MAC address that belongs to ``address``.

    Who gets an address that another container had gets its MAC too, so no neighbour's
    cache points to the one that is gone.
    """
    return (b"\x02\x42" + address.packed).hex(":")


def random_mac(raw: bytes) -> str:
    """A locally administered unicast MAC address made of six random bytes."""
    return bytes([(raw[0] & 0xFC) | 0x02, *raw[1:6]]).hex(":")
