"""What a process is told: its arguments and its environment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.errors import InvalidArgument
from sampan.models.container import ContainerConfig, argv

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def arguments(config: ContainerConfig) -> list[str]:
    """The entrypoint followed by the command. Raises InvalidArgument if there is nothing to run."""
    entrypoint = argv(config.entrypoint)
    # [""] is how the API says "no entrypoint, not even the image's".
    if entrypoint == [""]:
        entrypoint = []
    found = [*entrypoint, *argv(config.cmd)]
    if not found:
        raise InvalidArgument("no command specified", kind="container")
    return found


def container_environment(config: ContainerConfig, *, hostname: str, home: str) -> list[str]:
    """PATH, HOSTNAME, TERM with a terminal, HOME; each unless the config sets or removes it."""
    defaults = [f"PATH={DEFAULT_PATH}", f"HOSTNAME={hostname}"]
    if config.tty:
        defaults.append("TERM=xterm")
    env = replace_or_append(defaults, config.env or ())
    return with_home(env, home)


def with_home(env: Sequence[str], home: str) -> list[str]:
    """``env`` with a HOME; an empty one counts as none, ``/`` stands in for an unknown home."""
    if any(text.startswith("HOME=") and text != "HOME=" for text in env):
        return list(env)
    return [*(text for text in env if text != "HOME="), f"HOME={home or '/'}"]


def replace_or_append(defaults: Sequence[str], overrides: Iterable[str]) -> list[str]:
    """``defaults`` with each override in place of the entry of its name, new ones at the end.

    An override without ``=`` takes the name away.
    """
    found: dict[str, str | None] = {name_of(text): text for text in defaults}
    for text in overrides:
        found[name_of(text)] = text if "=" in text else None
    return [text for text in found.values() if text is not None]


def name_of(text: str) -> str:
    """The variable's name in ``NAME=value``."""
    return text.partition("=")[0]
