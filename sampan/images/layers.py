"""What is known of single layers, whichever images use them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from sampan.metadata.database import Database
from sampan.oci.digest import Digest

# Active snapshots with such keys are unpackings; one that no hold has is a leftover of a crash.
UNPACK_PREFIX = "unpack-"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer that has been unpacked here.

    ``size_bytes`` is the sum of its files' contents; ``blob`` is a tar of it, compressed or
    not as ``media_type`` says, or None while there is only the snapshot.
    """

    diff_id: Digest
    size_bytes: int
    media_type: str
    blob: Digest | None = None


class LayerStore:
    """Layers by DiffID; sync."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, layer: Layer) -> None:
        """Remember the layer; the last call for a DiffID counts."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO layers (diff_id, blob, media_type, size_bytes) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (diff_id) DO UPDATE SET blob = excluded.blob,"
                " media_type = excluded.media_type, size_bytes = excluded.size_bytes",
                (layer.diff_id, layer.blob, layer.media_type, layer.size_bytes),
            )

    def find(self, diff_id: Digest) -> Layer | None:
        """The layer with this DiffID, if it is known."""
        with self._db.read() as connection:
            row = connection.execute(
                "SELECT blob, media_type, size_bytes FROM layers WHERE diff_id = ?", (diff_id,)
            ).fetchone()
        if row is None:
            return None
        return Layer(
            diff_id=diff_id,
            blob=None if row[0] is None else Digest(row[0]),
            media_type=row[1],
            size_bytes=row[2],
        )

    def diff_ids(self) -> list[Digest]:
        """Every known layer's DiffID."""
        with self._db.read() as connection:
            return [Digest(row[0]) for row in connection.execute("SELECT diff_id FROM layers").fetchall()]

    def forget(self, diff_ids: Iterable[Digest]) -> None:
        """Drop what is known of these layers; unknown ones are ignored."""
        with self._db.write() as connection:
            connection.executemany(
                "DELETE FROM layers WHERE diff_id = ?", [(diff_id,) for diff_id in diff_ids]
            )
