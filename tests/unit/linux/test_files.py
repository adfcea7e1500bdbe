"""Durable writes, and removal of any tree."""

from __future__ import annotations

import os
from pathlib import Path

from sampan.linux.files import remove_tree, write_atomic


def test_a_write_replaces_whole_files_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_atomic(path, b"one")
    write_atomic(path, b"two", mode=0o640)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["f"]


def test_a_tree_deeper_than_any_path_or_stack_goes(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    root.mkdir()
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(3000):
        os.mkdir("directory", dir_fd=fd)
        below = os.open("directory", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    remove_tree(root)
    assert not root.exists()


def test_symlinks_are_removed_and_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (kept / "inner").mkdir(parents=True)
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a/door").symlink_to(kept)
    (root / ".removing-0").mkdir()
    (root / "b/c").mkdir(parents=True)
    remove_tree(root)
    assert not root.exists()
    assert (kept / "inner").is_dir()
    (tmp_path / "link").symlink_to(kept)
    remove_tree(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert kept.is_dir()


def test_files_and_the_missing_are_fine(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    remove_tree(tmp_path / "f")
    remove_tree(tmp_path / "f")
    remove_tree(tmp_path / "no/such/place")
    assert os.listdir(tmp_path) == []
