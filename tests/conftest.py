"""What every test relies on: root where it is needed, no unexpected skip, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

# A skip with another reason than these fails the run in CI.
EXPECTED_SKIPS: frozenset[str] = frozenset()
# Names of what tests make on the host begin so.
PREFIX = "stst"
_ON_DEMAND = ("peers", "slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests on demand out unless a marker expression asks for them; root tests need root."""
    chosen = str(config.getoption("markexpr"))
    left_out = [
        item
        for item in items
        if any(item.get_closest_marker(name) and name not in chosen for name in _ON_DEMAND)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    root_parts = ("/integration/", "/compat/", "/crash/", "/vm/")
    needs_root = any(part in str(item.path) for item in items for part in root_parts)
    if needs_root and os.geteuid() != 0:
        pytest.exit(
            "these tests make namespaces and mounts: run them as root (sudo ./dev test)", returncode=4
        )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in CI that skipped what nobody expected."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    for report in reporter.stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if reason.removeprefix("Skipped: ") not in EXPECTED_SKIPS:
            reporter.write_line(f"unexpected skip: {report.nodeid}: {reason}", red=True)
            session.exitstatus = 1


def _left_behind() -> set[str]:
    """Mounts, interfaces, tables and processes that carry the tests' names."""
    found = {
        f"mount {line.split()[4]}"
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if "/pytest-of-" in line.split()[4]
    }
    found |= {f"interface {name}" for name in os.listdir("/sys/class/net") if name.startswith(PREFIX)}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "/pytest-of-" in command and ("conmon" in command or "sampan.daemon" in command):
            found.add(f"process {entry.name} {command[:80]}")
    if os.geteuid() == 0:
        tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=False).stdout
        found |= {line for line in tables.splitlines() if line.split()[-1].startswith(PREFIX)}
    return found


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Compare the host before and after the whole run."""
    before = _left_behind()
    yield
    left = _left_behind() - before
    assert not left, f"the tests left behind: {sorted(left)}"
