"""One request: its path's values, query and body, each checked as it is read."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

import msgspec
from aiohttp.web_request import BaseRequest

from sampan.errors import InvalidArgument, TooLarge
from sampan.wire.filters import Filters
from sampan.wire.timestamps import parse_timestamp

_T = TypeVar("_T")
BODY_LIMIT = 8 << 20
# The words that mean false in a query; every other value is true (Docker's rule).
_FALSE = frozenset({"", "0", "no", "false", "none"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


class Call:
    """A request that a route answers. ``version`` is the API version asked for, as a pair."""

    def __init__(self, request: BaseRequest, path: Mapping[str, str], version: tuple[int, int]) -> None:
        self.request = request
        self.path = path
        self.version = version
        self._query = request.rel_url.query

    def text(self, name: str, default: str = "") -> str:
        """A query value; the first, if there are several."""
        return self._query.get(name, default)

    def texts(self, name: str) -> list[str]:
        """Every value of a query name."""
        return self._query.getall(name, [])

    def has(self, name: str) -> bool:
        """Whether the query has that name with a value."""
        return bool(self._query.get(name))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query value as Docker reads booleans: all but "", 0, no, false and none are true."""
        value = self._query.get(name)
        return default if value is None else value.strip().lower() not in _FALSE

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number. Raises InvalidArgument, naming the parameter, for anything else."""
        value = self._query.get(name)
        if not value:
            return default
        if not _INTEGER.fullmatch(value):
            raise InvalidArgument(
                f'strconv.Atoi: parsing "{value}": invalid syntax: {name} needs a whole number',
                kind="parameter",
                ref=name,
            )
        return int(value)

    def filters(self) -> Filters:
        """The query's filters. Raises InvalidArgument."""
        return Filters.parse(self._query.get("filters"))

    def time_ns(self, name: str) -> int:
        """A point in time, in nanoseconds since 1970; 0 if not given. Raises InvalidArgument."""
        return parse_timestamp(self._query.get(name), now_ns=time.time_ns())

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge over 8 MiB, InvalidArgument if it is cut short."""
        length = self.request.content_length
        if length is not None and length > BODY_LIMIT:
            raise _too_large()
        parts: list[bytes] = []
        size = 0
        async for part in self.chunks():
            size += len(part)
            if size > BODY_LIMIT:
                raise _too_large()
            parts.append(part)
        return b"".join(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises InvalidArgument if it is cut short."""
        # Imported here: aiohttp's client side would otherwise be part of every start.
        from aiohttp.http_exceptions import HttpProcessingError

        try:
            async for part in self.request.content.iter_any():
                yield part
        except (HttpProcessingError, ValueError) as error:
            raise InvalidArgument(f"the request's body is damaged: {error}", kind="body") from error

    async def json(self, kind: type[_T]) -> _T:
        """The body as ``kind``. Raises InvalidArgument for another content type, bad JSON or wrong types."""
        data = await self.body()
        if not data.strip():
            raise InvalidArgument("invalid JSON: got EOF while reading request body", kind="body")
        self._require_json()
        return decode(data, kind)

    async def optional_json(self, kind: type[_T], default: _T) -> _T:
        """As ``json``; an absent body is ``default``."""
        data = await self.body()
        if not data.strip():
            return default
        self._require_json()
        return decode(data, kind)

    def _require_json(self) -> None:
        header = self.request.headers.get("Content-Type", "")
        if header.partition(";")[0].strip().lower() != "application/json":
            raise InvalidArgument(
                f"unsupported Content-Type header ({header}): must be 'application/json'", kind="body"
            )


def decode(data: bytes, kind: type[_T]) -> _T:
    """JSON as ``kind``. Raises InvalidArgument with the place of the mistake."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"invalid JSON: {error}", kind="body") from error


def _too_large() -> TooLarge:
    return TooLarge(f"request body too large: at most {BODY_LIMIT} bytes are accepted", kind="body")
