"""``./dev bench``: measure, print the table, write the JSON, and on request the documentation."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys

from bench import podman, rows
from bench.engines import REPOSITORY, docker, peers_script, sampan
from bench.report import page, table


def main() -> int:
    """Run the benchmark; the exit code is 0 even if a goal is missed."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md too")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("containers need root: sudo ./dev bench")
    found = measure(rounds=5 if options.quick else 20)
    print(table(found))
    path = REPOSITORY / ".bench/last.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([row._asdict() for row in found], indent=1))
    if options.write_docs:
        (REPOSITORY / "docs/performance.md").write_text(page(found, 5 if options.quick else 20))
    return 0


def measure(rounds: int) -> list[rows.Row]:
    """Every row."""
    script = peers_script()
    if script is None:
        print("no peers to compare with: set SAMPAN_PEERS to the script that starts them", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        engines = [stack.enter_context(sampan())]
        if script is not None:
            engines.append(stack.enter_context(docker(script)))
        idle = rows.daemon_memory(engines, "idle, after the first image")
        found = [rows.run_rm(engines, rounds), *rows.exec_true(engines, rounds)]
        if script is not None:
            theirs = podman.measure(script, rounds)
            found[0].values["Podman"] = theirs["run"]
            found[2].values["Podman"] = theirs["exec"]
        found.append(rows.create_and_start(engines, 50))
        found.append(rows.list_stopped(engines, 200, rounds))
        found += idle
        found += rows.daemon_memory(engines, "after all of this")
        found.append(rows.memory_per_container(engines, 20))
        found.append(rows.start_up(max(3, rounds // 4)))
    return found


if __name__ == "__main__":
    sys.exit(main())
