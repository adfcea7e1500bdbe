"""The schema, as the ordered steps that lead to it.

A database's version is the number of steps it has taken (``PRAGMA user_version``). A
released step is never changed; a new need is a new step.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE blobs (
        digest TEXT PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        created_ns INTEGER NOT NULL,
        media_type TEXT
    ) WITHOUT ROWID;
    CREATE TABLE snapshots (
        key TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
        parent TEXT REFERENCES snapshots (key),
        created_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX snapshots_parent ON snapshots (parent);
    CREATE TABLE images (
        id TEXT PRIMARY KEY,
        manifest TEXT,
        record BLOB NOT NULL,
        created_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE image_names (
        name TEXT PRIMARY KEY,
        image_id TEXT NOT NULL REFERENCES images (id),
        tagged_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX image_names_image ON image_names (image_id);
    CREATE TABLE image_layers (
        image_id TEXT NOT NULL REFERENCES images (id),
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL,
        chain_id TEXT NOT NULL,
        PRIMARY KEY (image_id, position)
    ) WITHOUT ROWID;
    CREATE INDEX image_layers_chain ON image_layers (chain_id);
    CREATE TABLE layers (
        diff_id TEXT PRIMARY KEY,
        blob TEXT,
        media_type TEXT NOT NULL,
        size_bytes INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE containers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE networks (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE endpoints (
        id TEXT PRIMARY KEY,
        network_id TEXT NOT NULL REFERENCES networks (id),
        container_id TEXT NOT NULL,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX endpoints_container ON endpoints (container_id);
    CREATE INDEX endpoints_network ON endpoints (network_id);
    CREATE TABLE kv (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) WITHOUT ROWID;
    """,
)
