"""The image store: records by id, names that point at them.

Sync; each method is one transaction. Names are canonical references, either
``repository:tag`` or ``repository@digest``.
"""

from __future__ import annotations

import dataclasses
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from sampan.errors import Conflict, InvalidArgument, NotFound
from sampan.images.record import ImageRecord
from sampan.metadata.database import Database
from sampan.oci import digest as digests
from sampan.oci.chain import chain_ids
from sampan.oci.digest import Digest
from sampan.oci.reference import Reference, is_identifier, parse_normalized

_ID_PREFIX = re.compile(r"(?:sha256:)?([a-f0-9]{1,64})")
_NAMES = "SELECT name, image_id, tagged_ns FROM image_names ORDER BY name"
_NAMES_OF = "SELECT name, image_id, tagged_ns FROM image_names WHERE image_id = ? ORDER BY name"
_NAMES_BETWEEN = (
    "SELECT name, image_id, tagged_ns FROM image_names WHERE name >= ? AND name < ? ORDER BY name"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ImageRecord).decode


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageName:
    """A name, the image it points at and when it was set (nanoseconds since 1970)."""

    reference: Reference
    image_id: Digest
    tagged_ns: int


class ImageStore:
    """Names and records of images; see ``resolve`` for the rules of naming."""

    def __init__(self, db: Database, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._db = db
        self._clock = clock

    def put(self, record: ImageRecord, names: Iterable[Reference] = ()) -> None:
        """Store ``record`` and point ``names`` at it, in one transaction.

        Idempotent: an image is its id, so a record already there stays, except that a
        manifest or parent it lacked is filled in.
        """
        with self._db.write() as connection:
            known = self._get(connection, record.id)
            if known is None:
                stored = msgspec.structs.replace(record, created_ns=record.created_ns or self._clock())
            else:
                stored = msgspec.structs.replace(
                    known,
                    manifest=known.manifest or record.manifest,
                    parent=known.parent or record.parent,
                )
            connection.execute(
                "INSERT INTO images (id, manifest, record, created_ns) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest, record = excluded.record",
                (stored.id, stored.manifest, _encode(stored), stored.created_ns),
            )
            if known is None:
                _put_layers(connection, stored)
            for name in names:
                self._set_name(connection, name, stored.id)

    def get(self, image_id: str) -> ImageRecord:
        """The image with exactly this id. Raises NotFound."""
        with self._db.read() as connection:
            record = self._get(connection, image_id)
        if record is None:
            raise no_such_image(image_id)
        return record

    def resolve(self, text: str) -> ImageRecord:
        """The image that ``text`` names, as Docker finds it.

        A full id is that image. Else the name ``text`` (with ``latest`` if it has neither tag
        nor digest; with both, the digest counts) comes before an id that begins with it,
        with or without ``sha256:``.

        Raises:
            InvalidArgument: ``text`` is no reference, or begins the ids of several images.
            NotFound: nothing is called so.
        """
        return self._find(text)[0]

    def resolve_name(self, text: str) -> tuple[ImageRecord, Reference | None]:
        """As ``resolve``, and the stored name by which it was found; None if by id."""
        return self._find(text)

    def repository(self, text: str) -> Reference | None:
        """The repository that ``text`` is the name of; None if it has a tag, a digest or is an id.

        Raises InvalidArgument if it is no reference.
        """
        if is_identifier(text) or _is_digest(text):
            return None
        reference = parse_normalized(text)
        return reference if reference.tag is None and reference.digest is None else None

    def set_name(self, name: Reference, image_id: Digest) -> Digest | None:
        """Point ``name`` at the image; returns the id of the image it pointed at before, if another.

        ``name`` must have a tag or a digest. Raises NotFound if there is no such image.
        """
        with self._db.write() as connection:
            if self._get(connection, image_id) is None:
                raise no_such_image(image_id)
            return self._set_name(connection, name, image_id)

    def remove_name(self, name: Reference) -> Digest:
        """Take the name away; returns the id of the image that had it. Raises NotFound."""
        with self._db.write() as connection:
            row = connection.execute(
                "DELETE FROM image_names WHERE name = ? RETURNING image_id", (name.canonical(),)
            ).fetchone()
        if row is None:
            raise no_such_image(name.familiar())
        return Digest(row[0])

    def names_of(self, image_id: str) -> Sequence[ImageName]:
        """The image's names, sorted."""
        return self._names(_NAMES_OF, (image_id,))

    def names_in(self, repository: Reference) -> Sequence[ImageName]:
        """All names in one repository, whatever they point at, sorted."""
        start = repository.name
        # The range holds "name:tag" and "name@digest" and little else, by ASCII order.
        found = self._names(_NAMES_BETWEEN, (f"{start}:", f"{start}A"))
        return [name for name in found if name.reference.name == start]

    def names(self) -> Sequence[ImageName]:
        """Every name, sorted."""
        return self._names(_NAMES)

    def list(self) -> Sequence[ImageRecord]:
        """Every image, the newest in this store first."""
        with self._db.read() as connection:
            rows = connection.execute("SELECT record FROM images ORDER BY created_ns DESC, id").fetchall()
        return [_decode(row[0]) for row in rows]

    def children_of(self, image_id: str) -> Sequence[Digest]:
        """The ids of images built here upon this one."""
        return [record.id for record in self.list() if record.parent == image_id]

    def layer_uses(self) -> dict[str, int]:
        """How many images use each chain id."""
        with self._db.read() as connection:
            rows = connection.execute("SELECT chain_id, count(*) FROM image_layers GROUP BY chain_id")
            return dict(rows.fetchall())

    def remove(self, image_id: str) -> ImageRecord:
        """Forget the image. Its blobs and snapshots are left to the sweep.

        Raises:
            NotFound: there is none.
            Conflict: names still point at it.
        """
        with self._db.write() as connection:
            record = self._get(connection, image_id)
            if record is None:
                raise no_such_image(image_id)
            named = connection.execute("SELECT 1 FROM image_names WHERE image_id = ?", (image_id,))
            if named.fetchone() is not None:
                raise Conflict(f"image {image_id} still has names", kind="image", ref=image_id)
            connection.execute("DELETE FROM image_layers WHERE image_id = ?", (image_id,))
            connection.execute("DELETE FROM images WHERE id = ?", (image_id,))
        return record

    def _find(self, text: str) -> tuple[ImageRecord, Reference | None]:
        exact = f"{digests.CANONICAL}:{text}" if is_identifier(text) else text
        with self._db.read() as connection:
            if _is_digest(exact):
                record = self._get(connection, exact)
                if record is None:
                    raise no_such_image(text)
                return record, None
            reference = parse_normalized(text)
            name = lookup_name(reference)
            row = connection.execute(
                "SELECT record FROM image_names JOIN images ON id = image_id WHERE name = ?",
                (name.canonical(),),
            ).fetchone()
            if row is not None:
                return _decode(row[0]), name
            record = self._by_prefix(connection, text)
        if record is None:
            raise no_such_image(reference.with_default_tag().familiar())
        return record, None

    def _by_prefix(self, connection: sqlite3.Connection, text: str) -> ImageRecord | None:
        match = _ID_PREFIX.fullmatch(text)
        if match is None:
            return None
        start = f"{digests.CANONICAL}:{match[1]}"
        rows = connection.execute(
            "SELECT record FROM images WHERE id >= ? AND id < ? LIMIT 2", (start, f"{start}g")
        ).fetchall()
        if len(rows) > 1:
            raise InvalidArgument(
                f"ambiguous image id {text}: several images begin with it, give more digits",
                kind="image",
                ref=text,
            )
        return _decode(rows[0][0]) if rows else None

    def _get(self, connection: sqlite3.Connection, image_id: str) -> ImageRecord | None:
        row = connection.execute("SELECT record FROM images WHERE id = ?", (image_id,)).fetchone()
        return None if row is None else _decode(row[0])

    def _set_name(self, connection: sqlite3.Connection, name: Reference, image_id: Digest) -> Digest | None:
        if name.tag is None and name.digest is None:
            raise InvalidArgument("a name needs a tag or a digest", kind="reference", ref=name.familiar())
        key = lookup_name(name).canonical()
        row = connection.execute("SELECT image_id FROM image_names WHERE name = ?", (key,)).fetchone()
        connection.execute(
            "INSERT INTO image_names (name, image_id, tagged_ns) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id, tagged_ns = excluded.tagged_ns",
            (key, image_id, self._clock()),
        )
        return Digest(row[0]) if row is not None and row[0] != image_id else None

    def _names(self, query: str, values: tuple[str, ...] = ()) -> Sequence[ImageName]:
        with self._db.read() as connection:
            rows = connection.execute(query, values).fetchall()
        return [
            ImageName(reference=parse_normalized(name), image_id=Digest(image_id), tagged_ns=tagged_ns)
            for name, image_id, tagged_ns in rows
        ]


def lookup_name(reference: Reference) -> Reference:
    """The name under which a reference is stored: the digest counts before the tag."""
    if reference.digest is not None:
        return reference.with_digest(reference.digest)
    return reference.with_default_tag()


def no_such_image(name: str) -> NotFound:
    """The error for an image that is not here, in Docker's words."""
    return NotFound(f"No such image: {name}", kind="image", ref=name)


def _is_digest(text: str) -> bool:
    try:
        digests.parse(text)
    except InvalidArgument:
        return False
    return True


def _put_layers(connection: sqlite3.Connection, record: ImageRecord) -> None:
    connection.executemany(
        "INSERT INTO image_layers (image_id, position, diff_id, chain_id) VALUES (?, ?, ?, ?)",
        [
            (record.id, position, diff_id, chain)
            for position, (diff_id, chain) in enumerate(
                zip(record.diff_ids, chain_ids(record.diff_ids), strict=True)
            )
        ],
    )
