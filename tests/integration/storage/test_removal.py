"""Removing trees in which something is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.linux.files import remove_tree
from sampan.linux.mounts import bind, unmount


def test_what_is_mounted_in_a_tree_is_never_deleted(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "directory").mkdir(parents=True)
    (outside / "file").write_text("precious")
    root = tmp_path / "root"
    target = root / "a/b/mounted"
    target.mkdir(parents=True)
    (root / "other").touch()
    bind(str(outside), str(target))
    try:
        with pytest.raises(OSError, match=r"cross-device|busy"):
            remove_tree(root)
    finally:
        for path in (target, *root.glob("*"), *root.glob("*/*")):
            unmount(str(path))
    assert (outside / "file").read_text() == "precious"
    assert (outside / "directory").is_dir()
    remove_tree(root)
    assert not root.exists()
