"""Image and container configs, together."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from sampan.bundle.merge import merge_config
from sampan.models.container import ContainerConfig, HealthConfig
from sampan.oci.image_config import ExecutionConfig, Healthcheck

IMAGE = ExecutionConfig(
    user="app",
    env=["PATH=/img", "A=image", "B=image"],
    entrypoint=["/entry"],
    cmd=["serve", "--all"],
    working_dir="/srv/",
    labels={"from": "image", "both": "image"},
    exposed_ports={"80/tcp": {}},
    volumes={"/data": {}},
    stop_signal="SIGQUIT",
    stop_timeout=9,
    shell=["/bin/bash"],
    healthcheck=Healthcheck(test=["CMD", "check"], interval=5, retries=2),
)


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "expected"),
    [
        (None, None, (["/entry"], ["serve", "--all"])),
        (None, ["one"], (["/entry"], ["one"])),
        (None, [], (["/entry"], ["serve", "--all"])),
        (["/mine"], None, (["/mine"], None)),
        (["/mine"], ["arg"], (["/mine"], ["arg"])),
        ([""], None, (None, None)),
        ([""], ["sh"], (None, ["sh"])),
        ([], ["sh"], (["/entry"], ["sh"])),
        ("/mine", None, ("/mine", None)),
    ],
)
def test_commands(
    entrypoint: list[str] | str | None,
    cmd: list[str] | None,
    expected: tuple[list[str] | str | None, list[str] | None],
) -> None:
    merged = merge_config(ContainerConfig(entrypoint=entrypoint, cmd=cmd), IMAGE)
    assert (merged.entrypoint, merged.cmd) == expected


def test_what_the_container_does_not_say_comes_from_the_image() -> None:
    merged = merge_config(ContainerConfig(), IMAGE)
    assert (merged.user, merged.working_dir, merged.stop_signal, merged.stop_timeout) == (
        "app",
        "/srv",
        "SIGQUIT",
        9,
    )
    assert merged.shell == ["/bin/bash"]
    assert merged.healthcheck == HealthConfig(test=["CMD", "check"], interval=5, retries=2)


def test_what_the_container_says_stands() -> None:
    own = ContainerConfig(
        user="me",
        working_dir="/w/../x//y",
        stop_signal="TERM",
        stop_timeout=0,
        env=["A=own", "C=own", "B"],
        labels={"both": "own"},
        exposed_ports={"53/udp": {}, "81": {}},
        volumes={"/more": {}},
        healthcheck=HealthConfig(test=["NONE"]),
    )
    merged = merge_config(own, IMAGE)
    assert (merged.user, merged.working_dir, merged.stop_signal, merged.stop_timeout) == (
        "me",
        "/x/y",
        "TERM",
        0,
    )
    assert merged.env == ["A=own", "C=own", "B", "PATH=/img"]
    assert merged.labels == {"from": "image", "both": "own"}
    assert merged.exposed_ports == {"80/tcp": {}, "53/udp": {}, "81/tcp": {}}
    assert merged.volumes == {"/data": {}, "/more": {}}
    assert isinstance(merged.healthcheck, HealthConfig)
    assert merged.healthcheck.test == ["NONE"]
    assert merged.healthcheck.interval == 5


def test_a_relative_directory_is_left_for_validation() -> None:
    assert merge_config(ContainerConfig(working_dir="rel"), IMAGE).working_dir == "rel"


def test_an_empty_image_changes_nothing() -> None:
    merged = merge_config(ContainerConfig(cmd=["x"]), ExecutionConfig())
    assert (merged.cmd, merged.entrypoint, merged.exposed_ports, merged.volumes, merged.healthcheck) == (
        ["x"],
        None,
        UNSET,
        None,
        UNSET,
    )
