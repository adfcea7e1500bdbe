"""How a snapshot is mounted, as a value."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, kw_only=True)
class MountSpec:
    """One mount. A bind shows ``source``; an overlay has ``lower`` (topmost first), and ``upper`` and ``work`` if writable."""

    kind: Literal["overlay", "bind"]
    source: str = ""
    lower: tuple[str, ...] = ()
    upper: str | None = None
    work: str | None = None
    read_only: bool = False
