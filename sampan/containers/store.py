"""Containers by id, by name and by the beginning of an id; every change is durable."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sampan.containers.record import ContainerRecord
from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.metadata.database import Database

_decoder = msgspec.json.Decoder(ContainerRecord)
_encoder = msgspec.json.Encoder()
_HEX = frozenset("0123456789abcdef")
_FULL_ID = 64


class ContainerStore:
    """All containers of this daemon.

    Records live in memory, each change is written to the database in the same call. Call
    it from the event loop's thread: a look-up and the change that depends on it are then
    one step.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._records: dict[str, ContainerRecord] = {}
        self._names: dict[str, str] = {}
        with db.read() as connection:
            rows = connection.execute("SELECT record FROM containers").fetchall()
        for (blob,) in rows:
            self._remember(_decoder.decode(blob))

    def add(self, record: ContainerRecord) -> None:
        """Store a new container. Raises Conflict, as Docker words it, if the name is taken."""
        self.require_free(record.name)
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO containers (id, name, record) VALUES (?, ?, ?)",
                (record.id, record.name, _encoder.encode(record)),
            )
        self._remember(record)

    def require_free(self, name: str) -> None:
        """Raise Conflict if a container has that name."""
        holder = self._names.get(name)
        if holder is not None:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
                kind="container",
                ref=name,
            )

    def update(self, record: ContainerRecord) -> ContainerRecord:
        """Store the new state of a known container and return it. Raises NotFound, Conflict (name)."""
        known = self._records.get(record.id)
        if known is None:
            raise no_such_container(record.id)
        if record.name != known.name:
            self.require_free(record.name)
        with self._db.write() as connection:
            connection.execute(
                "UPDATE containers SET name = ?, record = ? WHERE id = ?",
                (record.name, _encoder.encode(record), record.id),
            )
        if record.name != known.name:
            del self._names[known.name]
        self._remember(record)
        return record

    def remove(self, container_id: str) -> None:
        """Forget a container; idempotent."""
        record = self._records.pop(container_id, None)
        if record is None:
            return
        del self._names[record.name]
        with self._db.write() as connection:
            connection.execute("DELETE FROM containers WHERE id = ?", (container_id,))

    def get(self, container_id: str) -> ContainerRecord:
        """The container with exactly that id. Raises NotFound."""
        record = self._records.get(container_id)
        if record is None:
            raise no_such_container(container_id)
        return record

    def find(self, container_id: str) -> ContainerRecord | None:
        """The container with exactly that id, or None."""
        return self._records.get(container_id)

    def resolve(self, ref: str) -> ContainerRecord:
        """The container that a person means: a full id, a name, or the beginning of an id.

        Raises:
            NotFound: there is none.
            InvalidArgument: several ids begin so.
        """
        record = self._records.get(ref)
        if record is not None:
            return record
        by_name = self._names.get(ref.removeprefix("/"))
        if by_name is not None:
            return self._records[by_name]
        if ref and len(ref) < _FULL_ID and _HEX.issuperset(ref):
            found = [known for known in self._records if known.startswith(ref)]
            if len(found) > 1:
                raise InvalidArgument(
                    f"multiple IDs found with provided prefix: {ref}; give more of its characters",
                    kind="container",
                    ref=ref,
                )
            if found:
                return self._records[found[0]]
        raise no_such_container(ref)

    def __iter__(self) -> Iterator[ContainerRecord]:
        return iter(tuple(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)

    def name_taken(self, name: str) -> bool:
        """Whether a container has that name."""
        return name in self._names

    def _remember(self, record: ContainerRecord) -> None:
        self._records[record.id] = record
        self._names[record.name] = record.id


def no_such_container(ref: str) -> NotFound:
    """The error for an unknown container."""
    return NotFound(f"No such container: {ref}", kind="container", ref=ref)
