"""Networks without addresses: ``host``, the host's own namespace, and ``none``, loopback alone."""

from __future__ import annotations

import dataclasses

from sampan.models.network import EndpointSettings
from sampan.network.drivers.driver import EndpointPlan, EndpointRequest
from sampan.network.firewall import BridgeNetwork
from sampan.network.record import NetworkRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlainDriver:
    """Both drivers: they differ in having a namespace or not."""

    has_namespace: bool

    def ensure(self, record: NetworkRecord) -> None:
        """Nothing is needed."""

    def remove(self, record: NetworkRecord) -> None:
        """Nothing was made."""

    def rules(self, record: NetworkRecord) -> BridgeNetwork | None:
        """The filter does not see these networks."""
        return None

    def plan_endpoint(self, record: NetworkRecord, request: EndpointRequest) -> EndpointPlan:
        """An endpoint by name only."""
        settings = EndpointSettings(
            aliases=request.asked.aliases, network_id=record.id, endpoint_id=request.endpoint_id
        )
        return EndpointPlan(settings=settings)
