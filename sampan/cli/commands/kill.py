"""``sampan kill``."""

from __future__ import annotations

from sampan.cli.commands.simple import given, post_each
from sampan.cli.flags import Flag

COMMAND = post_each(
    "kill",
    "Send a signal to running containers, KILL if none is named",
    flags=(Flag("signal", "s", "string", "Name or number of the signal"),),
    values=lambda parsed: given(parsed, signal="signal"),
    examples=("kill web", "kill --signal HUP web"),
)
