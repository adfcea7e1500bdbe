"""``sampan restart``."""

from __future__ import annotations

from sampan.cli.commands.simple import given, post_each
from sampan.cli.commands.stop import FLAGS

COMMAND = post_each(
    "restart",
    "Stop containers and start them again",
    flags=FLAGS,
    values=lambda parsed: given(parsed, signal="signal", t="timeout"),
    examples=("restart web",),
    together=False,
)
