"""Binds, mounts and tmpfs: what is understood, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.bundle.mount_requests import (
    MountKind,
    mount_points,
    mount_requests,
    parse_bind,
)
from sampan.errors import InvalidArgument, NotImplementedHere
from sampan.models.container import BindOptions, HostConfig, Mount, TmpfsOptions


@pytest.mark.parametrize(
    ("text", "source", "destination", "read_only", "propagation"),
    [
        ("/a:/b", "/a", "/b", False, "rprivate"),
        ("/a:/b:ro", "/a", "/b", True, "rprivate"),
        ("/a:/b:rw,z", "/a", "/b", False, "rprivate"),
        ("/a:/b:ro,Z,shared", "/a", "/b", True, "shared"),
        ("//a/./c/:/b/../d/", "/a/c", "/d", False, "rprivate"),
        ("/a:/b:cached", "/a", "/b", False, "rprivate"),
    ],
)
def test_binds(text: str, source: str, destination: str, read_only: bool, propagation: str) -> None:
    item = parse_bind(text)
    assert item.kind is MountKind.BIND
    assert (item.source, item.destination, item.read_only, item.propagation) == (
        source,
        destination,
        read_only,
        propagation,
    )
    assert item.create_source


@pytest.mark.parametrize(
    "text",
    ["", ":", "/a:", ":/b", "/a:/b:", "/a:b", "/a:/", "/a:/..", "/a:/b:zz", "/a:/b:ro,rw", "/a:/b:ro:x",
     "/a:/b:shared,slave", "/a:/b:z,Z", "/a:/b:nocopy", "rel", "/a:/b\0"],
)  # fmt: skip
def test_malformed_binds_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_bind(text)


def test_a_name_is_a_volume() -> None:
    item = parse_bind("name:/data:nocopy")
    assert (item.kind, item.source, item.destination, item.copy) == (MountKind.VOLUME, "name", "/data", False)
    assert parse_bind("/data").kind is MountKind.VOLUME


def test_mounts() -> None:
    bind, tmpfs = mount_requests(
        HostConfig(
            mounts=[
                Mount(type="bind", source="/s", target="/t/", read_only=True, bind_options=BindOptions(propagation="slave")),
                Mount(type="tmpfs", target="/x", tmpfs_options=TmpfsOptions(size_bytes=5, mode=0o1770)),
            ]
        )
    )  # fmt: skip
    assert (bind.source, bind.destination, bind.read_only, bind.propagation) == ("/s", "/t", True, "slave")
    assert not bind.create_source
    assert tmpfs.tmpfs_options == ("mode=1770", "size=5")


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (Mount(type="bind", source="", target="/t"), "field Source must not be empty"),
        (Mount(type="bind", source="/s", target=""), "field Target must not be empty"),
        (Mount(type="bind", source="/s", target="rel"), "mount path must be absolute"),
        (Mount(type="bind", source="rel", target="/t"), "mount path must be absolute"),
        (Mount(type="bind", source="/s", target="/"), "destination can't be '/'"),
        (Mount(type="bind", source="/s", target="/t", tmpfs_options=TmpfsOptions()), "TmpfsOptions must not be"),
        (Mount(type="tmpfs", source="/s", target="/t"), "field Source must not be specified"),
        (Mount(type="tmpfs", target="/t", bind_options=BindOptions()), "BindOptions must not be"),
        (Mount(type="bind", source="/s", target="/t", bind_options=BindOptions(propagation="x")), "invalid propagation"),
        (Mount(type="nope", target="/t"), "mount type unknown"),
    ],
)  # fmt: skip
def test_malformed_mounts_are_refused(mount: Mount, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        mount_requests(HostConfig(mounts=[mount]))
    assert words in caught.value.message


def test_kinds_that_are_not_offered_say_so() -> None:
    with pytest.raises(NotImplementedHere):
        mount_requests(HostConfig(mounts=[Mount(type="image", source="x", target="/t")]))


@pytest.mark.parametrize("options", ["foo", "size=", "size=1,x=2", "mode", "uid=1 gid=2,evil", 'size="1"'])
def test_tmpfs_options_are_checked(options: str) -> None:
    with pytest.raises(InvalidArgument):
        mount_requests(HostConfig(tmpfs={"/t": options}))


def test_one_destination_is_mounted_once() -> None:
    with pytest.raises(InvalidArgument, match="Duplicate mount point: /x"):
        mount_requests(HostConfig(binds=["/a:/x", "/b:/x/"]))


def test_inspection_shows_binds_and_mounts_but_not_tmpfs_flags() -> None:
    points = mount_points(
        HostConfig(
            binds=["/tmp:/v:ro"],
            tmpfs={"/t": ""},
            mounts=[Mount(type="tmpfs", target="/tt")],
        )
    )
    assert [(p.type, p.source, p.destination, p.mode, p.rw, p.propagation) for p in points] == [
        ("bind", "/tmp", "/v", "ro", False, "rprivate"),
        ("tmpfs", "", "/tt", "", True, ""),
    ]


@given(st.text())
def test_any_bind_is_understood_or_refused(text: str) -> None:
    try:
        item = parse_bind(text)
    except InvalidArgument:
        return
    assert item.destination.startswith("/")
    assert ".." not in item.destination.split("/")
    assert item.destination != "/"
