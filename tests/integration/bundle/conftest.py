"""A root file system of this machine's own programs, and crun to run planned specs in it."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from sampan.bundle.capabilities import ALL
from sampan.bundle.plan import plan_bundle
from sampan.bundle.request import BundleRequest, HostFiles
from sampan.bundle.users import ResolvedUser
from sampan.linux.host_facts import HostFacts, read_host
from sampan.linux.seccomp_filter import FilterCompiler
from sampan.models.container import ContainerConfig, HostConfig
from sampan.oci.runtime_spec import Spec, encode

PROFILE = Path("/usr/share/containers/seccomp.json")


@pytest.fixture(scope="session")
def host() -> HostFacts:
    return read_host(ALL)


@pytest.fixture(scope="session")
def compiler() -> FilterCompiler:
    return FilterCompiler()


@dataclasses.dataclass
class Box:
    """Runs planned containers under a state directory and a cgroup of its own."""

    directory: Path
    host: HostFacts
    compiler: FilterCompiler
    cgroup: str

    @property
    def rootfs(self) -> Path:
        return self.directory / "rootfs"

    def request(self, argv: list[str], host_config: HostConfig, **changes: object) -> BundleRequest:
        request = BundleRequest(
            container_id=f"box{os.getpid()}",
            config=ContainerConfig(cmd=argv),
            host_config=host_config,
            rootfs=str(self.rootfs),
            hostname="boxed",
            host_files=HostFiles(resolv_conf=None, hosts=None, hostname=None),
            netns_path="",
            user=ResolvedUser(uid=0, gid=0, additional_gids=(0,), home="/root"),
            cgroup_parent=self.cgroup,
            host=self.host,
            seccomp_profile=PROFILE.read_bytes(),
            seccomp_compiler=self.compiler,
        )
        return dataclasses.replace(request, **changes)  # type: ignore[arg-type]

    def run_spec(self, spec: Spec, *, runtime: str = "crun") -> subprocess.CompletedProcess[str]:
        (self.directory / "config.json").write_bytes(encode(spec))
        return subprocess.run(
            [runtime, f"--root={self.directory / 'state'}", "run", "-b", self.directory, f"box{os.getpid()}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def sh(self, script: str, host_config: HostConfig | None = None, **changes: object) -> str:
        """Output of a shell script in a container; the test fails if it does."""
        request = self.request(["/bin/sh", "-c", script], host_config or HostConfig(), **changes)
        done = self.run_spec(plan_bundle(request))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def python(self, script: str, host_config: HostConfig | None = None, **changes: object) -> object:
        """The JSON that a Python script prints in a container that sees this machine's programs."""
        wanted = host_config or HostConfig()
        program = Path(sys.executable).resolve()
        trees = dict.fromkeys([Path("/usr"), Path(sys.base_prefix).resolve()])
        binds = [
            f"{tree}:{tree}:ro"
            for tree in trees
            if not any(tree != o and tree.is_relative_to(o) for o in trees)
        ]
        for name in ("lib", "lib64"):
            if not (self.rootfs / name).is_symlink():
                (self.rootfs / name).symlink_to(f"usr/{name}")
        request = self.request(
            [str(program), "-I", "-c", script],
            replace(wanted, binds=[*binds, *(wanted.binds or ())]),
            **changes,
        )
        done = self.run_spec(plan_bundle(request))
        assert done.returncode == 0, done.stderr
        value: object = json.loads(done.stdout)
        return value


def _leave_no_cgroup(name: str) -> None:
    base = Path("/sys/fs/cgroup")
    for directory in [*base.glob(f"*{name}"), *base.glob(f"*/{name.lstrip('/')}"), base / name.lstrip("/")]:
        if directory.is_dir():
            directory.rmdir()


@pytest.fixture
def box(tmp_path: Path, host: HostFacts, compiler: FilterCompiler) -> Iterator[Box]:
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox-static is needed"
    directory = tmp_path / "bundle"
    binaries = directory / "rootfs/bin"
    binaries.mkdir(parents=True)
    for name in ("etc", "root", "tmp"):
        (directory / "rootfs" / name).mkdir()
    shutil.copy(busybox, binaries / "busybox")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        if name != "busybox":
            (binaries / name).symlink_to("busybox")
    cgroup = f"/sampantest{os.getpid()}"
    yield Box(directory, host, compiler, cgroup)
    _leave_no_cgroup(cgroup)
