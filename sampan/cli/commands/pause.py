"""``sampan pause``."""

from __future__ import annotations

from sampan.cli.commands.simple import post_each

COMMAND = post_each("pause", "Freeze every process of containers", examples=("pause web",))
