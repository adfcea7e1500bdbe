"""Answers: JSON, nothing, an error, or a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from aiohttp.web_response import Response, StreamResponse

from sampan.api.call import Call
from sampan.errors import SampanError
from sampan.log import get_logger
from sampan.version import API_VERSION, VERSION
from sampan.wire import jsonmessage
from sampan.wire.errors import status_of
from sampan.wire.jsonmessage import JSONMessage

log = get_logger(__name__)
_encode = msgspec.json.Encoder().encode

HEADERS = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"Sampan/{VERSION} (linux)",
}


class ErrorBody(msgspec.Struct):
    """What every error answer holds."""

    message: str


def json(value: object, status: int = 200) -> Response:
    """A value as JSON, with the line end that Docker adds."""
    return Response(
        body=_encode(value) + b"\n", status=status, headers=HEADERS, content_type="application/json"
    )


def nothing(status: int = 204) -> Response:
    """An answer without a body."""
    return Response(status=status, headers=HEADERS)


def text(value: str, *, extra: dict[str, str] | None = None) -> Response:
    """Plain text."""
    return Response(text=value, headers={**HEADERS, **(extra or {})}, content_type="text/plain")


def error(failure: SampanError) -> Response:
    """The answer for an error."""
    status = status_of(failure)
    return nothing(status) if status == 304 else json(ErrorBody(failure.message), status)


async def begin_stream(call: Call, content_type: str) -> StreamResponse:
    """Send the head of a chunked answer."""
    response = StreamResponse(headers={**HEADERS, "Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    return response


async def stream_bytes(call: Call, content_type: str, parts: AsyncIterator[bytes]) -> StreamResponse:
    """Send ``parts`` as they come. An error before the first of them is an ordinary error answer."""
    first = await anext(parts, None)
    response = await begin_stream(call, content_type)
    if first is not None:
        await response.write(first)
        async for part in parts:
            await response.write(part)
    await response.write_eof()
    return response


async def stream_messages(call: Call, messages: AsyncIterator[JSONMessage]) -> StreamResponse:
    """Send progress messages; an error after the head is the last message, as Docker does it."""
    first = await anext(messages, None)
    response = await begin_stream(call, "application/json")
    try:
        if first is not None:
            await response.write(jsonmessage.encode(first))
        async for message in messages:
            await response.write(jsonmessage.encode(message))
    except SampanError as failure:
        log.info("a stream ended with an error", error=failure)
        await response.write(jsonmessage.encode(jsonmessage.failure(failure.message)))
    await response.write_eof()
    return response
