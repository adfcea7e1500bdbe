"""Defining a container."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable

from sampan.bundle.merge import merge_config
from sampan.containers.naming import generate
from sampan.containers.record import ContainerRecord, Network
from sampan.containers.store import ContainerStore
from sampan.engine.containers.announce import announce
from sampan.engine.containers.defaults import HostDefaults, requested_networks
from sampan.engine.containers.ports import Images, Snapshots
from sampan.engine.containers.resources import Resources
from sampan.errors import InvalidArgument, NotFound
from sampan.events.bus import EventBus
from sampan.images.record import ImageRecord
from sampan.linux import fault
from sampan.linux.offload import offload
from sampan.models.container import (
    ContainerConfig,
    CreateRequest,
    CreateResponse,
    HostConfig,
    argv,
    config_of,
)
from sampan.wire.names import require_container_name


class CreateContainer:
    """``POST /containers/create``."""

    def __init__(
        self,
        *,
        store: ContainerStore,
        images: Images,
        snapshots: Snapshots,
        resources: Resources,
        events: EventBus,
        defaults: HostDefaults,
        new_id: Callable[[], str],
        randomness: random.Random,
    ) -> None:
        self._store = store
        self._images = images
        self._snapshots = snapshots
        self._resources = resources
        self._events = events
        self._defaults = defaults
        self._new_id = new_id
        self._random = randomness

    async def __call__(
        self, *, name: str | None, request: CreateRequest, platform: str | None = None
    ) -> CreateResponse:
        """Define a container; nothing runs yet, and nothing is left behind by an error.

        Raises:
            InvalidArgument: a bad name, or a config that cannot be run.
            NotFound: the image, or the image for that platform, is not here.
            Conflict: the name is taken.
        """
        given = require_container_name(name) if name else ""
        if given:
            self._store.require_free(given)
        if not request.image:
            raise InvalidArgument(
                "config cannot be empty: name an image in the field Image", kind="container"
            )
        image = self._images.resolve(request.image)
        _require_platform(image, request.image, platform)
        config = merge_config(config_of(request), image.config.config)
        command = [*argv(config.entrypoint), *argv(config.cmd)]
        if not command or command == [""]:
            raise InvalidArgument("no command specified", kind="container")
        host_config, warnings = self._defaults.complete(config, request.host_config or HostConfig())
        record = self._define(given, image, config, host_config, command, request)
        with contextlib.ExitStack() as undo:
            try:
                await offload(self._prepare, record, image, undo)
            except NotFound as error:
                # Removed since it was resolved.
                raise NotFound(f"No such image: {request.image}", kind="image", ref=request.image) from error
            fault.point("create.prepared")
            self._store.add(record)
            undo.pop_all()
        fault.point("create.stored")
        announce(self._events, record, "create")
        return CreateResponse(id=record.id, warnings=warnings)

    def _define(
        self,
        given: str,
        image: ImageRecord,
        config: ContainerConfig,
        host_config: HostConfig,
        command: list[str],
        request: CreateRequest,
    ) -> ContainerRecord:
        container_id = self._new_id()
        directory = self._resources.directory(container_id)
        logged = host_config.log_config.type != "none"
        return ContainerRecord(
            id=container_id,
            name=given or generate(self._random, self._store.name_taken),
            created_ns=time.time_ns(),
            image_id=image.id,
            image_name=request.image,
            config=self._defaults.with_hostname(config, host_config, container_id),
            host_config=host_config,
            argv=command,
            mounts=self._defaults.mount_points(host_config),
            network=Network(requested=requested_networks(host_config, request.networking_config)),
            log_path=str(directory / f"{container_id}.log") if logged else "",
        )

    def _prepare(self, record: ContainerRecord, image: ImageRecord, undo: contextlib.ExitStack) -> None:
        """The container's directory and root snapshot; blocking."""
        self._resources.make_directory(record.id)
        undo.callback(self._resources.delete_directory, record.id)
        self._snapshots.prepare(record.id, image.chain_id or None)
        undo.callback(self._snapshots.remove, record.id)


def _require_platform(image: ImageRecord, name: str, platform: str | None) -> None:
    if not platform:
        return
    os_, _, rest = platform.lower().partition("/")
    architecture = rest.partition("/")[0]
    wrong_os = os_ not in ("", image.config.os)
    if wrong_os or (architecture and architecture != image.config.architecture):
        raise NotFound(
            f"image with reference {name} was found but its platform "
            f"({image.config.os}/{image.config.architecture}) does not match the specified platform ({platform})",
            kind="image",
            ref=name,
        )
