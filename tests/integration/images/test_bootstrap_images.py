"""Base images without a registry: from busybox, and once from real Debian packages."""

from __future__ import annotations

import platform
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sampan.errors import InvalidArgument, Unavailable
from sampan.testing.image_rig import ImageRig
from sampan.transfer.bootstrap_busybox import busybox_tar


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ImageRig]:
    async with ImageRig.opened(tmp_path) as opened:
        yield opened


async def bootstrap(rig: ImageRig, name: str, suite: str = "") -> list[str]:
    return [message.status async for message in await rig.bootstrap_image(name, suite)]


async def test_busybox(rig: ImageRig) -> None:
    said = await bootstrap(rig, "busybox")
    record = rig.images.resolve("busybox:latest")
    assert said == [record.id]
    root = rig.snapshots.upper_dir(record.chain_id)
    assert (root / "bin/sh").readlink() == Path("busybox")
    assert (root / "bin/ls").is_symlink()
    assert stat.S_IMODE((root / "bin/busybox").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    assert stat.S_IMODE((root / "root").stat().st_mode) == 0o700
    assert (root / "etc/passwd").read_text().startswith("root:x:0:0:root:/root:/bin/sh\n")
    assert "users:x:100:" in (root / "etc/group").read_text()
    shown = await rig.inspect_image("busybox")
    assert shown.config.cmd == ["sh"]
    assert shown.config.env == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]


async def test_busybox_is_the_same_each_time(rig: ImageRig) -> None:
    await bootstrap(rig, "busybox")
    first = rig.images.resolve("busybox").chain_id
    await bootstrap(rig, "busybox")
    assert rig.images.resolve("busybox").chain_id == first


async def test_a_busybox_that_needs_libraries_is_refused(tmp_path: Path) -> None:
    dynamic = tmp_path / "busybox"
    dynamic.write_bytes(Path("/bin/ls").read_bytes())
    for program in (dynamic, tmp_path / "missing"):
        with pytest.raises(Unavailable) as caught:
            async for _ in busybox_tar(program):
                pass
        assert "busybox-static" in caught.value.message


@pytest.mark.parametrize(
    ("name", "suite"), [("fedora", ""), ("", ""), ("debian", "--help"), ("busybox", "x"), ("../debian", "")]
)
async def test_what_cannot_be_made_is_refused(rig: ImageRig, name: str, suite: str) -> None:
    before = rig.state()
    with pytest.raises(InvalidArgument):
        await bootstrap(rig, name, suite)
    assert rig.state() == before


@pytest.mark.timeout(300)
async def test_a_distribution(rig: ImageRig) -> None:
    """The one test that fetches packages, from the mirror that this machine's apt uses."""
    release = platform.freedesktop_os_release()
    name, suite = release["ID"], release["VERSION_CODENAME"]
    said = await bootstrap(rig, name, suite)
    record = rig.images.resolve(f"{name}:{suite}")
    assert said[-1] == record.id
    assert any(suite in line for line in said[:-1])
    root = rig.snapshots.upper_dir(record.chain_id)
    assert f"VERSION_CODENAME={suite}\n" in (root / "usr/lib/os-release").read_text()
    assert (root / "bin/bash").exists()
    assert not (root / "etc/resolv.conf").exists()
    assert not (root / "etc/hostname").exists()
    shown = await rig.inspect_image(f"{name}:{suite}")
    assert shown.config.cmd == ["bash"]
    assert shown.config.labels == {
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": suite,
    }
    await rig.remove_image(f"{name}:{suite}")
    assert rig.state()["blobs"] == []
