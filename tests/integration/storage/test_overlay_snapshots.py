"""The overlay snapshotter on a real kernel."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.errors import Conflict, NotFound
from sampan.linux.mounts import mounted_under, unmount
from sampan.metadata.database import Database
from sampan.snapshots.mounting import mount_all
from sampan.snapshots.snapshotter import OverlaySnapshotter


class Rig:
    """A snapshotter and a place to mount its snapshots at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.db = Database.open(root / "a.db")
        self.snapshots = OverlaySnapshotter(root / "snapshots", self.db)
        self.target = root / "mnt"
        self.target.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def mounted(self, key: str) -> Iterator[Path]:
        mount_all(self.snapshots.mounts(key), str(self.target))
        try:
            yield self.target
        finally:
            unmount(str(self.target))

    def layer(self, name: str, parent: str | None, content: str = "") -> None:
        key = f"making {name}"
        self.snapshots.prepare(key, parent)
        with self.mounted(key) as root:
            (root / name.replace(":", "_")).write_text(content or name)
        self.snapshots.commit(name, key)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    for point in mounted_under(str(tmp_path)):
        unmount(point)
    rig.db.close()


def test_a_container_sees_all_layers_and_keeps_its_changes_to_itself(rig: Rig) -> None:
    rig.layer("base", None)
    rig.layer("top", "base")
    rig.snapshots.prepare("one", "top")
    rig.snapshots.prepare("two", "top")
    with rig.mounted("one") as root:
        (root / "base").unlink()
        (root / "mine").write_text("x")
        assert sorted(os.listdir(root)) == ["mine", "top"]
    with rig.mounted("two") as root:
        assert sorted(os.listdir(root)) == ["base", "top"]
    assert rig.snapshots.usage("one").size_bytes == 1


def test_a_view_cannot_be_written(rig: Rig) -> None:
    rig.layer("base", None)
    rig.layer("top", "base")
    rig.snapshots.view("look", "top")
    with rig.mounted("look") as root, pytest.raises(OSError, match="Read-only"):
        (root / "new").touch()


def test_the_roots_owner_and_mode_come_from_below(rig: Rig) -> None:
    rig.snapshots.prepare("making base", None)
    os.chmod(rig.snapshots.upper_dir("making base"), 0o1750)
    os.chown(rig.snapshots.upper_dir("making base"), 5, 6)
    rig.snapshots.commit("base", "making base")
    rig.snapshots.prepare("c", "base")
    with rig.mounted("c") as root:
        status = root.stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o1750, 5, 6)


def test_more_layers_than_fit_a_page_of_options(rig: Rig) -> None:
    parent = None
    for number in range(150):
        rig.layer(f"layer:{number}", parent)
        parent = f"layer:{number}"
    rig.snapshots.prepare("c", parent)
    with rig.mounted("c") as root:
        assert len(os.listdir(root)) == 150


def test_a_parent_stays_while_it_has_children(rig: Rig) -> None:
    rig.layer("base", None)
    rig.snapshots.prepare("c", "base")
    with pytest.raises(Conflict, match="is the parent of c"):
        rig.snapshots.remove("base")
    rig.snapshots.remove("c")
    rig.snapshots.remove("base")
    assert rig.snapshots.sweep() == 2
    assert [path.name for path in (rig.root / "snapshots").iterdir()] == [".trash"]


def test_keys_are_unique_and_parents_committed(rig: Rig) -> None:
    rig.snapshots.prepare("a", None)
    with pytest.raises(Conflict, match="already exists"):
        rig.snapshots.prepare("a", None)
    with pytest.raises(Conflict, match="not committed"):
        rig.snapshots.prepare("b", "a")
    with pytest.raises(NotFound):
        rig.snapshots.prepare("b", "nothing")
    rig.snapshots.commit("done", "a")
    with pytest.raises(Conflict, match="not active"):
        rig.snapshots.commit("other", "done")


def test_committing_copies_nothing(rig: Rig) -> None:
    rig.snapshots.prepare("a", None)
    file = rig.snapshots.upper_dir("a") / "f"
    file.write_text("x")
    inode = file.stat().st_ino
    rig.snapshots.commit("done", "a")
    assert (rig.snapshots.upper_dir("done") / "f").stat().st_ino == inode


def test_after_a_crash_rows_and_directories_agree_again(rig: Rig) -> None:
    rig.layer("base", None)
    rig.snapshots.prepare("c", "base")
    directory = rig.snapshots.upper_dir("c").parent
    for name in ("fs", "work"):
        os.rmdir(directory / name)
    directory.rmdir()
    stray = rig.root / "snapshots" / "999"
    (stray / "fs").mkdir(parents=True)
    again = OverlaySnapshotter(rig.root / "snapshots", rig.db)
    again.recover()
    assert not stray.exists()
    assert again.sweep() == 1
    with rig.mounted("c") as root:
        assert (root / "base").read_text() == "base"
