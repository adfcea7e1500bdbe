"""What the client imports: little at its start, and nothing that only Linux has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[3]
# Each takes longer to import than a light command takes to run; a command that needs one imports it itself.
_HEAVY = (
    "aiohttp", "argparse", "asyncio", "concurrent.futures", "ctypes", "email", "http.client", "logging",
    "multiprocessing", "rich", "sqlite3", "ssl", "subprocess", "tarfile", "uvloop",
)  # fmt: skip
# What a command may import that reads or sends objects, and no other.
_TYPED = ("inspect", "msgspec")
# Modules of Python that exist on Unix or Linux alone.
_UNIX_ONLY = ("crypt", "curses", "fcntl", "grp", "posix_ipc", "pty", "pwd", "readline", "resource", "syslog",
              "termios", "tty")  # fmt: skip
# `python -c pass` has about 30 modules and each further one costs 0.1 to 1 ms.
_MOST_MODULES = 150

_ELSEWHERE = """
import importlib, importlib.abc, json, os, pathlib, pkgutil, selectors, signal, socket, sys, tempfile, threading
import asyncio, contextlib, getpass, shutil, subprocess, tarfile, uuid

class Elsewhere(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in UNIX_ONLY:
            raise ImportError(f"{name} is not on this platform", name=name)
        return None

for name in UNIX_ONLY:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Elsewhere())
for module, names in GONE.items():
    for name in names:
        delattr(sys.modules[module], name)
sys.platform = "win32"

def walk(root):
    package = importlib.import_module(root)
    yield root
    for found in pkgutil.iter_modules(package.__path__, root + "."):
        if found.ispkg:
            yield from walk(found.name)
        else:
            yield found.name

failed = {}
count = 0
for root in ROOTS:
    for name in walk(root):
        count += 1
        try:
            importlib.import_module(name)
        except (ImportError, AttributeError) as error:
            failed[name] = repr(error)
print(json.dumps([count, failed]))
"""
_GONE = {
    "os": [
        "fork",
        "geteuid",
        "getuid",
        "getgid",
        "getpgid",
        "killpg",
        "setsid",
        "uname",
        "mkfifo",
        "pidfd_open",
    ],
    "signal": ["SIGHUP", "SIGKILL", "SIGWINCH", "SIGCHLD", "SIGUSR1", "SIGQUIT", "pthread_sigmask"],
    "socket": ["AF_UNIX"],
}


def _python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _modules_of(program: str) -> set[str]:
    listed: list[str] = json.loads(
        _python(f"{program}\nimport sys, json; print('\\n' + json.dumps(sorted(sys.modules)))").splitlines()[
            -1
        ]
    )
    return set(listed)


@pytest.fixture(scope="module")
def own() -> set[str]:
    """What any Python here has imported before it runs a line (the finder of editable installs among it)."""
    return _modules_of("")


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["--version"], _HEAVY + _TYPED),
        # A list of commands has each one's own sentence, from its module.
        (["--help"], _HEAVY),
        (["image", "--help"], _HEAVY),
        (["no-such-command"], _HEAVY + _TYPED),
        (["run", "--help"], _HEAVY),
        (["ps", "--no-such-flag"], _HEAVY),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_start_is_light(words: list[str], refused: tuple[str, ...], own: set[str]) -> None:
    more = _modules_of(f"from sampan.cli.main import main\nmain({words!r})") - own
    heavy = {name for name in more for root in refused if name == root or name.startswith(root + ".")}
    assert heavy == set()
    assert len(more) <= _MOST_MODULES, sorted(more)


def test_starting_the_client_imports_no_server_folder(own: set[str]) -> None:
    more = _modules_of("import sampan.cli.main") - own
    allowed = (
        "sampan.cli",
        "sampan.client",
        "sampan.wire",
        "sampan.models",
        "sampan.errors",
        "sampan.version",
    )
    outside = {name for name in more if name.startswith("sampan.") and not name.startswith(allowed)}
    assert outside == set()


def test_every_module_of_the_client_imports_where_linux_is_not() -> None:
    """Without Unix's own modules and without the names that Windows' Python lacks."""
    roots = ("sampan.cli", "sampan.client", "sampan.wire", "sampan.models", "sampan.oci")
    program = f"UNIX_ONLY = {_UNIX_ONLY!r}\nGONE = {_GONE!r}\nROOTS = {roots!r}\n{_ELSEWHERE}"
    count, failed = json.loads(_python(program).splitlines()[-1])
    assert count > 50
    assert failed == {}


def test_the_client_needs_msgspec_at_most() -> None:
    """The packages of the daemon's extra may be missing where only the client is installed."""
    roots = ("sampan.cli", "sampan.client", "sampan.wire", "sampan.models")
    missing = ("aiohttp", "isal", "uvloop", "zstandard", "docker", "rich", "pytest")
    program = f"UNIX_ONLY = {missing!r}\nGONE = {{}}\nROOTS = {roots!r}\n{_ELSEWHERE}"
    assert json.loads(_python(program).splitlines()[-1])[1] == {}
