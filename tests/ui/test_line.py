"""Several people: who is answered and who waits, being told so, and going away in the middle."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.assistant import Assistant
from rag.config import Config
from rag.ui.chat import MAX_WAITING, ChatRoom
from rag.ui.line import UNCLAIMED_SECONDS, Line, Stop, until_stopped
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.fakes import FakeAssistant
from tests.ui.raw import Visitor

WORKER_FREE_SECONDS = 2.0
BUSY_SECONDS = 1.0


def within(seconds: float, holds: Any) -> bool:
    """Whether `holds` comes true in that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# The line itself


def test_first_come_first_served() -> None:
    line = Line(5)
    stop = threading.Event()
    assert [line.reserve(name) for name in "abc"] == [(True, 0), (True, 1), (True, 2)]
    assert list(line.waiting("a", stop)) == []
    second, third = line.waiting("b", stop), line.waiting("c", stop)
    assert (next(second), next(third)) == (1, 2)
    line.leave("a")
    assert list(second) == []
    assert next(third) == 1
    line.leave("b")
    assert list(third) == []


def test_who_leaves_the_line_makes_room() -> None:
    line = Line(3)
    stop = threading.Event()
    for name in "abc":
        line.reserve(name)
    assert line.reserve("d") == (False, 3)
    assert list(line.waiting("a", stop)) == []
    third = line.waiting("c", stop)
    assert next(third) == 1  # "b" kept a place and does not stand in line: nobody waits for it
    line.leave("b")
    assert line.reserve("d") == (True, 2)
    stop.set()
    assert list(third) == []


def test_a_place_that_nobody_takes_is_given_up() -> None:
    moment = [0.0]
    line = Line(2, now=lambda: moment[0])
    assert line.reserve("gone")[0]
    assert line.reserve("gone too")[0]
    assert line.reserve("a") == (False, 2)
    moment[0] += UNCLAIMED_SECONDS + 1
    assert line.reserve("a") == (True, 0)


def test_alone() -> None:
    line = Line(3)
    with line.alone("measure") as free:
        assert free
        with line.alone("check") as also:
            assert not also
        waiting = line.waiting("a", threading.Event())
        assert next(waiting) == 1
    assert list(waiting) == []
    with line.alone("measure") as free:
        assert not free


def test_a_switch_ends_what_is_tied_to_it() -> None:
    ended: list[str] = []
    stop = Stop()
    stop.tie(lambda: ended.append("before"))
    stop.set()
    stop.tie(lambda: ended.append("after"))
    stop.set()
    assert ended == ["before", "after"]

    def working() -> Iterator[int]:
        yield 1
        stop.tie(generator.close)  # at work itself: cannot be closed from here
        yield 2

    generator = working()
    assert list(generator) == [1, 2]


def test_a_failure_reaches_who_waits() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = until_stopped(failing(), threading.Event())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


# In the room


def test_everyone_is_told_their_place_and_gets_their_own_answer() -> None:
    room = ChatRoom(FakeAssistant(pause_seconds=0.02))
    people = [f"p{number}/1" for number in range(5)]
    for number, session in enumerate(people):
        assert room.begin(session, f"The bridge of {session}?")
        waiting = "Reading" if not number else ("You are next" if number == 1 else "in line")
        assert waiting in room.thread(session)
    with ThreadPoolExecutor(5) as pool:
        seen = list(pool.map(lambda session: list(room.answer(session)), people))
    for session, threads in zip(people, seen, strict=True):
        assert "eleven weeks" in threads[-1]
        asked = set(re.findall("The bridge of (p[0-9]/1)", "".join(threads)))
        assert asked == {session}
    places = [re.findall(r"You are (\w+) in line", "".join(threads)) for threads in seen]
    assert max(len(told) for told in places) >= 3  # the last one saw its place change
    assert {word for told in places for word in told} <= {"next", "second", "third", "fourth"}


def test_who_waits_can_stop_waiting() -> None:
    fake = FakeAssistant(pause_seconds=0.05)
    room = ChatRoom(fake)
    room.begin("a/1", "slow")
    first = room.answer("a/1")
    next(first), next(first)
    room.begin("b/1", "The bridge?")
    second = room.answer("b/1")
    assert "You are next in line" in next(second)
    room.stop("b/1")
    assert "Stopped." in list(second)[-1]
    assert [question for question, _ in fake.questions] == ["slow"]
    room.stop("a/1")
    list(first)


class SlowGenerator(ScriptedGenerator):
    """Says a word every tenth of a second, and nothing that could be shown, until it is closed."""

    def __init__(self) -> None:
        super().__init__("")
        self.working = threading.Event()
        self.ended: float | None = None

    def stream(self, *args: Any, **known: Any) -> Any:
        return _Words(self)


class _Words:
    def __init__(self, generator: SlowGenerator) -> None:
        self._generator = generator
        self._closed = threading.Event()

    def __iter__(self) -> _Words:
        return self

    def __next__(self) -> str:
        self._generator.working.set()
        if self._closed.wait(0.1):
            raise StopIteration
        return "word "

    def close(self) -> None:
        self._closed.set()
        self._generator.ended = time.monotonic()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Assistant, SlowGenerator]]:
    """A real assistant whose model would write for ever."""
    pile = tmp_path / "bridge.txt"
    pile.write_text("The bridge will close for eleven weeks.\n\nIt carries 14,000 vehicles a day.", "utf-8")
    generator = SlowGenerator()
    config = Config(index_dir=tmp_path / "index", cache_dir=tmp_path, config_dir=tmp_path, budget_seconds=60)
    with Assistant(
        config, embedder=WordEmbedder, generator=lambda: generator, scorer=EvenScorer
    ) as assistant:
        assistant.ingest([pile])
        yield assistant, generator


@pytest.mark.parametrize("going", ["stop", "leave", "clear", "close"])
def test_going_away_frees_the_model_between_two_words(
    slow: tuple[Assistant, SlowGenerator], going: str
) -> None:
    assistant, generator = slow
    room = ChatRoom(assistant)
    room.begin("a/1", "How long will the bridge close?")
    pages = room.answer("a/1")
    reader = threading.Thread(target=lambda: [None for _ in itertools.takewhile(bool, pages)])
    if going == "close":
        next(pages), next(pages)
    else:
        reader.start()
    assert generator.working.wait(30)
    begun = time.monotonic()
    if going == "close":
        pages.close()  # type: ignore[attr-defined]
    else:
        getattr(room, going)("a/1")
        reader.join(WORKER_FREE_SECONDS)
        assert not reader.is_alive()
    assert within(WORKER_FREE_SECONDS, lambda: generator.ended is not None)
    assert generator.ended is not None and generator.ended - begun < WORKER_FREE_SECONDS
    room.begin("b/1", "And the vehicles?")
    generator.working.clear()
    next(room.answer("b/1"))  # its turn at once


# Over HTTP


@contextmanager
def visiting(url: str, count: int) -> Iterator[list[Visitor]]:
    """So many browsers; they go away before the server does."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Visitor(url))) for _ in range(count)]


def test_a_closed_page_frees_the_worker(serve_page: Any, slow: tuple[Assistant, SlowGenerator]) -> None:
    assistant, generator = slow
    with serve_page(assistant) as url, visiting(url, 1) as (visitor,):
        visitor.begin("How long will the bridge close?")

        def read() -> None:
            with suppress(httpx.HTTPError):  # it is cut off
                list(visitor.answer())

        threading.Thread(target=read, daemon=True).start()
        assert generator.working.wait(60)
        begun = time.monotonic()
        visitor.close()
        assert within(WORKER_FREE_SECONDS, lambda: generator.ended is not None)
        assert generator.ended is not None and generator.ended - begun < WORKER_FREE_SECONDS


def test_many_people_at_once(serve_page: Any, tmp_path: Path) -> None:
    fake = FakeAssistant(Config(index_dir=tmp_path, embedder="minilm"), pause_seconds=0.01)
    with serve_page(fake) as url, visiting(url, MAX_WAITING) as people:
        with ThreadPoolExecutor(MAX_WAITING) as pool:
            asked = pool.map(lambda pair: pair[1].ask(f"The bridge of {pair[0]}!"), enumerate(people))
        for number, thread in enumerate(asked):
            assert re.findall(r"The bridge of (\d+)!", thread) == [str(number)]
            assert "eleven weeks" in thread
            assert "data-running" not in thread
        assert len({visitor.http.cookies["footnote_owner"] for visitor in people}) == MAX_WAITING
        # What one asked, no other sees or opens, not even under the name of that one's page.
        (name,) = re.findall(r'data-keep="([0-9a-f]+)"', people[0].call("clear")[2])
        other = people[1]
        other.page = people[0].page
        assert "The bridge of 0!" not in "".join(
            map(str, other.call("keep", event={"do": "open", "id": name}))
        )
        assert other.http.get(f"/footnote/conversations/{name}.md").status_code == 404
        kept = people[0].http.get(f"/footnote/conversations/{name}.md")
        assert kept.status_code == 200
        assert kept.headers["content-disposition"].startswith("attachment")
        assert kept.headers["content-type"] == "application/octet-stream"
        assert kept.text.startswith("# The bridge of 0\\!\n")


def test_a_full_line_says_so_at_once(serve_page: Any, tmp_path: Path) -> None:
    fake = FakeAssistant(Config(index_dir=tmp_path, embedder="minilm"), pause_seconds=0.2)
    with serve_page(fake) as url, visiting(url, MAX_WAITING + 1) as people:
        for number, visitor in enumerate(people[:-1]):
            assert ("in line" if number else "Reading") in visitor.begin("slow")
        begun = time.monotonic()
        thread = people[-1].begin("And me?")
        assert time.monotonic() - begun < BUSY_SECONDS
        assert f"{MAX_WAITING} questions are waiting already; ask again in a moment." in thread
