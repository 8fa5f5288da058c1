"""The line before the one assistant: who is answered, who waits, and leaving it at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")

UNCLAIMED_SECONDS = 30.0


class Stop(threading.Event):
    """A switch that, once set, also ends what is tied to it."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[Callable[[], None]] = []

    def tie(self, end: Callable[[], None]) -> None:
        """Have `end` called when the switch is set; at once if it is already."""
        self._ends.append(end)
        if self.is_set():
            self._end()

    def set(self) -> None:
        """Set the switch."""
        super().set()
        self._end()

    def _end(self) -> None:
        while self._ends:
            with suppress(
                ValueError, IndexError
            ):  # a generator at work in another thread; already ended there
                self._ends.pop()()


class Line:
    """First come, first served. Thread-safe.

    A place is kept with `reserve` and taken with `waiting`; one that is not taken in time is given up, as the
    page that kept it may be gone.
    """

    def __init__(self, places: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._now = now
        self._kept: dict[str, float] = {}
        self._line: list[str] = []
        self._changed = threading.Condition()

    def reserve(self, name: str) -> tuple[bool, int]:
        """Keep a place for `name`: whether there was one, and how many are ahead."""
        with self._changed:
            late = self._now() - UNCLAIMED_SECONDS
            self._kept = {key: moment for key, moment in self._kept.items() if moment > late}
            ahead = len({*self._kept, *self._line} - {name})
            if ahead >= self._places:
                return False, ahead
            self._kept[name] = self._now()
            return True, ahead

    def waiting(self, name: str, stop: threading.Event) -> Iterator[int]:
        """Stand in line: how many are ahead, at first and whenever it changes. It ends when `name` is first.

        It also ends when `stop` is set. Whoever stood in line calls `leave` in the end.
        """
        with self._changed:
            self._kept.pop(name, None)
            if name not in self._line:
                self._line.append(name)
        told = None
        while not stop.is_set():
            with self._changed:
                ahead = self._line.index(name) if name in self._line else 0
                if ahead == told:
                    self._changed.wait(0.1)  # `stop` wakes nobody
                    continue
            if not ahead:
                return
            told = ahead
            yield ahead

    def leave(self, name: str) -> None:
        """Free the place of `name`, whether it waits or is answered."""
        with self._changed:
            self._kept.pop(name, None)
            if name in self._line:
                self._line.remove(name)
            self._changed.notify_all()

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Hold the first place for the block, for what must not run beside an answer; False where it is taken."""
        with self._changed:
            free = not self._line
            if free:
                self._line.append(name)
        try:
            yield free
        finally:
            if free:
                self.leave(name)


def until_stopped(items: Iterator[Item], stop: threading.Event) -> Iterator[Item]:
    """The items as they come, until `stop` is set; then `items` is closed.

    The model may think for seconds between two items and an iterator cannot be closed while it works,
    so a thread of its own reads it: whoever waits here is free as soon as `stop` is set.
    """
    if stop.is_set():
        return
    done = object()
    left = threading.Event()
    read: SimpleQueue[object] = SimpleQueue()

    def work() -> None:
        try:
            for item in items:
                if stop.is_set() or left.is_set():
                    break
                read.put(item)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that reads
            read.put(error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            read.put(done)

    threading.Thread(target=work, name="answer", daemon=True).start()
    try:
        while not stop.is_set():
            try:
                item = read.get(timeout=0.1)
            except Empty:
                continue
            if item is done:
                return
            if isinstance(item, BaseException):
                raise item
            yield item  # type: ignore[misc]
    finally:
        left.set()
