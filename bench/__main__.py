"""``./dev bench``: measure, print the table, write the JSON, and on request the documentation."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys

from bench import rows
from bench.engines import REPOSITORY, Names, Side, docker, peers_script, sampan
from bench.podman import podman
from bench.report import document, page, table


def main() -> int:
    """Run the benchmark; the exit code is 0 even if a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measure Sampan against Docker and Podman."
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and containers")
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md too")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("containers need root: sudo ./dev bench")
    if shutil.which("docker") is None:
        parser.error("the docker command is missing: it drives Sampan and Docker alike")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rounds = 5 if options.quick else 20
    load = os.getloadavg()[0]
    try:
        found = measure(rounds, quick=options.quick)
    except KeyboardInterrupt:
        print("interrupted; everything that was started is removed", file=sys.stderr)
        return 130
    print(table(found), end="")
    path = REPOSITORY / ".bench/last.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document(found, rounds, load), indent=1) + "\n")
    if options.write_docs:
        (REPOSITORY / "docs/performance.md").write_text(page(found, rounds, load))
    return 0


def measure(rounds: int, *, quick: bool) -> list[rows.Row]:
    """Every row; progress goes to standard error."""
    script = peers_script()
    if script is None:
        print("no peers to compare with: set SAMPAN_PEERS to the script that starts them", file=sys.stderr)
    names = Names()
    with contextlib.ExitStack() as stack:
        sides: list[Side] = [stack.enter_context(sampan())]
        if script is not None:
            sides.append(stack.enter_context(docker(script, names.token)))
            sides.append(stack.enter_context(podman(script, names.token)))
        idle = rows.daemon_memory(sides, "idle")
        found = [_told(rows.run_rm(sides, rounds))]
        found += [_told(row) for row in rows.exec_true(sides, rounds, names)]
        found.append(_told(rows.create_and_start(sides, 20 if quick else 50, names)))
        found.append(_told(rows.start_together(sides, 20, max(3, rounds // 5), names)))
        found.append(_told(rows.list_stopped(sides, 40 if quick else 200, rounds, names)))
        found.append(_told(rows.memory_per_container(sides, 20, names)))
        found += idle + rows.daemon_memory(sides, "afterwards")
        found.append(_told(rows.start_up(max(3, rounds // 4))))
    return found


def _told(row: rows.Row) -> rows.Row:
    print(f"measured {row.name}", file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main())
