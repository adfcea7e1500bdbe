"""A container's past and present output."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

from sampan.containers.store import ContainerStore
from sampan.engine.containers.live import LiveContainers
from sampan.engine.streams import Frame
from sampan.errors import InvalidArgument, NotImplementedHere
from sampan.logdrivers.file_log import LogQuery, read_log


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogStream:
    """Frames of a log; with ``tty`` they are one raw stream."""

    tty: bool
    frames: AsyncIterator[Frame]


class ContainerLogs:
    """``GET /containers/{id}/logs``."""

    def __init__(self, *, store: ContainerStore, live: LiveContainers) -> None:
        self._store = store
        self._live = live

    async def __call__(self, ref: str, *, query: LogQuery) -> LogStream:
        """The output that ``query`` selects.

        Raises:
            NotFound: an unknown container.
            InvalidArgument: neither stream is asked for.
            NotImplementedHere: the container's log driver keeps nothing.
        """
        if not (query.stdout or query.stderr):
            raise InvalidArgument(
                "Bad parameters: you must choose at least one stream", kind="container", ref=ref
            )
        record = self._store.resolve(ref)
        if not record.log_path:
            raise NotImplementedHere(
                "configured logging driver does not support reading", kind="log", ref=ref
            )
        ended = self._live.of(record.id).ended
        return LogStream(tty=record.config.tty, frames=read_log(Path(record.log_path), query, ended))
