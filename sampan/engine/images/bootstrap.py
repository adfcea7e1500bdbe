"""Making a base image without a registry."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from sampan.engine.background import Background
from sampan.engine.images.import_ import ImportImage
from sampan.errors import InternalError, InvalidArgument, SampanError
from sampan.images.record import ImageRecord
from sampan.oci.descriptor import Platform
from sampan.oci.image_config import ExecutionConfig
from sampan.oci.reference import parse_normalized
from sampan.transfer.bootstrap_busybox import busybox_tar
from sampan.transfer.bootstrap_debian import DISTRIBUTIONS, debian_tar, plan_debian
from sampan.wire.jsonmessage import JSONMessage

BUSYBOX = "busybox"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_TITLE = "org.opencontainers.image.title"
_VERSION = "org.opencontainers.image.version"

_Report = Callable[[str], None]


class BootstrapImage:
    """``POST /images/bootstrap``, Sampan's own: a distribution's packages become an image."""

    def __init__(self, *, import_image: ImportImage, background: Background, host: Platform) -> None:
        self._import = import_image
        self._background = background
        self._host = host

    async def __call__(self, name: str, suite: str = "") -> AsyncIterator[JSONMessage]:
        """Awaiting this checks the name; the iterator it gives makes the image, and tells how it goes.

        ``busybox`` is the host's static busybox; ``debian`` and ``ubuntu`` are minimal
        systems of ``suite`` (by default the host's release) from the mirrors of the host's
        apt. Without a suite the image is also tagged ``latest``. The last message's
        ``status`` is the image's id.

        Raises InvalidArgument for an unknown name or malformed suite; iterating raises
        NotFound for a suite the mirror does not have, Unavailable if a program or mirror is
        missing, CommandFailed if making the system failed.
        """
        if name not in (BUSYBOX, *DISTRIBUTIONS):
            known = ", ".join((BUSYBOX, *DISTRIBUTIONS))
            raise InvalidArgument(f"cannot bootstrap {name!r}: known are {known}", kind="image", ref=name)
        if name == BUSYBOX and suite:
            raise InvalidArgument("busybox has no suites", kind="suite", ref=suite)
        return self._run(name, suite)

    async def _run(self, name: str, suite: str) -> AsyncIterator[JSONMessage]:
        """The work is a task of its own, so that its messages come while it waits."""
        messages: asyncio.Queue[JSONMessage | ImageRecord | SampanError | None] = asyncio.Queue()

        def report(text: str) -> None:
            messages.put_nowait(JSONMessage(status=text))

        async def work() -> None:
            try:
                image = await (self._busybox() if name == BUSYBOX else self._debian(name, suite, report))
                messages.put_nowait(image)
            except SampanError as error:
                messages.put_nowait(error)
            finally:
                messages.put_nowait(None)

        task = self._background.watch(work(), name=f"bootstrap {name}")
        try:
            while True:
                match await messages.get():
                    case None:
                        raise InternalError(
                            "making the image failed; the daemon's log says why", kind="image"
                        )
                    case SampanError() as error:
                        raise error
                    case ImageRecord() as image:
                        yield JSONMessage(status=image.id)
                        return
                    case message:
                        yield message
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _busybox(self) -> ImageRecord:
        return await self._import.run(
            busybox_tar(),
            names=[parse_normalized(BUSYBOX).with_default_tag()],
            config=ExecutionConfig(env=[_PATH], cmd=["sh"], labels={_TITLE: BUSYBOX}),
            platform=self._host,
            message="made of the host's busybox",
            created_by="image bootstrap busybox",
        )

    async def _debian(self, name: str, suite: str, report: _Report) -> ImageRecord:
        plan = await plan_debian(name, suite)
        for source in plan.sources:
            report(f"Using {source.uri} {source.suite}")
        reference = parse_normalized(name).with_tag(plan.suite)
        return await self._import.run(
            debian_tar(plan, report),
            names=[reference] if suite else [reference, reference.with_tag("latest")],
            config=ExecutionConfig(env=[_PATH], cmd=["bash"], labels={_TITLE: name, _VERSION: plan.suite}),
            platform=self._host,
            message=f"made of the packages of {name} {plan.suite}",
            created_by=f"image bootstrap {name}:{plan.suite}",
        )
