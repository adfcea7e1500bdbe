"""What every test relies on: root where it is needed, no unexpected skip, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.leftovers import Watch

# A skip with another reason than these fails the run in CI.
EXPECTED_SKIPS = frozenset({"the numbers in this test are x86_64's"})
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


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Look at the end of the whole run for what it left on the host."""
    watch = Watch(tmp_path_factory.getbasetemp())
    try:
        yield
        left = watch.found()
    finally:
        watch.end()
    assert not left, "the tests left behind:\n" + "\n".join(left)
