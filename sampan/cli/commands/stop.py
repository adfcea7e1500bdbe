"""``sampan stop``."""

from __future__ import annotations

from sampan.cli.commands.simple import given, post_each
from sampan.cli.flags import Flag

FLAGS = (
    Flag("signal", "s", "string", "Signal to send first"),
    Flag("timeout", "t", "int", "Seconds to wait before killing", hidden=("time",)),
)

COMMAND = post_each(
    "stop",
    "Stop running containers",
    flags=FLAGS,
    values=lambda parsed: given(parsed, signal="signal", t="timeout"),
    examples=("stop web", "stop --timeout 30 web db"),
)
