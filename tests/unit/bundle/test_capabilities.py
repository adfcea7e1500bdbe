"""Capability arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.bundle.capabilities import ALL, DEFAULT, granted
from sampan.errors import InvalidArgument


def caps(
    add: list[str] | None = None, drop: list[str] | None = None, *, privileged: bool = False
) -> set[str]:
    return set(granted(add=add or [], drop=drop or [], privileged=privileged, available=ALL))


def test_the_default_is_dockers_fourteen() -> None:
    assert caps() == set(DEFAULT)
    assert len(DEFAULT) == 14


@pytest.mark.parametrize("name", ["NET_ADMIN", "net_admin", "CAP_NET_ADMIN", "cap_net_admin"])
def test_names_are_taken_in_every_spelling(name: str) -> None:
    assert caps([name]) == {*DEFAULT, "CAP_NET_ADMIN"}


def test_all_is_added_and_dropped() -> None:
    assert caps(["ALL"]) == set(ALL)
    assert caps(["all"], ["CHOWN"]) == set(ALL) - {"CAP_CHOWN"}
    assert caps([], ["ALL"]) == set()
    assert caps(["CHOWN"], ["ALL"]) == {"CAP_CHOWN"}
    assert caps([], ["CHOWN", "MKNOD"]) == set(DEFAULT) - {"CAP_CHOWN", "CAP_MKNOD"}


def test_privileged_is_everything_that_the_host_can_give() -> None:
    available = set(ALL) - {"CAP_BPF"}
    assert set(granted(add=[], drop=[], privileged=True, available=available)) == available


def test_unknown_and_unavailable_names_are_refused() -> None:
    with pytest.raises(InvalidArgument, match='invalid CapAdd: unknown capability: "CAP_FOO"'):
        caps(["foo"])
    with pytest.raises(InvalidArgument, match='invalid CapDrop: unknown capability: "CAP_FOO"'):
        caps([], ["foo"])
    with pytest.raises(InvalidArgument, match="not supported by your kernel"):
        granted(add=["BPF"], drop=[], privileged=False, available=set(ALL) - {"CAP_BPF"})


def test_the_table_is_not_longer_than_the_kernels() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    assert ALL.index("CAP_AUDIT_READ") == 37
    assert len(ALL) - 1 <= max(last, 40)
