"""The commands by their words: the module that has each, imported when it is used."""

from __future__ import annotations

_PREFIX = "sampan.cli.commands."

# A command's words and its module; several names may share one.
COMMANDS: dict[str, str] = {
    "attach": "attach",
    "container attach": "attach",
    "container create": "create",
    "container exec": "exec",
    "container inspect": "container_inspect",
    "container kill": "kill",
    "container logs": "logs",
    "container list": "ps",
    "container ls": "ps",
    "container pause": "pause",
    "container port": "port",
    "container prune": "container_prune",
    "container ps": "ps",
    "container rename": "rename",
    "container restart": "restart",
    "container remove": "rm",
    "container rm": "rm",
    "container run": "run",
    "container start": "start",
    "container stop": "stop",
    "container top": "top",
    "container unpause": "unpause",
    "container wait": "wait",
    "create": "create",
    "events": "events",
    "exec": "exec",
    "history": "history",
    "image bootstrap": "image_bootstrap",
    "image history": "history",
    "image import": "import_",
    "image inspect": "image_inspect",
    "image list": "images",
    "image load": "load",
    "image ls": "images",
    "image prune": "image_prune",
    "image remove": "rmi",
    "image rm": "rmi",
    "image save": "save",
    "image tag": "tag",
    "images": "images",
    "import": "import_",
    "info": "info",
    "inspect": "inspect",
    "kill": "kill",
    "load": "load",
    "logs": "logs",
    "network inspect": "network_inspect",
    "network list": "network_ls",
    "network ls": "network_ls",
    "pause": "pause",
    "port": "port",
    "ps": "ps",
    "rename": "rename",
    "restart": "restart",
    "rm": "rm",
    "rmi": "rmi",
    "run": "run",
    "save": "save",
    "start": "start",
    "stop": "stop",
    "system events": "events",
    "system info": "info",
    "tag": "tag",
    "top": "top",
    "unpause": "unpause",
    "version": "version",
    "wait": "wait",
}

GROUPS: dict[str, str] = {
    "container": "Manage containers",
    "image": "Manage images",
    "network": "Look at networks",
    "system": "Look at the engine",
}


def module_of(words: str) -> str:
    """The full name of a command's module."""
    return _PREFIX + COMMANDS[words]


def find(argv: list[str]) -> tuple[str, list[str]] | None:
    """The command that a line begins with, and the rest of the line; None if there is none."""
    for count in (2, 1):
        words = " ".join(argv[:count])
        if len(argv) >= count and words in COMMANDS:
            return words, argv[count:]
    return None


def aliases(words: str) -> list[str]:
    """Every spelling of a command, those with a noun first."""
    names = [name for name, module in COMMANDS.items() if module == COMMANDS[words]]
    return sorted(names, key=lambda name: (" " not in name, name))


def nearest(words: list[str]) -> str:
    """A command that unknown ``words`` may have meant; empty if nothing is near."""
    from difflib import get_close_matches

    head = words[0]
    if head in GROUPS:
        known = [name for name in COMMANDS if name.startswith(f"{head} ")]
        return next(iter(get_close_matches(" ".join(words[:2]), known, 1, 0.8)), "")
    known = sorted({name for name in COMMANDS if " " not in name} | set(GROUPS))
    return next(iter(get_close_matches(head, known, 1)), "")
