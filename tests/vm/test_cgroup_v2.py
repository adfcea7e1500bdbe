"""The whole engine on cgroup v2: a real kernel without any v1 hierarchy, in a virtual machine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.vm.image import Machine, cached_machine

_REPOSITORY = Path(__file__).parents[2]
_BOOT_S = 240


def _boot(machine: Machine, work: Path) -> str:
    """Run the machine with our code of this moment in it; what it wrote on its console."""
    disk = work / "disk"
    subprocess.run(["cp", "--sparse=always", str(machine.disk), str(disk)], check=True)
    stage = work / "opt"
    shutil.copytree(
        _REPOSITORY / "sampan", stage / "sampan/sampan", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(Path(__file__).with_name("scenario.py"), stage / "scenario.py")
    # debugfs writes files into the image without mounting it.
    commands = ["cd /opt"]
    for path in sorted(stage.rglob("*")):
        name = path.relative_to(stage)
        commands.append(f"mkdir /opt/{name}" if path.is_dir() else f"write {path} /opt/{name}")
    subprocess.run(
        ["debugfs", "-w", "-f", "-", str(disk)],
        input="\n".join(commands),
        text=True,
        capture_output=True,
        check=True,
    )
    qemu = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-nographic",
        "-no-reboot", "-nic", "none", "-kernel", str(machine.kernel), "-initrd", str(machine.initrd),
        "-drive", f"file={disk},if=virtio,format=raw", "-append", "console=ttyS0 quiet panic=-1 cgroup_no_v1=all",
    ]  # fmt: skip
    done = subprocess.run(
        qemu, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_BOOT_S
    )
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    work = tmp_path_factory.mktemp("vm")
    console = _boot(cached_machine(), work)
    shutil.rmtree(work)
    # The firmware's own characters may stand before it.
    lines = [line for line in console.splitlines() if "RESULT {" in line]
    assert lines, f"the machine gave no result:\n{console[-4000:]}"
    told: dict[str, object] = json.loads(lines[-1].partition("RESULT ")[2])
    return told


@pytest.mark.timeout(600)
def test_the_engine_works_on_cgroup_v2(results: dict[str, object]) -> None:
    """One machine, one long story: booting it for each part would take minutes."""
    assert str(results["bootstrap"]).startswith("sha256:")
    assert results["version"] == "2 cgroupfs\n"
    assert results["limits"] == "67108864\n50000 100000\n33\n0::/\n"
    assert results["confined"] == "CapEff:\t00000000a80425fb\nSeccomp:\t2\n"
    assert results["oom_killed"] == "true 137\n"
    assert results["started"] == 64
    assert results["ping"] == "1\n"
    assert results["pause"] == "long\npaused\nlong\n"
    assert "sleep" in str(results["top"])
    assert results["recovered"] == "long running\n"
    assert results["stopped"] == "long\nexited\n"
    assert results["removed"] == "long\nbig\n"
    assert results["teardown"] == 0
    assert results["left"] == []
    assert results["log"] == []
