"""What runs inside the virtual machine: the engine and a few containers, on cgroup v2 alone.

Prints one line ``RESULT <json>``; the test on the host decides what is right.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

_ENV = {**os.environ, "PYTHONPATH": "/opt/sampan:/opt/packages", "PYTHONDONTWRITEBYTECODE": "1"}
_LOG = "/tmp/sampand.log"


def daemon() -> subprocess.Popen[bytes]:
    """Start sampand and return when it answers."""
    ready, tell = os.pipe()
    with open(_LOG, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sampan.daemon.main"],
            env={**_ENV, "SAMPAN_READY_FD": str(tell)},
            pass_fds=[tell],
            stdout=log,
            stderr=log,
        )
    os.close(tell)
    if not os.read(ready, 1):
        with open(_LOG) as log_text:
            raise RuntimeError(f"sampand did not start: {log_text.read()}")
    os.close(ready)
    return process


def sampan(*words: str) -> str:
    """Output of a client's command, with its exit code if that is not 0."""
    argv = [sys.executable, "-m", "sampan.cli.main", *words]
    done = subprocess.run(argv, env=_ENV, capture_output=True, text=True, timeout=120)
    return done.stdout + (f"[exit {done.returncode}] {done.stderr}" if done.returncode else "")


def main() -> None:
    """Collect the results."""
    results: dict[str, object] = {}

    def note(name: str, make: Callable[[], object]) -> None:
        try:
            results[name] = make()
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            results[name] = f"{type(error).__name__}: {error}"

    first = daemon()
    note("bootstrap", lambda: sampan("image", "bootstrap", "busybox"))
    note("version", lambda: sampan("info", "-f", "{{.CgroupVersion}} {{.CgroupDriver}}"))
    limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max /proc/self/cgroup"
    run = ("run", "--rm", "-m", "64m", "--cpus", "0.5", "--pids-limit", "33", "busybox", "sh", "-c")
    note("limits", lambda: sampan(*run, limits))
    note(
        "confined",
        lambda: sampan("run", "--rm", "busybox", "grep", "-E", "Seccomp:|CapEff", "/proc/self/status"),
    )
    note(
        "oom",
        lambda: sampan(
            "run", "--name", "big", "-m", "16m", "busybox", "sh", "-c", "x=$(yes | head -c 80000000)"
        ),
    )
    note("oom_killed", lambda: sampan("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "big"))
    note("started", lambda: len(sampan("run", "-d", "--name", "long", "busybox", "sleep", "1000").strip()))
    note(
        "ping",
        lambda: sampan(
            "exec",
            "long",
            "sh",
            "-c",
            "ping -c 1 -W 5 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') | grep -c 'bytes from'",
        ),
    )
    note(
        "pause",
        lambda: sampan("pause", "long") + sampan("ps", "--format", "{{.State}}") + sampan("unpause", "long"),
    )
    note("top", lambda: sampan("top", "long", "-o", "pid,comm"))
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = daemon()
    note("recovered", lambda: sampan("ps", "--format", "{{.Names}} {{.State}}"))
    note(
        "stopped",
        lambda: (
            sampan("stop", "-t", "0", "long")
            + sampan("ps", "-a", "--filter", "name=long", "--format", "{{.State}}")
        ),
    )
    note("removed", lambda: sampan("rm", "long", "big"))
    second.send_signal(signal.SIGTERM)
    second.wait()
    teardown = [sys.executable, "-m", "sampan.daemon.main", "--teardown"]
    note("teardown", lambda: subprocess.run(teardown, env=_ENV, capture_output=True, timeout=120).returncode)
    note("left", lambda: sorted(name for name in os.listdir("/sys/fs/cgroup") if name.startswith("sampan")))
    with open(_LOG) as log:
        results["log"] = [line for line in log if "level=error" in line or "Traceback" in line]
    print("RESULT " + json.dumps(results))  # noqa: T201


if __name__ == "__main__":
    main()
