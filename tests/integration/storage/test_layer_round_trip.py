"""Directories to layers and back: the same files, the same digest."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.diff.apply import apply_layer
from sampan.diff.write import write, write_layer

_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and not name.startswith(".wh.") and len(name.encode()) < 200
)
_TREES = st.recursive(
    st.binary(max_size=50), lambda children: st.dictionaries(_NAMES, children, max_size=4), max_leaves=12
)


def _build(root: Path, tree: object) -> None:
    if isinstance(tree, bytes):
        root.write_bytes(tree)
        os.chmod(root, 0o640)
        return
    assert isinstance(tree, dict)
    root.mkdir(exist_ok=True)
    for name, child in tree.items():
        _build(root / name, child)


async def _round_trip(source: Path, work: Path) -> None:
    first = work / "first.tar"
    with first.open("wb") as file:
        written = await write_layer(source, target=file.fileno())
    assert written.diff_id == f"sha256:{hashlib.sha256(first.read_bytes()).hexdigest()}"
    target = work / "back"
    target.mkdir()
    applied = await apply_layer(first, target=target)
    assert applied == written
    second = work / "second.tar"
    with second.open("wb") as file:
        assert write(target, file.fileno()).diff_id == written.diff_id


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.dictionaries(_NAMES, _TREES, max_size=5))
def test_any_tree_survives(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    work = tmp_path_factory.mktemp("trip")
    _build(work / "source", tree)
    asyncio.run(_round_trip(work / "source", work))


async def test_overlay_marks_become_whiteouts_and_come_back(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "opaque").mkdir(parents=True)
    os.setxattr(source / "opaque", "trusted.overlay.opaque", b"y")
    os.setxattr(source / "opaque", "trusted.overlay.origin", b"internal")
    os.mknod(source / "gone", stat.S_IFCHR, os.makedev(0, 0))
    (source / "kept").write_text("kept")
    os.link(source / "kept", source / "kept2")
    os.setxattr(source / "kept", "user.note", b"\xff\x00binary")
    await _round_trip(source, tmp_path)
    back = tmp_path / "back"
    assert os.getxattr(back / "opaque", "trusted.overlay.opaque") == b"y"
    assert "trusted.overlay.origin" not in os.listxattr(back / "opaque")
    assert stat.S_ISCHR((back / "gone").lstat().st_mode)
    assert (back / "kept2").samefile(back / "kept")
    assert os.getxattr(back / "kept", "user.note") == b"\xff\x00binary"
