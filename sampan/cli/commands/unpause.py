"""``sampan unpause``."""

from __future__ import annotations

from sampan.cli.commands.simple import post_each

COMMAND = post_each("unpause", "Let frozen containers go on", examples=("unpause web",))
