"""Networks and endpoints, as the Engine API shows them."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from sampan.models.base import Model


class PortBinding(Model, frozen=True, kw_only=True):
    """A host address and port; ``host_port`` is a decimal string, a range or empty."""

    host_ip: str = ""
    host_port: str = ""


PortMap: TypeAlias = dict[str, list[PortBinding] | None]
"""Container port (``"80/tcp"``) to the host's bindings; None where exposed only."""


class EndpointIPAMConfig(Model, frozen=True, kw_only=True):
    """Addresses asked for by the user."""

    ipv4_address: str | UnsetType = UNSET
    ipv6_address: str | UnsetType = UNSET
    link_local_ips: list[str] | UnsetType | None = UNSET


class EndpointSettings(Model, frozen=True, kw_only=True):
    """A container's connection to one network: what was asked, and what it got."""

    ipam_config: EndpointIPAMConfig | None = None
    links: list[str] | None = None
    aliases: list[str] | None = None
    mac_address: str = ""
    driver_opts: dict[str, str] | None = None
    gw_priority: int = 0
    network_id: str = ""
    endpoint_id: str = ""
    gateway: str = ""
    ip_address: str = ""
    ip_prefix_len: int = 0
    ipv6_gateway: str = ""
    global_ipv6_address: str = ""
    global_ipv6_prefix_len: int = 0
    dns_names: list[str] | None = None


class IPAMPool(Model, frozen=True, kw_only=True):
    """One subnet of a network."""

    subnet: str | UnsetType = UNSET
    ip_range: str | UnsetType = UNSET
    gateway: str | UnsetType = UNSET
    auxiliary_addresses: dict[str, str] | UnsetType | None = UNSET


class IPAM(Model, frozen=True, kw_only=True):
    """How a network gives addresses."""

    driver: str = "default"
    options: dict[str, str] | None = None
    config: list[IPAMPool] | None = None


class NetworkContainer(Model, frozen=True, kw_only=True):
    """An endpoint as a network lists it; addresses carry their prefix length."""

    name: str = ""
    endpoint_id: str = ""
    mac_address: str = ""
    ipv4_address: str = ""
    ipv6_address: str = ""


class ConfigReference(Model, frozen=True, kw_only=True):
    """The network another takes its configuration from."""

    network: str = ""


class NetworkResource(Model, frozen=True, kw_only=True):
    """Answer to ``GET /networks/{id}``, and a row of ``GET /networks``."""

    name: str
    id: str
    created: str
    scope: str = "local"
    driver: str = "bridge"
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    ipam: IPAM = IPAM()
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    config_from: ConfigReference = ConfigReference()
    config_only: bool = False
    containers: dict[str, NetworkContainer] = {}
    options: dict[str, str] = {}
    labels: dict[str, str] = {}
