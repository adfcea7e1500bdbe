"""``./dev``: what it says when it cannot go on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[3]


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=_REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_scripts_can_be_executed_and_parsed(script: str) -> None:
    assert os.access(_REPOSITORY / script, os.X_OK)
    done = _run("bash", "-n", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_command_shows_the_usage() -> None:
    done = _run("./dev", "no-such-command")
    assert done.returncode != 0
    assert "./dev setup | run" in done.stdout + done.stderr


def test_help_names_every_command() -> None:
    done = _run("./dev", "help")
    assert done.returncode == 0
    handled = re.findall(r"^  (\w+)\)", (_REPOSITORY / "dev").read_text(), flags=re.MULTILINE)
    assert handled
    assert [name for name in handled if name not in done.stdout] == []


@pytest.mark.parametrize("command", ["run", "test", "bench"])
def test_without_root_it_says_so(command: str) -> None:
    if os.geteuid() == 0:
        done = _run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "./dev", command)
    else:
        done = _run("./dev", command)
    assert done.returncode != 0
    assert "as root" in done.stderr


def test_the_system_packages_are_documented() -> None:
    script = (_REPOSITORY / "dev").read_text()
    listed = re.findall(r"^PACKAGES=\((.*?)\)", script, flags=re.MULTILINE | re.DOTALL)
    assert len(listed) == 1
    documented = (_REPOSITORY / "docs/dependencies.md").read_text()
    # What the machine's own tools need is not a dependency of the engine.
    tools = {"nftables", "procps", "iproute2", "ca-certificates"}
    assert {name for name in listed[0].split() if name not in documented} <= tools
