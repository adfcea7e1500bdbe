"""Layers from strangers: nothing is ever written outside the target, and the refusal names the member."""

from __future__ import annotations

import gzip
import io
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sampan.diff.apply import Applied, apply_layer
from sampan.errors import InvalidArgument, TooLarge

Fill = Callable[[tarfile.TarFile], None]


def _layer(path: Path, fill: Fill) -> Path:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        fill(archive)
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **fields: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    for field, value in fields.items():
        setattr(member, field, value)
    return member


def _file(archive: tarfile.TarFile, name: str, data: bytes = b"x") -> None:
    member = _member(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


async def _apply(tmp_path: Path, fill: Fill, **options: int) -> tuple[Path, Applied]:
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    applied = await apply_layer(_layer(tmp_path / "layer.tar", fill), target=target, **options)  # type: ignore[arg-type]
    return target, applied


def _all(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def _dotdot(archive: tarfile.TarFile) -> None:
    _file(archive, "../canary")


def _deep_dotdot(archive: tarfile.TarFile) -> None:
    _file(archive, "a/b/../../../canary")


def _hard_link_out(archive: tarfile.TarFile) -> None:
    archive.addfile(_member("stolen", tarfile.LNKTYPE, "../secret"))


def _whiteout_dotdot(archive: tarfile.TarFile) -> None:
    _file(archive, "a/.wh...", b"")


def _whiteout_nothing(archive: tarfile.TarFile) -> None:
    _file(archive, ".wh.", b"")


def _overlay_xattr(archive: tarfile.TarFile) -> None:
    member = _member("d", tarfile.DIRTYPE, mode=0o755)
    member.pax_headers = {"SCHILY.xattr.trusted.overlay.redirect": "/etc"}
    archive.addfile(member)


def _root_is_a_file(archive: tarfile.TarFile) -> None:
    _file(archive, "./")


def _strange_type(archive: tarfile.TarFile) -> None:
    archive.addfile(_member("strange", b"Q"))


def _huge_owner(archive: tarfile.TarFile) -> None:
    archive.addfile(_member("owned", uid=1 << 40))


@pytest.mark.parametrize(
    "fill",
    [
        _dotdot,
        _deep_dotdot,
        _hard_link_out,
        _whiteout_dotdot,
        _whiteout_nothing,
        _overlay_xattr,
        _root_is_a_file,
        _huge_owner,
        _strange_type,
    ],
)
async def test_a_hostile_member_is_refused_and_nothing_escapes(tmp_path: Path, fill: Fill) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "layer.tar").touch()
    (tmp_path / "target").mkdir()
    before = {name for name in _all(tmp_path) if not name.startswith("target")}
    with pytest.raises(InvalidArgument):
        await _apply(tmp_path, fill)
    assert {name for name in _all(tmp_path) if not name.startswith("target")} == before
    assert (tmp_path / "secret").stat().st_nlink == 1


async def test_absolute_names_are_taken_from_the_root(tmp_path: Path) -> None:
    outside = tmp_path / "canary"
    target, _ = await _apply(tmp_path, lambda archive: _file(archive, str(outside)))
    assert not outside.exists()
    assert (target / str(outside).lstrip("/")).read_bytes() == b"x"


async def test_a_planted_symlink_leads_nowhere_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()

    def fill(archive: tarfile.TarFile) -> None:
        archive.addfile(_member("door", tarfile.SYMTYPE, str(outside)))
        _file(archive, "door/canary")
        archive.addfile(_member("up", tarfile.SYMTYPE, "../../../../../../../.."))
        _file(archive, f"up{outside}/canary")

    target, _ = await _apply(tmp_path, fill)
    assert list(outside.iterdir()) == []
    assert (target / "door").is_dir()


async def test_a_hard_link_to_a_symlink_links_the_symlink(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")

    def fill(archive: tarfile.TarFile) -> None:
        archive.addfile(_member("sym", tarfile.SYMTYPE, str(tmp_path / "secret")))
        archive.addfile(_member("hard", tarfile.LNKTYPE, "sym"))

    target, _ = await _apply(tmp_path, fill)
    assert (target / "hard").is_symlink()
    assert (tmp_path / "secret").stat().st_nlink == 1


async def test_damage_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    def fill(archive: tarfile.TarFile) -> None:
        for number in range(9):
            _file(archive, f"f{number}")

    path = _layer(tmp_path / "whole.tar", fill)
    data = bytearray(path.read_bytes())
    data[4 * 1024 + 150] ^= 0xFF
    path.write_bytes(data)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument, match="damaged"):
        await apply_layer(path, target=target)


@pytest.mark.parametrize("cut", [100, 512, 700, 1500])
async def test_a_layer_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    path = _layer(tmp_path / "whole.tar", lambda archive: _file(archive, "f", b"y" * 5000))
    path.write_bytes(path.read_bytes()[:cut])
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument):
        await apply_layer(path, target=target)


async def test_a_cut_gzip_is_refused(tmp_path: Path) -> None:
    path = _layer(tmp_path / "whole.tar", lambda archive: _file(archive, "f", os.urandom(50_000)))
    packed = tmp_path / "layer.tar.gz"
    packed.write_bytes(gzip.compress(path.read_bytes())[:-20])
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument):
        await apply_layer(packed, target=target)


async def test_a_bomb_stops_at_its_limit(tmp_path: Path) -> None:
    packed = tmp_path / "bomb.tar.gz"
    plain = _layer(tmp_path / "bomb.tar", lambda archive: _file(archive, "zeros", bytes(20 << 20)))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(TooLarge, match="unpacks to more than"):
        await apply_layer(packed, target=target, limit_bytes=1 << 20)


async def test_what_a_layer_may_hold_comes_out_as_it_is(tmp_path: Path) -> None:
    long = "d/" + "n" * 200 + "/" + "m" * 200

    def fill(archive: tarfile.TarFile) -> None:
        archive.addfile(_member("d", tarfile.DIRTYPE, mode=0o1777, uid=7, gid=8, mtime=1000))
        program = _member("d/program", mode=0o4755, uid=70_000, gid=80_000, mtime=12)
        program.size = 3
        program.pax_headers = {"mtime": "12.000000345", "SCHILY.xattr.user.note": "hello"}
        archive.addfile(program, io.BytesIO(b"abc"))
        archive.addfile(_member("d/again", tarfile.LNKTYPE, "d/program"))
        archive.addfile(_member("d/link", tarfile.SYMTYPE, "program"))
        archive.addfile(_member("d/null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3))
        archive.addfile(_member("d/pipe", tarfile.FIFOTYPE, mode=0o600))
        _file(archive, long, b"long")
        _file(archive, "d/twice", b"first")
        _file(archive, "d/twice", b"second")
        _file(archive, ".wh.gone", b"")
        archive.addfile(_member("opaque", tarfile.DIRTYPE, mode=0o755))
        _file(archive, "opaque/.wh..wh..opq", b"")
        _file(archive, "opaque/.wh..wh.plnk", b"")

    target, _ = await _apply(tmp_path, fill)
    status = (target / "d/program").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (70_000, 80_000, 0o4755)
    assert (status.st_mtime_ns, status.st_nlink) == (12_000_000_345, 2)
    assert os.getxattr(target / "d/program", "user.note") == b"hello"
    directory = (target / "d").stat()
    assert (stat.S_IMODE(directory.st_mode), directory.st_uid, directory.st_mtime) == (0o1777, 7, 1000)
    assert (target / "d/link").readlink() == Path("program")
    null = (target / "d/null").stat()
    assert (os.major(null.st_rdev), os.minor(null.st_rdev)) == (1, 3)
    assert stat.S_ISFIFO((target / "d/pipe").stat().st_mode)
    assert (target / long).read_bytes() == b"long"
    assert (target / "d/twice").read_bytes() == b"second"
    gone = (target / "gone").lstat()
    assert stat.S_ISCHR(gone.st_mode)
    assert gone.st_rdev == 0
    assert os.getxattr(target / "opaque", "trusted.overlay.opaque") == b"y"
    assert os.listdir(target / "opaque") == []


async def test_a_sparse_file_stays_sparse(tmp_path: Path) -> None:
    holes = tmp_path / "holes"
    with holes.open("wb") as file:
        file.write(b"head")
        file.seek(8 << 20)
        file.write(b"tail")
    layer = tmp_path / "sparse.tar"
    subprocess.run(["tar", "-C", str(tmp_path), "-S", "-cf", str(layer), "holes"], check=True)
    target = tmp_path / "target"
    target.mkdir()
    await apply_layer(layer, target=target)
    assert (target / "holes").read_bytes() == holes.read_bytes()
    assert (target / "holes").stat().st_blocks * 512 < 1 << 20


async def test_an_implied_directory_looks_as_it_does_below(tmp_path: Path) -> None:
    lower = tmp_path / "lower"
    (lower / "srv").mkdir(parents=True)
    os.chown(lower / "srv", 33, 44)
    os.chmod(lower / "srv", 0o2770)
    target = tmp_path / "target"
    target.mkdir()
    layer = _layer(tmp_path / "layer.tar", lambda archive: _file(archive, "srv/file"))
    await apply_layer(layer, target=target, lower=[lower])
    status = (target / "srv").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (33, 44, 0o2770)


_LATE_IMPORT = """
import sys
from sampan.diff.worker import _confine
_confine(sys.argv[1])
try:
    import colorsys
except ImportError:
    print("refused")
"""


def test_a_layer_cannot_bring_code_for_the_unpacking_process(tmp_path: Path) -> None:
    """A module that is imported late lies in the layer where the process would look for it."""
    assert "colorsys" not in sys.modules
    target = tmp_path / "target"
    for place in {str(Path(path)) for path in sys.path if path.startswith("/")}:
        planted = target / place.lstrip("/")
        if planted.suffix != ".zip":
            planted.mkdir(parents=True, exist_ok=True)
            (planted / "colorsys.py").write_text("print('sprung')")
    done = subprocess.run(
        [sys.executable, "-P", "-c", _LATE_IMPORT, str(target)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.stdout == "refused\n", done.stderr


async def test_a_chain_of_long_names_is_damage_not_a_crash(tmp_path: Path) -> None:
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 512
    block = name.tobuf(tarfile.GNU_FORMAT) + b"n" * 511 + b"\0"
    path = tmp_path / "layer.tar"
    path.write_bytes(block * 3000 + bytes(1024))
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument):
        await apply_layer(path, target=target)


async def test_a_name_of_gigabytes_is_damage_not_memory(tmp_path: Path) -> None:
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 6 << 30
    plain = tmp_path / "layer.tar"
    with plain.open("wb") as file:
        file.write(name.tobuf(tarfile.GNU_FORMAT))
        file.truncate(6 << 30)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(InvalidArgument):
        await apply_layer(plain, target=target)
