"""Content digests: ``sha256:`` and 64 hexadecimal digits, as the OCI image spec has them."""

from __future__ import annotations

import hashlib
import re
from typing import NewType

from sampan.errors import InvalidArgument

Digest = NewType("Digest", str)

CANONICAL = "sha256"
_ENCODED_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}
_FORM = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", re.ASCII)
_LOWER_HEX = re.compile(r"[a-f0-9]+", re.ASCII)


def parse(text: str) -> Digest:
    """``text`` as a digest.

    Raises:
        InvalidArgument: it has not the form ``algorithm:encoded``, the algorithm is none of
            sha256, sha384 and sha512, or the encoded part is not of its length in lower-case
            hexadecimal (OCI image spec, "Digests").
    """
    name, colon, encoded_part = text.partition(":")
    if not name or not colon or not encoded_part:
        raise _invalid("invalid checksum digest format", text)
    length = _ENCODED_LENGTH.get(name)
    if length is None:
        known_form = _FORM.fullmatch(text) is not None
        raise _invalid(
            "unsupported digest algorithm" if known_form else "invalid checksum digest format", text
        )
    if len(encoded_part) != length:
        raise _invalid("invalid checksum digest length", text)
    if _LOWER_HEX.fullmatch(encoded_part) is None:
        raise _invalid("invalid checksum digest format", text)
    return Digest(text)


def of_bytes(data: bytes) -> Digest:
    """The SHA-256 digest of ``data``."""
    return Digest(f"{CANONICAL}:{hashlib.sha256(data).hexdigest()}")


def of_hex(encoded_part: str) -> Digest:
    """The SHA-256 digest whose hexadecimal digits are known. Raises InvalidArgument as ``parse``."""
    return parse(f"{CANONICAL}:{encoded_part}")


def algorithm(digest: Digest) -> str:
    """The part before the colon."""
    return digest.partition(":")[0]


def encoded(digest: Digest) -> str:
    """The part after the colon: safe as a file name."""
    return digest.partition(":")[2]


def short(digest: Digest) -> str:
    """The first twelve hexadecimal digits, as people are shown ids."""
    return encoded(digest)[:12]


def _invalid(message: str, text: str) -> InvalidArgument:
    return InvalidArgument(message, kind="digest", ref=text)
