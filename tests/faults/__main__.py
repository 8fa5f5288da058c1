"""`python -m tests.faults [--long]`: inject faults into ingest, print a table, exit 1 on a violation."""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import access, disk, flips, kills
from tests.faults.child import SCRATCH, Children, may_mount
from tests.faults.rows import Row


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the counts that a release asks for")
    parser.add_argument("--each", type=int, help="kills at each step (1; long: 20)")
    parser.add_argument("--random", type=int, help="kills at random times (20; long: 200)")
    parser.add_argument("--flips", type=int, help="bit flips for each file (60; long: 1000)")
    parser.add_argument("--sizes", type=int, help="sizes of a full disk (8; long: 60)")
    parser.add_argument("--only", choices=["kills", "flips", "disk", "access"], help="one group of faults")
    given = parser.parse_args()
    long = given.long

    def count(value: int | None, short: int, much: int) -> int:
        return value if value is not None else much if long else short

    started = time.perf_counter()
    bad = 0
    namespace = Children(namespace=True) if may_mount() else None
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder, Children() as children, Children() as other:
        work = Path(folder)
        groups = ["kills", "flips", "disk", "access"] if given.only is None else [given.only]
        for group in groups:
            place = work / group
            place.mkdir()
            if group == "kills":
                times = count(given.random, 20, 200)
                # Most of what can go wrong goes wrong where there is something to lose.
                for fresh, part in ((True, times // 4), (False, times - times // 4)):
                    scenario = kills.Scenario(place, children, fresh=fresh)
                    bad += show(kills.at_steps(scenario, count(given.each, 1, 20)))
                    bad += show([kills.at_random(scenario, part)])
                bad += show(kills.removals(place, children, count(given.each, 1, 20)))
            elif group == "flips":
                most = count(given.flips, 60, 1000)
                bad += show(flips.all_files(place, children, count=most, slow=min(most, 400)))
            elif group == "disk":
                bad += show(disk.sizes(place, children, namespace, count=count(given.sizes, 8, 60)))
            else:
                bad += show(access.all_rows(place, children, other, namespace, seconds=20.0 if long else 2.0))
    if namespace is not None:
        namespace.close()
    print(f"{bad} violations, {time.perf_counter() - started:.0f} s")
    return 1 if bad else 0


def show(rows: list[Row]) -> int:
    """Print the rows; returns how many problems they hold."""
    for row in rows:
        verdict = f"{len(row.problems)} WRONG" if row.problems else "ok"
        print(f"{row.tried:5}  {verdict:8}  {row.what}  [{row.note}]")
        for problem in list(dict.fromkeys(row.problems))[:5]:
            print(f"                   {problem}")
        sys.stdout.flush()
    return sum(len(row.problems) for row in rows)


if __name__ == "__main__":
    sys.exit(main())
