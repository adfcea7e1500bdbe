"""Images in the Engine API's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from sampan.engine.images.times import rfc3339, seconds
from sampan.images.record import ImageRecord
from sampan.images.store import ImageName
from sampan.models.container import GraphDriver, HealthConfig
from sampan.models.image import (
    HistoryItem,
    ImageInspect,
    ImageMetadata,
    ImageRunConfig,
    ImageSummary,
    RootFS,
)
from sampan.oci.image_config import ExecutionConfig, Healthcheck


def tags(names: Sequence[ImageName]) -> list[str]:
    """The names with tags, as people write them."""
    return [name.reference.familiar() for name in names if name.reference.tag is not None]


def digests(names: Sequence[ImageName]) -> list[str]:
    """The names with digests, as people write them."""
    return [name.reference.familiar() for name in names if name.reference.digest is not None]


def inspection(
    image: ImageRecord, names: Sequence[ImageName], directories: Mapping[str, str]
) -> ImageInspect:
    """Answer to ``GET /images/{name}/json``."""
    config = image.config
    comment = config.comment
    if not comment and config.history:
        comment = config.history[-1].comment
    return ImageInspect(
        id=image.id,
        repo_tags=tags(names),
        repo_digests=digests(names),
        parent=image.parent or "",
        comment=comment,
        created=config.created,
        docker_version=config.docker_version,
        author=config.author,
        config=shown_config(config.config),
        architecture=config.architecture,
        variant=config.variant or UNSET,
        os=config.os or "linux",
        os_version=config.os_version or UNSET,
        size=image.size_bytes,
        graph_driver=GraphDriver(data=dict(directories)),
        root_fs=RootFS(type=config.rootfs.type, layers=list(image.diff_ids) or UNSET),
        metadata=ImageMetadata(last_tag_time=rfc3339(max((name.tagged_ns for name in names), default=0))),
    )


def summary(image: ImageRecord, names: Sequence[ImageName]) -> ImageSummary:
    """A row of ``GET /images/json``, with what is computed on request left at -1."""
    return ImageSummary(
        id=image.id,
        parent_id=image.parent or "",
        repo_tags=tags(names),
        repo_digests=digests(names),
        created=seconds(image.config.created),
        size=image.size_bytes,
        labels=image.config.config.labels,
    )


def history(image: ImageRecord) -> list[HistoryItem]:
    """The image's steps, the newest first, with ids and tags not yet filled in."""
    sizes = iter(image.layer_sizes)
    items = [
        HistoryItem(
            id="<missing>",
            created=seconds(step.created),
            created_by=step.created_by,
            tags=None,
            size=0 if step.empty_layer else next(sizes, 0),
            comment=step.comment,
        )
        for step in image.config.history
    ]
    return items[::-1]


def shown_config(config: ExecutionConfig) -> ImageRunConfig:
    """An image's config as the API shows it."""
    return ImageRunConfig(
        user=config.user,
        exposed_ports=UNSET if config.exposed_ports is None else config.exposed_ports,
        env=config.env,
        cmd=config.cmd,
        healthcheck=UNSET if config.healthcheck is None else _shown_health(config.healthcheck),
        args_escaped=config.args_escaped or UNSET,
        volumes=config.volumes,
        working_dir=config.working_dir,
        entrypoint=config.entrypoint,
        on_build=config.on_build,
        labels=config.labels,
        stop_signal=config.stop_signal or UNSET,
        shell=UNSET if config.shell is None else config.shell,
    )


def _shown_health(check: Healthcheck) -> HealthConfig:
    return HealthConfig(
        test=UNSET if check.test is None else check.test,
        interval=check.interval or UNSET,
        timeout=check.timeout or UNSET,
        start_period=check.start_period or UNSET,
        start_interval=check.start_interval or UNSET,
        retries=check.retries or UNSET,
    )
