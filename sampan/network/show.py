"""Networks as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sampan.models.network import NetworkContainer, NetworkResource
from sampan.network.record import EndpointRecord, NetworkRecord
from sampan.wire.timestamps import rfc3339


def show_network(record: NetworkRecord, endpoints: Iterable[EndpointRecord] = ()) -> NetworkResource:
    """Answer to ``GET /networks/{id}``; a list of networks leaves ``endpoints`` out."""
    return NetworkResource(
        name=record.name,
        id=record.id,
        created=rfc3339(record.created_ns),
        driver=record.driver,
        enable_ipv6=record.enable_ipv6,
        ipam=record.ipam,
        internal=record.internal,
        attachable=record.attachable,
        containers={endpoint.container_id: _container(endpoint) for endpoint in endpoints},
        options=record.options,
        labels=record.labels,
    )


def _container(endpoint: EndpointRecord) -> NetworkContainer:
    settings = endpoint.settings
    return NetworkContainer(
        name=endpoint.hostname,
        endpoint_id=settings.endpoint_id,
        mac_address=settings.mac_address,
        ipv4_address=_with_prefix(settings.ip_address, settings.ip_prefix_len),
        ipv6_address=_with_prefix(settings.global_ipv6_address, settings.global_ipv6_prefix_len),
    )


def _with_prefix(address: str, length: int) -> str:
    return f"{address}/{length}" if address else ""
