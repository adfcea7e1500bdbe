"""Users and groups, with the files an image may bring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.bundle.users import MAX_ID, resolve_user
from sampan.errors import InvalidArgument

PASSWD = """root:x:0:0:root:/root:/bin/sh
app:x:1000:1001:App:/home/app:/bin/sh
bare:x:7:8
# comment:x:1:1
broken
bad:x:minus:0::/:
big:x:99999999999:0::/:
12:x:5000:5001::/twelve:
"""
GROUP = """root:x:0:
app:x:1001:
wheel:x:10:root,app
audio:x:63:app,,other
bad:x:::
77:x:700:
"""


@pytest.mark.parametrize(
    ("spec", "uid", "gid", "additional", "home"),
    [
        ("", 0, 0, (0, 10), "/root"),
        ("root", 0, 0, (0, 10), "/root"),
        ("0", 0, 0, (0, 10), "/root"),
        ("app", 1000, 1001, (1001, 10, 63), "/home/app"),
        ("1000", 1000, 1001, (1001, 10, 63), "/home/app"),
        ("app:wheel", 1000, 10, (10,), "/home/app"),
        ("app:10", 1000, 10, (10,), "/home/app"),
        ("4242", 4242, 0, (0,), ""),
        ("4242:4343", 4242, 4343, (4343,), ""),
        ("bare", 7, 8, (8,), ""),
        ("12", 5000, 5001, (5001,), "/twelve"),
        ("1:77", 1, 700, (700,), ""),
        (f"{MAX_ID}", MAX_ID, 0, (0,), ""),
        (":10", 0, 10, (10,), "/root"),
        ("app:", 1000, 1001, (1001, 10, 63), "/home/app"),
    ],
)
def test_users_are_found(spec: str, uid: int, gid: int, additional: tuple[int, ...], home: str) -> None:
    user = resolve_user(spec, PASSWD, GROUP)
    assert (user.uid, user.gid, user.additional_gids, user.home) == (uid, gid, additional, home)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("foo", "unable to find user foo: no matching entries in passwd file"),
        ("bad", "unable to find user bad: no matching entries in passwd file"),
        ("big", "unable to find user big: no matching entries in passwd file"),
        ("0:foo", "unable to find group foo: no matching entries in group file"),
        ("-3", "uids and gids must be in range 0-2147483647"),
        ("2147483648", "uids and gids must be in range 0-2147483647"),
        ("9" * 100, "uids and gids must be in range 0-2147483647"),
        ("0:-1", "uids and gids must be in range 0-2147483647"),
    ],
)
def test_bad_users_are_refused(spec: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        resolve_user(spec, PASSWD, GROUP)
    assert caught.value.message == message


def test_groups_are_added_by_name_and_number() -> None:
    user = resolve_user("4242:5", PASSWD, GROUP, ["wheel", "99", "5"])
    assert user.additional_gids == (5, 10, 99)
    with pytest.raises(InvalidArgument, match="Unable to find group nope: no matching entries in group file"):
        resolve_user("0", PASSWD, GROUP, ["nope"])


def test_no_files_are_no_entries() -> None:
    assert resolve_user("", "", "").uid == 0
    with pytest.raises(InvalidArgument):
        resolve_user("root", "", "")


def test_digits_of_other_scripts_are_no_numbers() -> None:
    with pytest.raises(InvalidArgument, match="unable to find user ٣"):
        resolve_user("٣", PASSWD, GROUP)


def test_a_huge_file_is_read_in_linear_time() -> None:
    passwd = "x:x:1:1::/:\n" * 200_000 + "last:x:5:6::/l:\n"
    assert resolve_user("last", passwd, "").uid == 5


@given(st.text(), st.text(), st.text())
def test_any_files_give_ids_in_range_or_an_error(spec: str, passwd: str, group: str) -> None:
    try:
        user = resolve_user(spec, passwd, group)
    except InvalidArgument:
        return
    assert 0 <= user.uid <= MAX_ID
    assert all(0 <= gid <= MAX_ID for gid in (user.gid, *user.additional_gids))
