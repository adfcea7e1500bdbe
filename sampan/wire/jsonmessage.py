"""Progress as the Engine API streams it: one JSON object a line."""

from __future__ import annotations

import msgspec
from msgspec import field

from sampan.errors import InvalidArgument


class Progress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a step is, in bytes."""

    current: int = 0
    total: int = 0


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong; ``code`` is an exit code or HTTP status, 0 for neither."""

    code: int = 0
    message: str = ""


class JSONMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of a stream; ``id`` names the layer or image that ``status`` is about."""

    stream: str = ""
    status: str = ""
    progress_detail: Progress | None = field(default=None, name="progressDetail")
    progress: str = ""
    id: str = ""
    error_detail: ErrorDetail | None = field(default=None, name="errorDetail")
    error: str = ""
    aux: msgspec.Raw | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(JSONMessage)


def encode(message: JSONMessage) -> bytes:
    """The message as a line; Docker ends it as HTTP does."""
    return _encoder.encode(message) + b"\r\n"


def failure(text: str, code: int = 0) -> JSONMessage:
    """The message that ends a stream that failed."""
    return JSONMessage(error_detail=ErrorDetail(code=code, message=text), error=text)


class Decoder:
    """Messages from a byte stream cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[JSONMessage]:
        """The messages that ``data`` completes. Raises InvalidArgument for what is no message."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [_decode(line) for line in lines if line.strip()]

    def finish(self) -> list[JSONMessage]:
        """The last message, if it had no line end."""
        line, self._rest = self._rest, b""
        return [_decode(line)] if line.strip() else []


def _decode(line: bytes) -> JSONMessage:
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError as error:
        raise InvalidArgument(f"not a progress message: {line[:200]!r}", kind="stream") from error
