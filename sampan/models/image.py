"""Images, as the Engine API shows them. Sizes are bytes."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from sampan.models.base import Model
from sampan.models.container import GraphDriver, HealthConfig


class RootFS(Model, frozen=True, kw_only=True):
    """An image's layers as DiffIDs, lowest first."""

    type: str = "layers"
    layers: list[str] | UnsetType | None = UNSET


class ImageRunConfig(Model, frozen=True, kw_only=True):
    """What containers made from an image begin with (the API's ImageConfig)."""

    user: str = ""
    exposed_ports: dict[str, dict[str, str]] | UnsetType = UNSET
    env: list[str] | None = None
    cmd: list[str] | None = None
    healthcheck: HealthConfig | UnsetType = UNSET
    args_escaped: bool | UnsetType = UNSET
    volumes: dict[str, dict[str, str]] | None = None
    working_dir: str = ""
    entrypoint: list[str] | None = None
    on_build: list[str] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | UnsetType = UNSET
    shell: list[str] | UnsetType = UNSET


class ImageMetadata(Model, frozen=True, kw_only=True):
    """What is known of an image on this host alone."""

    last_tag_time: str = "0001-01-01T00:00:00Z"


class ImageInspect(Model, frozen=True, kw_only=True):
    """Answer to ``GET /images/{name}/json``."""

    id: str
    repo_tags: list[str]
    repo_digests: list[str]
    parent: str = ""
    comment: str = ""
    created: str | None
    docker_version: str = ""
    author: str = ""
    config: ImageRunConfig
    architecture: str
    variant: str | UnsetType = UNSET
    os: str
    os_version: str | UnsetType = UNSET
    size: int
    graph_driver: GraphDriver
    root_fs: RootFS
    metadata: ImageMetadata


class ImageSummary(Model, frozen=True, kw_only=True):
    """A row of ``GET /images/json``; ``created`` is Unix seconds; -1 is "not computed"."""

    id: str
    parent_id: str = ""
    repo_tags: list[str]
    repo_digests: list[str]
    created: int
    size: int
    shared_size: int = -1
    labels: dict[str, str] | None = None
    containers: int = -1


class HistoryItem(Model, frozen=True, kw_only=True):
    """A row of ``GET /images/{name}/history``."""

    id: str
    created: int
    created_by: str
    tags: list[str] | None
    size: int
    comment: str


class ImageDeleteItem(Model, frozen=True, kw_only=True):
    """One effect of an image's removal: a tag taken away, or an image deleted."""

    untagged: str | UnsetType = UNSET
    deleted: str | UnsetType = UNSET


class ImagePruneReport(Model, frozen=True, kw_only=True):
    """Answer to ``POST /images/prune``."""

    images_deleted: list[ImageDeleteItem] | None
    space_reclaimed: int


class IDResponse(Model, frozen=True, kw_only=True):
    """An answer that is only an id."""

    id: str = field(name="Id")
