"""Configs, manifests, indexes and the choice of a platform."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InvalidArgument
from sampan.oci.descriptor import Descriptor, Platform
from sampan.oci.digest import Digest
from sampan.oci.image_config import encode_image_config, parse_image_config, platform_of
from sampan.oci.index import choose, normalized, parse_index, parse_platform, runs_on
from sampan.oci.manifest import encode_manifest, parse_manifest

DIGEST = Digest("sha256:" + "0" * 64)


def config(**fields: object) -> bytes:
    return json.dumps({"architecture": "amd64", "os": "linux", **fields}).encode()


def test_a_config_is_read() -> None:
    parsed = parse_image_config(
        config(
            created="2024-01-02T03:04:05.123456789+01:00",
            config={
                "Cmd": ["a"],
                "Entrypoint": None,
                "Env": ["A=b"],
                "Labels": {"x": "y"},
                "ExposedPorts": {"80/tcp": {}},
                "Volumes": {"/v": None},
                "Healthcheck": {"Test": ["NONE"], "Interval": None},
                "Hostname": "ignored",
            },
            rootfs={"type": "layers", "diff_ids": [DIGEST]},
            history=[{"created_by": "x", "comment": None}, {"empty_layer": True}],
            unknown={"deep": [1]},
        )
    )
    assert parsed.config.cmd == ["a"]
    assert parsed.config.entrypoint is None
    assert parsed.config.volumes == {"/v": {}}
    assert parsed.config.healthcheck is not None
    assert parsed.config.healthcheck.interval == 0
    assert parsed.rootfs.diff_ids == [DIGEST]
    assert [step.empty_layer for step in parsed.history] == [False, True]


def test_nulls_are_as_if_absent_and_strings_are_commands() -> None:
    parsed = parse_image_config(b'{"config":null,"rootfs":null,"history":null,"created":null,"os":null}')
    assert parsed.config.cmd is None
    assert platform_of(parsed).os == "linux"
    assert parse_image_config(b'{"config":{"Cmd":"sh -x"}}').config.cmd == ["sh -x"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        config(os=1),
        config(config=[]),
        config(config={"Env": "A=b"}),
        config(config={"Cmd": [1]}),
        config(config={"Labels": ["a"]}),
        config(rootfs={"type": "other", "diff_ids": []}),
        config(rootfs={"diff_ids": ["sha256:short"]}),
        config(rootfs={"diff_ids": ["../../../etc"]}),
        config(history=[{"created_by": "a layer that is not there"}]),
        config(history={}),
        config(created="yesterday"),
        config(created="2024-01-02T03:04:05"),
        config(history=[{"created": "x", "empty_layer": True}]),
    ],
)
def test_a_bad_config_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidArgument):
        parse_image_config(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["config", "rootfs", "history", "Cmd", "diff_ids", "created", "Healthcheck", "os"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_config_or_refused(value: object) -> None:
    try:
        parsed = parse_image_config(json.dumps(value).encode())
    except InvalidArgument:
        return
    assert parse_image_config(encode_image_config(parsed)) == parsed


def test_a_manifest_keeps_its_bytes() -> None:
    data = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "m", "digest": DIGEST, "size": 3},
            "layers": [{"mediaType": "l", "digest": DIGEST, "size": 4}],
        },
        separators=(",", ":"),
    ).encode()
    assert encode_manifest(parse_manifest(data)) == data


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": 1},
        {"config": None},
        {"config": {"mediaType": "m", "digest": "x", "size": 3}},
        {"config": {"mediaType": "m", "digest": DIGEST, "size": -1}},
        {"layers": None},
        {"layers": [{"mediaType": "l", "digest": "sha256:../x", "size": 1}]},
    ],
)
def test_a_bad_manifest_is_refused(change: dict[str, object]) -> None:
    good = {
        "schemaVersion": 2,
        "config": {"mediaType": "m", "digest": DIGEST, "size": 3},
        "layers": [],
    }
    with pytest.raises(InvalidArgument):
        parse_manifest(json.dumps({**good, **change}).encode())


def test_an_index_is_no_manifest_and_the_other_way_round() -> None:
    index = b'{"schemaVersion":2,"manifests":[]}'
    assert parse_index(index).manifests == []
    with pytest.raises(InvalidArgument):
        parse_manifest(index)
    with pytest.raises(InvalidArgument):
        parse_index(b'{"schemaVersion":2,"layers":[],"config":{"digest":"x","size":0}}')


def entry(name: str, platform: Platform | None) -> Descriptor:
    return Descriptor(media_type=name, digest=DIGEST, size=0, platform=platform)


def test_the_closest_platform_is_chosen() -> None:
    amd = entry("amd", Platform(os="linux", architecture="amd64"))
    v6 = entry("v6", Platform(os="linux", architecture="arm", variant="v6"))
    v7 = entry("v7", Platform(os="linux", architecture="arm", variant="v7"))
    v8 = entry("v8", Platform(os="linux", architecture="arm64", variant="v8"))
    windows = entry("win", Platform(os="windows", architecture="amd64"))
    plain = entry("plain", None)
    everything = [windows, plain, v6, v7, v8, amd]
    assert choose(everything, Platform(os="linux", architecture="amd64")) is amd
    assert choose(everything, Platform(os="linux", architecture="aarch64")) is v8
    assert choose(everything, Platform(os="linux", architecture="arm", variant="v7")) is v7
    assert choose([v6, amd], Platform(os="linux", architecture="arm", variant="v7")) is v6
    assert choose([v7], Platform(os="linux", architecture="arm", variant="v6")) is None
    assert choose([windows], Platform(os="linux", architecture="amd64")) is None
    assert choose([windows, plain], Platform(os="linux", architecture="s390x")) is plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", ("linux", "amd64", "")),
        ("linux/x86_64", ("linux", "amd64", "")),
        ("linux/arm64/v8", ("linux", "arm64", "")),
        ("linux/arm", ("linux", "arm", "v7")),
        ("linux/arm/v6", ("linux", "arm", "v6")),
        ("arm64", ("linux", "arm64", "")),
        ("linux", ("linux", "", "")),
        ("Linux/AMD64", ("linux", "amd64", "")),
    ],
)
def test_a_platform_is_parsed(text: str, expected: tuple[str, str, str]) -> None:
    platform = parse_platform(text)
    assert (platform.os, platform.architecture, platform.variant) == expected
    assert normalized(platform) == platform
    assert runs_on(platform, platform)


@pytest.mark.parametrize("text", ["", "/", "linux/", "/amd64", "a/b/c/d", "linux/amd 64", "linux/ämd64"])
def test_a_bad_platform_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_platform(text)


def test_descriptors_leave_out_what_is_not_said() -> None:
    encoded = msgspec.json.encode(Descriptor(media_type="m", digest=DIGEST, size=1))
    assert json.loads(encoded) == {"mediaType": "m", "digest": DIGEST, "size": 1}
