"""Image configs: what an image is and how it runs (OCI image spec, "Image Configuration").

The stored blob is the bytes as they came: their digest is the image's id. These structs
are what Sampan reads from them; fields they do not name stay in the blob.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TypeGuard

import msgspec
from msgspec import UNSET, UnsetType, field

from sampan.errors import InvalidArgument
from sampan.oci.descriptor import Platform
from sampan.oci.digest import Digest, parse


class _Pascal(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Base of the objects whose fields are spelt as in Go."""


class Healthcheck(_Pascal, frozen=True, kw_only=True):
    """How to learn whether a container works; durations in nanoseconds (Docker's extension)."""

    test: list[str] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ExecutionConfig(_Pascal, frozen=True, kw_only=True):
    """Defaults for a container run from the image; None is what the blob does not say."""

    user: str = ""
    exposed_ports: dict[str, dict[str, str]] | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    volumes: dict[str, dict[str, str]] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    args_escaped: bool = False
    network_disabled: bool = False
    healthcheck: Healthcheck | None = None
    on_build: list[str] | None = None
    shell: list[str] | None = None


class RootFs(msgspec.Struct, frozen=True, kw_only=True):
    """The layers' DiffIDs, lowest first."""

    type: str = "layers"
    diff_ids: list[Digest] = field(default_factory=list)


class History(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one layer, or one change without a layer, was made."""

    created: str | None = None
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An image for one platform; ``created`` is RFC 3339 as the blob has it."""

    created: str | None = None
    author: str = ""
    architecture: str = ""
    variant: str = ""
    os: str = ""
    os_version: str = field(default="", name="os.version")
    os_features: list[str] = field(default_factory=list, name="os.features")
    config: ExecutionConfig = ExecutionConfig()
    rootfs: RootFs = field(default_factory=RootFs)
    history: list[History] = field(default_factory=list)
    # Docker's own, beside the spec's.
    comment: str = ""
    docker_version: str = ""
    parent: str = ""
    container: str | UnsetType = UNSET


def parse_image_config(data: bytes) -> ImageConfig:
    """``data`` as an image config.

    As in Go, ``null`` is the same as absent, and a command given as one string is a list
    of it. Raises InvalidArgument if a field has the wrong type, a DiffID is malformed, the
    history names more layers than there are, or a time is not RFC 3339.
    """
    try:
        value: object = msgspec.json.decode(data)
        config = msgspec.convert(_as_go(value), type=ImageConfig)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid image config: {error}", kind="image") from error
    if config.rootfs.type != "layers":
        raise InvalidArgument(f"invalid image config: rootfs of type {config.rootfs.type!r}", kind="image")
    for diff_id in config.rootfs.diff_ids:
        parse(diff_id)
    if sum(not step.empty_layer for step in config.history) > len(config.rootfs.diff_ids):
        raise InvalidArgument("invalid image config: more history than layers", kind="image")
    _check_times(time for time in (config.created, *(step.created for step in config.history)))
    return config


def encode_image_config(config: ImageConfig) -> bytes:
    """The bytes of a config made here; the same value gives the same bytes."""
    return msgspec.json.encode(config)


def platform_of(config: ImageConfig) -> Platform:
    """What the image runs on; an image that does not say is for linux."""
    return Platform(
        os=config.os or "linux",
        architecture=config.architecture,
        variant=config.variant,
        os_version=config.os_version,
        os_features=config.os_features,
    )


def _check_times(times: Iterable[str | None]) -> None:
    for time in times:
        if time is None:
            continue
        try:
            moment = msgspec.convert(time, type=datetime.datetime)
        except msgspec.ValidationError as error:
            raise InvalidArgument(f"invalid image config: time {time!r}", kind="image") from error
        if moment.tzinfo is None:
            raise InvalidArgument(f"invalid image config: time {time!r} without a zone", kind="image")


def _as_go(value: object) -> object:
    """The decoded JSON with Go's leniency made explicit."""
    top = _without_nulls(value)
    if not _is_object(top):
        return top
    execution = _without_nulls(top.get("config", {}))
    if _is_object(execution):
        for name in ("Cmd", "Entrypoint", "Shell", "OnBuild"):
            if isinstance(execution.get(name), str):
                execution[name] = [execution[name]]
        if "Healthcheck" in execution:
            execution["Healthcheck"] = _without_nulls(execution["Healthcheck"])
        for name in ("ExposedPorts", "Volumes"):
            entries = execution.get(name)
            if _is_object(entries):
                execution[name] = {key: {} if entry is None else entry for key, entry in entries.items()}
    top["config"] = execution
    if "rootfs" in top:
        top["rootfs"] = _without_nulls(top["rootfs"])
    history = top.get("history")
    if isinstance(history, list):
        top["history"] = [_without_nulls(step) for step in history]
    return top


def _without_nulls(value: object) -> object:
    if not _is_object(value):
        return value
    return {key: item for key, item in value.items() if item is not None}


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
