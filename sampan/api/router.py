"""From a method and path to the route that answers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import unquote

from aiohttp.web_response import StreamResponse

from sampan.api.call import Call
from sampan.errors import InvalidArgument, NotFound
from sampan.version import API_VERSION, MIN_API_VERSION

Handler = Callable[[Call], Awaitable[StreamResponse]]
_VERSIONED = re.compile(r"/v(\d{1,3})\.(\d{1,3})(/.*)")
_PLACE = re.compile(r"\{(\w+)(\.\.\.)?\}")


@dataclasses.dataclass(frozen=True)
class Route:
    """A method and a path pattern: ``{id}`` is one component, ``{name...}`` may hold slashes.

    ``durable`` says that the work is finished even if the client leaves meanwhile.
    """

    method: str
    pattern: str
    handler: Handler
    durable: bool = False


@dataclasses.dataclass(frozen=True)
class Match:
    """The route for a request, its path's values, and the API version asked for."""

    route: Route
    path: dict[str, str]
    version: tuple[int, int]


class Router:
    """Finds routes; the first that fits counts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_head: dict[tuple[str, str], list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            head = route.pattern.split("/", 2)[1]
            self._by_head.setdefault((route.method, head), []).append((_compile(route.pattern), route))

    def match(self, method: str, raw_path: str) -> Match:
        """The route for a request.

        Raises NotFound for an unknown path or method, InvalidArgument for an API version
        that is not spoken here.
        """
        version, path = _split_version(raw_path)
        head = path.split("/", 2)[1] if "/" in path else ""
        for pattern, route in self._by_head.get((method, head), ()):
            found = pattern.fullmatch(path)
            if found is not None:
                values = {name: unquote(value) for name, value in found.groupdict().items()}
                return Match(route, values, version)
        raise NotFound("page not found", kind="path", ref=path)


def parse_version(text: str) -> tuple[int, int]:
    """``1.51`` as a pair of numbers."""
    major, _, minor = text.partition(".")
    return int(major), int(minor)


_NEWEST, _OLDEST = parse_version(API_VERSION), parse_version(MIN_API_VERSION)


def _split_version(raw_path: str) -> tuple[tuple[int, int], str]:
    found = _VERSIONED.fullmatch(raw_path)
    if found is None:
        return _NEWEST, raw_path
    version = (int(found[1]), int(found[2]))
    shown = f"{version[0]}.{version[1]}"
    if version > _NEWEST:
        raise InvalidArgument(
            f"client version {shown} is too new. Maximum supported API version is {API_VERSION}",
            kind="version",
        )
    if version < _OLDEST:
        raise InvalidArgument(
            f"client version {shown} is too old. Minimum supported API version is {MIN_API_VERSION}, "
            "please upgrade your client to a newer version",
            kind="version",
        )
    return version, found[3]


def _compile(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    for place in _PLACE.finditer(pattern):
        parts.append(re.escape(pattern[position : place.start()]))
        parts.append(f"(?P<{place[1]}>{'.+' if place[2] else '[^/]+'})")
        position = place.end()
    parts.append(re.escape(pattern[position:]))
    return re.compile("".join(parts))
