"""A client that finds no daemon starts one, once, and says why if it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_SCENARIO = Path(__file__).parent / "autostart_scenario.sh"


def test_clients_start_one_daemon_or_say_why_not() -> None:
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--propagation", "private", "sh", str(_SCENARIO), sys.executable],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[:4] == ["answers: linux linux", "started: 1", "session of its own: yes", "refused: 1"], (
        done.stdout
    )
    assert "the daemon could not start:" in done.stdout
    assert "nonsense" in done.stdout
