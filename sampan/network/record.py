"""What is stored of networks and endpoints, and the sandboxes made from them."""

from __future__ import annotations

import dataclasses
import ipaddress

import msgspec

from sampan.models.network import IPAM, EndpointSettings
from sampan.network.ipam import Address


class NetworkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A network's definition. ``driver`` is bridge, host or null; ``bridge`` its interface, if any.

    ``owns_bridge``: the bridge was made for the network and goes with it.
    """

    id: str
    name: str
    created_ns: int
    driver: str
    bridge: str = ""
    owns_bridge: bool = True
    ipam: IPAM = IPAM()
    internal: bool = False
    attachable: bool = False
    enable_ipv6: bool = False
    options: dict[str, str] = {}
    labels: dict[str, str] = {}


class EndpointRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A container's connection to a network; ``link`` is the host's end of its pair, if it has one."""

    id: str
    network_id: str
    container_id: str
    settings: EndpointSettings
    hostname: str = ""
    link: str = ""

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that are taken by it."""
        texts = (self.settings.ip_address, self.settings.global_ipv6_address)
        return tuple(ipaddress.ip_address(text) for text in texts if text)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A container's network namespace. ``key_path`` is the file to join it by; None is the host's."""

    id: str
    key_path: str | None
    endpoints: dict[str, EndpointSettings]
