"""Listing containers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from sampan.containers.record import ContainerRecord
from sampan.containers.store import ContainerStore
from sampan.engine.containers.ports import Images, Sizes
from sampan.engine.containers.show import summary
from sampan.errors import InvalidArgument, NotFound
from sampan.linux.offload import offload
from sampan.models.container import ContainerSummary
from sampan.wire.filters import Filters

_FILTERS = frozenset(
    {
        "ancestor",
        "before",
        "exited",
        "expose",
        "health",
        "id",
        "is-task",
        "label",
        "name",
        "network",
        "publish",
        "since",
        "status",
        "volume",
    }
)
_STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")
_Test = Callable[[ContainerRecord], bool]


class ListContainers:
    """``GET /containers/json``."""

    def __init__(self, *, store: ContainerStore, images: Images, sizes: Sizes) -> None:
        self._store = store
        self._images = images
        self._sizes = sizes

    async def __call__(
        self, *, all: bool = False, limit: int = 0, size: bool = False, filters: Filters
    ) -> list[ContainerSummary]:
        """Containers, the newest first; only running ones unless ``all``, ``limit`` or a status filter says more.

        Raises InvalidArgument for an unknown filter or value, NotFound for an unknown
        container in ``before`` or ``since``.
        """
        filters.require(_FILTERS)
        tests = self._tests(filters)
        widened = all or limit > 0 or bool(filters.get("status")) or bool(filters.get("exited"))
        records = sorted(self._store, key=lambda record: record.created_ns, reverse=True)
        chosen = [
            record for record in records if (widened or record.phase.is_running) and _passes(record, tests)
        ]
        if limit > 0:
            chosen = chosen[:limit]
        now_ns = time.time_ns()
        rows: list[ContainerSummary] = []
        for record in chosen:
            size_rw = size_root = None
            if size:
                size_rw, size_root = await offload(self._sizes, record.id, record.image_id)
            shown = self._images.shown_name(record.config.image, record.image_id)
            rows.append(summary(record, now_ns=now_ns, image=shown, size_rw=size_rw, size_root=size_root))
        return rows

    def _tests(self, filters: Filters) -> list[_Test]:
        tests: list[_Test] = []
        for name, make in _SIMPLE.items():
            values = filters.get(name)
            if values:
                tests.append(make(values))
        if filters.get("label"):
            tests.append(lambda record: filters.match_labels(record.config.labels or {}))
        for name in ("before", "since"):
            for value in filters.get(name):
                edge = self._store.resolve(value).created_ns
                tests.append(_older(edge) if name == "before" else _newer(edge))
        ancestors = filters.get("ancestor")
        if ancestors:
            ids = {image_id for name in ancestors for image_id in self._descendants(name)}
            tests.append(lambda record: record.image_id in ids or record.config.image in ancestors)
        return tests

    def _descendants(self, name: str) -> set[str]:
        try:
            return self._images.descended_from(name)
        except NotFound:
            return set()


def _passes(record: ContainerRecord, tests: list[_Test]) -> bool:
    return all(test(record) for test in tests)


def _older(edge_ns: int) -> _Test:
    return lambda record: record.created_ns < edge_ns


def _newer(edge_ns: int) -> _Test:
    return lambda record: record.created_ns > edge_ns


def _by_status(values: frozenset[str]) -> _Test:
    for value in values:
        if value not in _STATES:
            raise InvalidArgument(f"invalid filter 'status={value}'", kind="filter", ref=value)
    return lambda record: record.phase.shown in values


def _by_exit(values: frozenset[str]) -> _Test:
    try:
        codes = {int(value) for value in values}
    except ValueError as error:
        raise InvalidArgument(f"invalid filter 'exited={sorted(values)}'", kind="filter") from error
    return lambda record: (
        record.phase.value == "exited" and record.finished_ns > 0 and record.exit_code in codes
    )


def _by_id(values: frozenset[str]) -> _Test:
    return lambda record: any(record.id.startswith(value) for value in values)


def _by_name(values: frozenset[str]) -> _Test:
    try:
        patterns = [re.compile(value) for value in values]
    except re.error as error:
        raise InvalidArgument(f"invalid filter 'name': {error}", kind="filter", ref="name") from error
    return lambda record: any(
        pattern.search(f"/{record.name}") or pattern.search(record.name) for pattern in patterns
    )


def _by_network(values: frozenset[str]) -> _Test:
    def test(record: ContainerRecord) -> bool:
        for name, endpoint in {**record.network.requested, **record.network.endpoints}.items():
            if name in values or any(value and endpoint.network_id.startswith(value) for value in values):
                return True
        return record.host_config.network_mode in values

    return test


def _by_volume(values: frozenset[str]) -> _Test:
    def test(record: ContainerRecord) -> bool:
        return any(
            value in (mount.name, mount.source, mount.destination)
            for mount in record.mounts
            for value in values
        )

    return test


def _by_health(values: frozenset[str]) -> _Test:
    allowed = {"starting", "healthy", "unhealthy", "none"}
    for value in values - allowed:
        raise InvalidArgument(f"invalid filter 'health={value}'", kind="filter", ref=value)
    return lambda _record: "none" in values


def _by_expose(values: frozenset[str]) -> _Test:
    wanted = {value if "/" in value else f"{value}/tcp" for value in values}

    def test(record: ContainerRecord) -> bool:
        ports = record.config.exposed_ports
        return isinstance(ports, dict) and not wanted.isdisjoint(ports)

    return test


def _by_publish(values: frozenset[str]) -> _Test:
    wanted = {value if "/" in value else f"{value}/tcp" for value in values}
    return lambda record: not wanted.isdisjoint(record.host_config.port_bindings or {})


def _by_task(values: frozenset[str]) -> _Test:
    return lambda _record: "true" not in values


_SIMPLE: dict[str, Callable[[frozenset[str]], _Test]] = {
    "status": _by_status,
    "exited": _by_exit,
    "id": _by_id,
    "name": _by_name,
    "network": _by_network,
    "volume": _by_volume,
    "health": _by_health,
    "expose": _by_expose,
    "publish": _by_publish,
    "is-task": _by_task,
}
