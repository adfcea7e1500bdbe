"""Networks as the API lists and shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec.structs import replace

from sampan.containers.record import ContainerRecord
from sampan.models.network import NetworkResource
from sampan.wire.filters import Filters

_FILTERS = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
_BUILT_IN = frozenset({"bridge", "host", "none"})


class Networks(Protocol):
    """The networks, to look at."""

    async def inspect(self, ref: str) -> NetworkResource:
        """One network. Raises NotFound, InvalidArgument."""

    async def list(self) -> list[NetworkResource]:
        """Every network."""


class InspectNetwork:
    """``GET /networks/{id}``."""

    def __init__(self, *, networks: Networks, containers: Iterable[ContainerRecord]) -> None:
        self._networks = networks
        self._containers = containers

    async def __call__(self, ref: str) -> NetworkResource:
        """One network with its containers by their present names. Raises NotFound, InvalidArgument (ambiguous)."""
        found = await self._networks.inspect(ref)
        names = {record.id: record.name for record in self._containers if record.id in found.containers}
        shown = {
            container_id: replace(endpoint, name=names.get(container_id, endpoint.name))
            for container_id, endpoint in found.containers.items()
        }
        return replace(found, containers=shown)


class ListNetworks:
    """``GET /networks``."""

    def __init__(self, *, networks: Networks) -> None:
        self._networks = networks

    async def __call__(self, *, filters: Filters) -> list[NetworkResource]:
        """The networks that match. Raises InvalidArgument for an unknown filter."""
        filters.require(_FILTERS)
        return [found for found in await self._networks.list() if _matches(found, filters)]


def _matches(network: NetworkResource, filters: Filters) -> bool:
    names, ids = filters.get("name"), filters.get("id")
    kinds = filters.get("type")
    kind = "builtin" if network.name in _BUILT_IN else "custom"
    return (
        (not names or any(name in network.name for name in names))
        and (not ids or any(network.id.startswith(id_) for id_ in ids))
        and _one_of(filters.get("driver"), network.driver)
        and _one_of(filters.get("scope"), network.scope)
        and _one_of(kinds, kind)
        and filters.match_labels(network.labels)
    )


def _one_of(values: frozenset[str], value: str) -> bool:
    return not values or value in values
