"""Named points at which a test may end the daemon as ``kill -9`` would.

``SAMPAN_FAULT=name`` in the environment arms one point, ``name:3`` its third passage.
Unarmed points cost one dictionary look-up. ``python -m sampan.linux.fault`` lists them.
"""

from __future__ import annotations

import os
import signal
import sys

POINTS = (
    "create.prepared",
    "create.stored",
    "network.stored",
    "network.namespace",
    "network.paired",
    "network.removed",
    "start.mounted",
    "start.sandboxed",
    "start.bundled",
    "start.created",
    "start.stored",
    "start.started",
    "exit.noticed",
    "exit.stored",
    "remove.marked",
    "remove.unmounted",
    "remove.snapshot",
    "remove.stored",
)


def _armed() -> dict[str, int]:
    text = os.environ.get("SAMPAN_FAULT", "")
    name, _, count = text.partition(":")
    return {name: int(count or "1")} if name in POINTS else {}


_left = _armed()


def point(name: str) -> None:
    """Kill this process here if the point is armed and its turn has come."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.stdout.write("\n".join(POINTS) + "\n")
