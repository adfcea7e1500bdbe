"""Podman, measured inside its own root by one loop, so that entering it is not counted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.engines import rootfs
from bench.measure import Sample, summary

_IMAGE = "localhost/sampan-bench/busybox:latest"
_SCRIPT = """
set -e
podman import -q /run/peers/sampan-bench.tar {image} >/dev/null
podman run -d --name sbench-exec {image} sleep 1000 >/dev/null
for i in $(seq {rounds}); do
  a=$(date +%s%N); podman run --rm {image} true; b=$(date +%s%N); echo run $((b - a))
  a=$(date +%s%N); podman exec sbench-exec true; b=$(date +%s%N); echo exec $((b - a))
done
podman rm -f -t 0 sbench-exec >/dev/null
podman rmi -f {image} >/dev/null
"""


def measure(script: Path, rounds: int) -> dict[str, Sample]:
    """Milliseconds of ``run`` and ``exec``."""
    shared = Path("/run/peers/sampan-bench.tar")
    with rootfs() as archive:
        shutil.copy(archive, shared)
    try:
        done = subprocess.run(
            [str(script), "enter", "bash", "-c", _SCRIPT.format(image=_IMAGE, rounds=rounds)],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shared.unlink()
    if done.returncode != 0:
        raise RuntimeError(f"podman: {done.stderr.strip()[-500:]}")
    times: dict[str, list[float]] = {"run": [], "exec": []}
    for line in done.stdout.splitlines():
        name, _, nanos = line.partition(" ")
        if name in times and nanos.isdigit():
            times[name].append(int(nanos) / 1e6)
    return {name: summary(values) for name, values in times.items()}
