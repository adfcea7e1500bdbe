"""The engine that the compatibility tests talk to: a private daemon of ours, or another one to compare with."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from sampan.testing.daemon_process import DaemonProcess


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineUnderTest:
    """Where it listens, and which one it is."""

    url: str
    shared: Path
    daemon: DaemonProcess | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is not a Docker."""
        return self.daemon is not None

    @property
    def network_link(self) -> str:
        """The host's network namespace as the engine sees it."""
        return self.daemon.network_link if self.daemon is not None else os.readlink("/proc/self/ns/net")

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return self.url.removeprefix("unix://")
