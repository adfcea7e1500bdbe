"""A disk image and a kernel for a virtual machine with pure cgroup v2.

The image is a system of the host's own release, so that the compiled libraries of
our virtual environment fit its Python; the kernel is the release's for virtual machines. Both are
kept in a cache: making them takes a minute, using them again seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import lzma
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import zstandard

from sampan.transfer.bootstrap_debian import plan_debian

_REPOSITORY = Path(__file__).parents[2]
_PACKAGES = (
    "busybox-static,crun,conmon,libnftables1,libseccomp2,golang-github-containers-common,python3-minimal,"
    "libpython3-stdlib,iproute2,procps,tini"
)
_HOST_PACKAGES = ("qemu-system-x86", "kmod", "e2fsprogs", "mmdebstrap")
_KERNELS = {"debian": "linux-image-cloud-amd64", "ubuntu": "linux-image-virtual"}
_DISK = "1500M"
# What the first stage needs to find the disk; the rest is loaded from there.
_FIRST_MODULES = ("virtio_pci", "virtio_blk", "ext4")

_FIRST_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules); do /bin/busybox insmod /$module; done
until [ -b /dev/vda ]; do /bin/busybox usleep 10000; done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /sbin/vm-init
"""
_SECOND_INIT = """#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for module in overlay veth bridge nf_tables nft_ct nft_masq nft_chain_nat nf_nat; do
    busybox modprobe $module
done
ip link set lo up
python3 /opt/scenario.py > /dev/ttyS0 2>&1
echo "VM-END $?" > /dev/ttyS0
sync
echo o > /proc/sysrq-trigger
busybox sleep 60
"""


class Machine:
    """Where kernel, first stage and disk lie."""

    def __init__(self, directory: Path) -> None:
        self.kernel = directory / "vmlinuz"
        self.initrd = directory / "initrd"
        self.disk = directory / "disk"


def cached_machine() -> Machine:
    """The machine for this tree's virtual environment, made if the cache does not have it."""
    _install(_HOST_PACKAGES)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sampan-vm"
    directory = cache / _key()
    if not (directory / "complete").exists():
        shutil.rmtree(cache, ignore_errors=True)
        directory.mkdir(parents=True)
        _make(directory)
        (directory / "complete").touch()
    return Machine(directory)


def _key() -> str:
    """Changes with what the image is made of; our own code is put in at every run."""
    parts = [(_REPOSITORY / "pyproject.toml").read_bytes(), Path(__file__).read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _run(*argv: str, **options: object) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} failed: {done.stderr[-2000:]}")
    return str(done.stdout)


def _install(packages: tuple[str, ...]) -> None:
    known = [
        name for name in packages if subprocess.run(["dpkg", "-s", name], capture_output=True).returncode == 0
    ]
    missing = [name for name in packages if name not in known]
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run("apt-get", "install", "-y", "-q", "--no-install-recommends", *missing, env=environment)


def _make(directory: Path) -> None:
    work = directory / "work"
    work.mkdir()
    kernel = _unpack_kernel(work)
    version = next((kernel / "lib/modules").iterdir()).name
    shutil.copy(kernel / "boot" / f"vmlinuz-{version}", directory / "vmlinuz")
    root = work / "root"
    release = platform.freedesktop_os_release()
    plan = asyncio.run(plan_debian(release["ID"], release["VERSION_CODENAME"]))
    mirrors = [source.line() for source in plan.sources]
    options = ("--quiet", "--variant=minbase", f"--include={_PACKAGES}")
    _run("mmdebstrap", *options, plan.suite, str(root), *mirrors)
    shutil.copytree(kernel / "lib/modules", root / "usr/lib/modules", dirs_exist_ok=True, symlinks=True)
    packages = root / "opt/packages"
    source = _REPOSITORY / ".venv/lib" / f"python3.{sys.version_info.minor}/site-packages"
    names = ("aiohttp", "aiosignal", "attr", "attrs", "frozenlist", "idna", "isal", "msgspec", "multidict", "propcache",
             "typing_extensions.py", "uvloop", "yarl", "zstandard", "aiohappyeyeballs")  # fmt: skip
    packages.mkdir(parents=True)
    for name in names:
        if (source / name).is_dir():
            shutil.copytree(source / name, packages / name)
        else:
            shutil.copy(source / name, packages / name)
    init = root / "sbin/vm-init"
    init.write_text(_SECOND_INIT)
    init.chmod(0o755)
    (directory / "disk").touch()
    _run("truncate", "-s", _DISK, str(directory / "disk"))
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(directory / "disk"))
    (directory / "initrd").write_bytes(_first_stage(kernel / "lib/modules" / version))
    shutil.rmtree(work)


def _distributions() -> list[str]:
    """The host's distribution, and those that it is made from."""
    release = platform.freedesktop_os_release()
    return [release["ID"], *release.get("ID_LIKE", "").split()]


def _unpack_kernel(work: Path) -> Path:
    name = next(_KERNELS[known] for known in _distributions() if known in _KERNELS)
    depends = _run("apt-cache", "depends", name)
    package = next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image" in line)
    # Ubuntu has the modules in a package of their own.
    modules_package = package.replace("linux-image-", "linux-modules-")
    packages = [package, *([modules_package] if _run("apt-cache", "pkgnames", modules_package) else [])]
    _run("apt-get", "download", "-q", *packages, cwd=work)
    root = work / "kernel"
    for downloaded in work.glob("*.deb"):
        _run("dpkg-deb", "-x", str(downloaded), str(root))
    modules = root / "lib/modules"
    if not modules.exists():
        modules.parent.mkdir(exist_ok=True)
        modules.symlink_to(root / "usr/lib/modules")
    for suffix, unpack in ((".xz", lzma.decompress), (".zst", zstandard.ZstdDecompressor().decompress)):
        for packed in modules.rglob(f"*.ko{suffix}"):
            packed.with_suffix("").write_bytes(unpack(packed.read_bytes()))
            packed.unlink()
    _run("depmod", "-b", str(root), next(modules.iterdir()).name)
    return root


def _first_stage(modules: Path) -> bytes:
    needed: list[str] = []
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, depends = line.partition(":")
        if Path(name).stem in _FIRST_MODULES:
            needed += [path for path in (*reversed(depends.split()), name) if path not in needed]
    members = {
        "init": (_FIRST_INIT.encode(), 0o755),
        "bin/busybox": (Path("/bin/busybox").read_bytes(), 0o755),
    }
    for path in needed:
        members[Path(path).name] = ((modules / path).read_bytes(), 0o644)
    members["modules"] = ("\n".join(Path(path).name for path in needed).encode(), 0o644)
    return cpio(members)


def cpio(members: dict[str, tuple[bytes, int]]) -> bytes:
    """An archive in cpio's newc format, which the kernel unpacks as its first root."""
    out = bytearray()
    entries = [
        ("bin", b"", 0o40755),
        *((name, data, 0o100000 | mode) for name, (data, mode) in members.items()),
    ]
    for number, (name, data, mode) in enumerate([*entries, ("TRAILER!!!", b"", 0)], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)
