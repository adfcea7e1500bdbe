"""Networks and endpoints in the database, and in memory for the hot path."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

import msgspec

from sampan.errors import InvalidArgument, NotFound
from sampan.metadata.database import Database
from sampan.network.ipam import Address
from sampan.network.record import EndpointRecord, NetworkRecord

_networks = msgspec.json.Decoder(NetworkRecord)
_endpoints = msgspec.json.Decoder(EndpointRecord)
_encode = msgspec.json.Encoder().encode


class NetworkStore:
    """All networks and endpoints of this daemon; usable from any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.lock = threading.RLock()
        with db.read() as connection:
            networks = connection.execute("SELECT record FROM networks").fetchall()
            endpoints = connection.execute("SELECT record FROM endpoints").fetchall()
        self._networks = {record.id: record for record in (_networks.decode(row[0]) for row in networks)}
        self._by_container: dict[str, list[EndpointRecord]] = {}
        # Taken addresses by network: asked for at every start, so they are not gathered then.
        self._used: dict[str, set[Address]] = {}
        for row in endpoints:
            self._learn(_endpoints.decode(row[0]))

    def _learn(self, record: EndpointRecord) -> None:
        self._by_container.setdefault(record.container_id, []).append(record)
        self._used.setdefault(record.network_id, set()).update(record.addresses)

    def add_network(self, record: NetworkRecord) -> None:
        """Store a network. Raises Conflict if the name is taken."""
        with self.lock, self._db.write() as connection:
            connection.execute(
                "INSERT INTO networks (id, name, record) VALUES (?, ?, ?)",
                (record.id, record.name, _encode(record)),
            )
            self._networks[record.id] = record

    def update_network(self, record: NetworkRecord) -> None:
        """Store a network's new definition."""
        with self.lock, self._db.write() as connection:
            connection.execute("UPDATE networks SET record = ? WHERE id = ?", (_encode(record), record.id))
            self._networks[record.id] = record

    def remove_network(self, network_id: str) -> None:
        """Forget a network. Raises Conflict while it has endpoints."""
        with self.lock, self._db.write() as connection:
            connection.execute("DELETE FROM networks WHERE id = ?", (network_id,))
            del self._networks[network_id]

    def networks(self) -> list[NetworkRecord]:
        """Every network, the oldest first."""
        with self.lock:
            return sorted(self._networks.values(), key=lambda record: record.created_ns)

    def named(self, name: str) -> NetworkRecord | None:
        """The network with exactly that name."""
        with self.lock:
            return next((record for record in self._networks.values() if record.name == name), None)

    def resolve(self, ref: str) -> NetworkRecord:
        """By id, name, or the beginning of an id. Raises NotFound, InvalidArgument (ambiguous)."""
        with self.lock:
            if ref in self._networks:
                return self._networks[ref]
            by_name = self.named(ref)
            if by_name is not None:
                return by_name
            found = [record for id_, record in self._networks.items() if ref and id_.startswith(ref)]
        if len(found) > 1:
            raise InvalidArgument(
                f"network {ref} is ambiguous: several ids begin so", kind="network", ref=ref
            )
        if not found:
            raise NotFound(f"network {ref} not found", kind="network", ref=ref)
        return found[0]

    def add_endpoints(self, records: Sequence[EndpointRecord]) -> None:
        """Store a container's endpoints, all or none: from now on their addresses are taken."""
        with self.lock:
            with self._db.write() as connection:
                connection.executemany(
                    "INSERT INTO endpoints (id, network_id, container_id, record) VALUES (?, ?, ?, ?)",
                    [(one.id, one.network_id, one.container_id, _encode(one)) for one in records],
                )
            for record in records:
                self._learn(record)

    def remove_endpoints(self, container_id: str) -> list[EndpointRecord]:
        """Forget a container's endpoints, free their addresses, and return them; idempotent."""
        with self.lock:
            found = self.endpoints_of(container_id)
            if found:
                with self._db.write() as connection:
                    connection.execute("DELETE FROM endpoints WHERE container_id = ?", (container_id,))
                del self._by_container[container_id]
                for record in found:
                    self._used[record.network_id].difference_update(record.addresses)
            return found

    def used(self, network_id: str) -> Collection[Address]:
        """A network's taken addresses; hold ``lock`` from looking to storing."""
        return self._used.get(network_id, frozenset())

    def endpoints_of(self, container_id: str) -> list[EndpointRecord]:
        """A container's endpoints."""
        with self.lock:
            return list(self._by_container.get(container_id, ()))

    def endpoints_in(self, network_id: str) -> list[EndpointRecord]:
        """A network's endpoints."""
        return [record for record in self.endpoints() if record.network_id == network_id]

    def endpoints(self) -> list[EndpointRecord]:
        """Every endpoint."""
        with self.lock:
            return [record for records in self._by_container.values() for record in records]
