"""Digests and chain ids."""

from __future__ import annotations

import hashlib

import pytest

from sampan.errors import InvalidArgument
from sampan.oci import digest as digests
from sampan.oci.chain import chain_id, chain_ids
from sampan.oci.digest import Digest

HEX = "0123456789abcdef" * 4


def test_the_parts_of_a_digest() -> None:
    digest = digests.parse(f"sha256:{HEX}")
    assert (digests.algorithm(digest), digests.encoded(digest)) == ("sha256", HEX)
    assert digests.short(digest) == "0123456789ab"
    assert digests.parse("sha512:" + "0" * 128) == "sha512:" + "0" * 128


def test_of_bytes_is_sha256() -> None:
    assert digests.of_bytes(b"x") == "sha256:" + hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid checksum digest format"),
        ("sha256", "invalid checksum digest format"),
        ("sha256:", "invalid checksum digest format"),
        (f":{HEX}", "invalid checksum digest format"),
        (f"sha256:{HEX[:-1]}", "invalid checksum digest length"),
        (f"sha256:{HEX}0", "invalid checksum digest length"),
        (f"sha256:{HEX.upper()}", "invalid checksum digest format"),
        (f"sha256:{HEX[:-1]}\n", "invalid checksum digest format"),
        ("sha256:" + "../" * 21 + "x", "invalid checksum digest format"),
        ("md5:" + "0" * 32, "unsupported digest algorithm"),
        ("MD5:" + "0" * 32, "invalid checksum digest format"),
    ],
)
def test_a_bad_digest_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        digests.parse(text)
    assert caught.value.message == message


def test_chain_ids_follow_the_specification() -> None:
    first, second, third = (Digest(f"sha256:{str(n) * 64}") for n in (1, 2, 3))
    two = "sha256:" + hashlib.sha256(f"{first} {second}".encode()).hexdigest()
    three = "sha256:" + hashlib.sha256(f"{two} {third}".encode()).hexdigest()
    assert chain_ids([first, second, third]) == [first, two, three]
    assert chain_id([first]) == first
    assert chain_ids([]) == []
    with pytest.raises(ValueError, match="no layers"):
        chain_id([])
