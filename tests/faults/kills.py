"""kill -9 at every step of ingest, and at any time."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults import pile
from tests.faults.child import Children, Killed
from tests.faults.rows import Row


class Scenario:
    """A pile, the index before the run that is killed, and the index of a run that was not."""

    def __init__(self, work: Path, children: Children, *, fresh: bool) -> None:
        self.name = "a new index" if fresh else "a changed pile"
        self._children = children
        self._work = work / ("fresh" if fresh else "changed")
        self._pile = self._work / "pile"
        self._publish_often = not fresh
        self._before: Path | None = None
        pile.first(self._pile)
        if not fresh:
            self._before = self._work / "before"
            # Three generations were published, so that old ones are cleaned up from the start.
            for name in ("one", "two"):
                (self._pile / "early.txt").write_text(f"Early {name}\n\n{pile.text(name)}", encoding="utf-8")
                children.run("ingest", index=self._before, pile=self._pile)
            (self._pile / "early.txt").unlink()
            children.run("ingest", index=self._before, pile=self._pile)
            children.run("keep", index=self._before, file=self._work / "before.pickle")
            pile.second(self._pile)
        index = self._new_index()
        started = time.perf_counter()
        found = self._run(index, trace=True)
        self.seconds = time.perf_counter() - started
        self.steps: dict[str, int] = found["steps"]
        children.run("keep", index=index, file=self._work / "after.pickle")

    def _new_index(self) -> Path:
        index = self._work / "index"
        shutil.rmtree(index, ignore_errors=True)
        if self._before is not None:
            shutil.copytree(self._before, index)
        return index

    def _run(self, index: Path, **options: Any) -> Any:
        return self._children.run(
            "ingest", index=index, pile=self._pile, publish_often=self._publish_often, **options
        )

    def kill(self, **how: Any) -> tuple[bool, str, list[str]]:
        """Whether it died, what a reader then met, and what was wrong."""
        index, log = self._new_index(), self._work / "acknowledged"
        log.unlink(missing_ok=True)
        died = False
        try:
            self._run(index, log=log, **how)
        except Killed:
            died = True
        found = self._children.run(
            "after_kill",
            index=index,
            pile=self._pile,
            before=self._before and self._work / "before.pickle",
            after=self._work / "after.pickle",
            log=log,
            publish_often=self._publish_often,
        )
        return died, found["opened"], found["problems"]


def at_steps(scenario: Scenario, times: int, *, only: set[str] | None = None) -> list[Row]:
    """Kill at each step `times` times, at occurrences spread over the run."""
    rows = []
    for name, count in scenario.steps.items():
        if only is not None and name not in only:
            continue
        row = Row(f"{scenario.name}: {name}")
        generator = random.Random(name)
        chosen = list(range(count)) if count <= times else sorted(generator.sample(range(count), times))
        missing = 0
        for number in (chosen * times)[:times]:
            died, opened, problems = scenario.kill(kill=(name, number))
            row.tried += 1
            row.problems += problems if died else ["this step did not come"]
            missing += opened == "IndexMissing"
        row.note = f"{count} in a run" + (f", no index yet {missing}" if missing else "")
        rows.append(row)
    return rows


def removals(work: Path, children: Children, times: int, *, only: str = "") -> list[Row]:
    """Kill at each step of a removal that has `only` in its name: the article is there, or it is gone for good."""
    place, title = work / "removal", "About the kept"
    before, index = place / "before", place / "index"
    pile.first(place / "pile")
    children.run("ingest", index=before, pile=place / "pile")
    shutil.copytree(before, index)
    steps = children.run("remove", index=index, title=title)
    rows, found = [], set()
    for name, count in steps.items():
        if only not in name:
            continue
        row = Row(f"a removal: {name}")
        for number in (list(range(count)) * times)[:times]:
            shutil.rmtree(index)
            shutil.copytree(before, index)
            with contextlib.suppress(Killed):
                children.run("remove", index=index, title=title, kill=(name, number))
                row.problems.append("this step did not come")
            left = children.run("after_removal", index=index, pile=place / "pile", title=title)
            row.tried += 1
            row.problems += left["problems"]
            found.add(left["there"])
        rows.append(row)
    if found != {True, False}:
        rows[-1].problems.append("no step lies before the removal, or none after it")
    return rows


def telling(steps: Iterable[str]) -> set[str]:
    """The steps after which files are not as they were before (a kill does not undo what was not synced)."""
    return {
        name
        for name in steps
        if name.startswith(("after ", "half way ", "in ")) and not name.startswith("after fsync")
    }


def at_random(scenario: Scenario, times: int, *, seed: int = 1) -> Row:
    """Kill at times drawn at random over the length of a run, until `times` runs have died."""
    row = Row(f"{scenario.name}: at random times")
    generator = random.Random(seed)
    span, late, missing = scenario.seconds, 0, 0
    while row.tried < times and late < 3 * times:
        died, opened, problems = scenario.kill(kill_after=generator.uniform(0.0, span))
        # How long a run takes depends on what else the machine does.
        span *= 1.03 if died else 0.85
        row.tried += died
        late += not died
        missing += opened == "IndexMissing"
        row.problems += problems
    row.note = f"{late} more had finished before, no index yet {missing}"
    return row
