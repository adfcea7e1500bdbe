"""A container's config completed from its image's, as Docker does it."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import normpath

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from sampan.bundle.environment import name_of
from sampan.models.container import ContainerConfig, HealthConfig, argv
from sampan.oci.image_config import ExecutionConfig, Healthcheck


def merge_config(config: ContainerConfig, image: ExecutionConfig) -> ContainerConfig:
    """``config`` with the image's values where it says nothing.

    An entrypoint of the container's own drops the image's command; the entrypoint ``[""]``
    drops the image's entrypoint and command alike. Of maps and of the environment, the
    container's entries win by key.
    """
    entrypoint, cmd = _command(config, image)
    return replace(
        config,
        user=config.user or image.user,
        env=_environment(config.env or (), image.env or ()),
        entrypoint=entrypoint,
        cmd=cmd,
        working_dir=_directory(config.working_dir or image.working_dir),
        labels={**(image.labels or {}), **(config.labels or {})},
        exposed_ports=_union(image.exposed_ports, config.exposed_ports),
        volumes={**(image.volumes or {}), **(config.volumes or {})} or None,
        stop_signal=_first(config.stop_signal, image.stop_signal),
        stop_timeout=image.stop_timeout
        if config.stop_timeout in (UNSET, None) and image.stop_timeout is not None
        else config.stop_timeout,
        shell=image.shell if config.shell in (UNSET, None) and image.shell else config.shell,
        healthcheck=_health(config.healthcheck, image.healthcheck),
        # A build's instructions for images built upon this one: nothing a container does.
        on_build=None,
    )


def _command(
    config: ContainerConfig, image: ExecutionConfig
) -> tuple[list[str] | str | None, list[str] | str | None]:
    entrypoint = argv(config.entrypoint)
    if entrypoint == [""]:
        return None, config.cmd
    if entrypoint:
        return config.entrypoint, config.cmd
    cmd = config.cmd if argv(config.cmd) else image.cmd
    return image.entrypoint, cmd


def _environment(own: Sequence[str], image: Sequence[str]) -> list[str]:
    """The container's entries first, then those of the image that it does not name."""
    named = {name_of(text) for text in own}
    return [*own, *(text for text in image if name_of(text) not in named)]


def _directory(path: str) -> str:
    """A cleaned absolute path; a relative one is left as it is, for validation to refuse."""
    if not path or not path.startswith("/"):
        return path
    return normpath("/" + path.lstrip("/"))


def _union(
    image: dict[str, dict[str, str]] | None,
    own: dict[str, dict[str, str]] | UnsetType | None,
) -> dict[str, dict[str, str]] | UnsetType | None:
    """Ports by their full name: ``80`` is ``80/tcp``."""
    given = {} if own is None or isinstance(own, UnsetType) else own
    found = {
        (port if "/" in port else f"{port}/tcp"): options
        for port, options in [*(image or {}).items(), *given.items()]
    }
    return found or own


def _first(own: str | UnsetType | None, image: str) -> str | UnsetType | None:
    return own if own or not image else image


def _health(
    own: HealthConfig | UnsetType | None, image: Healthcheck | None
) -> HealthConfig | UnsetType | None:
    """The image's check, with the container's values in place of those it sets."""
    if image is None:
        return own
    given = HealthConfig() if own is None or isinstance(own, UnsetType) else own
    return HealthConfig(
        test=given.test or (image.test if image.test else UNSET),
        interval=given.interval or image.interval or UNSET,
        timeout=given.timeout or image.timeout or UNSET,
        start_period=given.start_period or image.start_period or UNSET,
        start_interval=given.start_interval or image.start_interval or UNSET,
        retries=given.retries or image.retries or UNSET,
    )
