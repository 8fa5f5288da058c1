"""The conversations: a question is asked, stopped or cleared, a source opened, an answer rated, a file added.

Gradio is not needed here: `layout` ties these functions to its components. A conversation belongs to one
browser page and is known by that page's session; nothing crosses from one to another.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal, Protocol, TypeVar

from rag.config import Config
from rag.errors import InputError, RagError
from rag.feedback import FeedbackStore, Thumb
from rag.schema import NO_FILTERS, Answer, ArticleRow, Filters, History, IngestReport, Progress
from rag.ui.answers import (
    Turn,
    examples_from,
    masthead_html,
    progress_html,
    report_html,
    thread_html,
    trouble_html,
)
from rag.ui.evidence import article_html, empty_html, evidence_html
from rag.ui.filters import chips_html, filter_form_html, with_filter
from rag.ui.library import ArticleTexts
from rag.ui.uploads import keep_upload

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
PieceKind = Literal["citation", "passage"]

MAX_CONVERSATIONS = 200
MAX_QUESTION_CHARACTERS = 2_000
MAX_WAITING = 20
UNEXPECTED = "Something went wrong inside the program; the terminal it was started from has the details."


class Assistant(Protocol):
    """What the UI needs of `rag.assistant.Assistant`; the tests bring a fake."""

    @property
    def config(self) -> Config: ...

    @property
    def models(self) -> Mapping[str, str]: ...

    @property
    def offline(self) -> bool: ...

    def stream(
        self, question: str, *, filters: Filters = NO_FILTERS, history: History = ()
    ) -> Iterator[Answer]: ...

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport: ...

    def articles(self) -> list[ArticleRow]: ...


@dataclass(slots=True)
class Conversation:
    """The turns of one browser page, the filters of its next one, and the switch that stops the running one."""

    turns: list[Turn] = field(default_factory=list)
    filters: Filters = NO_FILTERS
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def history(self) -> History:
        """The finished turns as (question, answer) pairs; the words alone, without markers."""
        return self.history_before(len(self.turns) + 1)

    def history_before(self, number: int) -> History:
        """The same of the turns before turn `number`."""
        return tuple(
            (turn.question, _plain_answer(turn.answer))
            for turn in self.turns[: number - 1]
            if turn.answer is not None and not turn.running
        )


def _plain_answer(answer: Answer) -> str:
    if answer.abstention is not None:
        return answer.abstention.message
    return " ".join(statement.text for statement in answer.statements)


class ChatRoom:
    """All conversations of one server, and the assistant that answers in them."""

    def __init__(self, assistant: Assistant, *, examples: Sequence[str] | None = None) -> None:
        self._assistant = assistant
        self._examples = examples
        self._feedback = FeedbackStore(assistant.config.index_dir)
        self._texts = ArticleTexts(assistant.config.index_dir)
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting: set[str] = set()  # sessions whose question is being answered or stands in line
        self._article_count = 0
        self._models = dict(assistant.models)

    def conversation(self, session: str) -> Conversation:
        """The conversation of a page; the ones unused for longest are forgotten."""
        with self._lock:
            found = self._conversations.setdefault(session, Conversation())
            self._conversations.move_to_end(session)
            while len(self._conversations) > MAX_CONVERSATIONS:
                _, oldest = self._conversations.popitem(last=False)
                oldest.stop.set()
            return found

    def articles(self) -> list[ArticleRow]:
        """The library; empty where there is no index yet."""
        try:
            rows = self._assistant.articles()
        except RagError as error:
            logger.info("the library cannot be listed: %s", error)
            rows = []
        self._article_count = len(rows)
        return rows

    def masthead(self) -> str:
        """The header line, with the number of articles last seen."""
        return masthead_html(
            self._article_count, tuple(dict.fromkeys(self._models.values())), offline=self._assistant.offline
        )

    def thread(self, session: str) -> str:
        """The conversation as it stands."""
        turns = self.conversation(session).turns
        if turns:
            return thread_html(turns)
        rows = self.articles()
        examples = examples_from(rows) if self._examples is None else self._examples
        return thread_html((), examples=examples, articles=len(rows))

    def begin(self, session: str, question: str) -> bool:
        """Write the question down, so that the page shows it at once; whether it was.

        An empty one is not, nor one while another is being answered.
        """
        question = question.strip()
        conversation = self.conversation(session)
        if not question or any(turn.running for turn in conversation.turns):
            return False
        with self._lock:
            ahead = len(self._waiting - {session})
            number = len(conversation.turns) + 1
            turn = Turn(number, question, filters=conversation.filters, ahead=ahead)
            if ahead < MAX_WAITING:
                self._waiting.add(session)
            else:
                turn.running, turn.error = (
                    False,
                    f"{ahead} questions are waiting already; ask again in a moment.",
                )
        conversation.stop = threading.Event()
        conversation.turns.append(turn)
        return True

    def answer(self, session: str) -> Iterator[str]:
        """Answer the question that `begin` wrote down: the thread after each snapshot."""
        conversation = self.conversation(session)
        turn = next((turn for turn in conversation.turns if turn.running), None)
        if turn is None:
            return
        stop = conversation.stop
        try:
            turn.ahead = 0
            yield thread_html(conversation.turns)
            if len(turn.question) > MAX_QUESTION_CHARACTERS:
                raise InputError(
                    f"The question is longer than {MAX_QUESTION_CHARACTERS:,} characters; shorten it."
                )
            snapshots = self._assistant.stream(
                turn.question, filters=turn.filters, history=conversation.history
            )
            for snapshot in until_stopped(snapshots, stop):
                turn.answer = snapshot
                yield thread_html(conversation.turns)
        except RagError as error:
            turn.error = str(error)
        except GeneratorExit:
            turn.stopped = True
            raise
        except Exception:
            turn.error = UNEXPECTED
            logger.exception("a question failed")
        finally:
            turn.running = False
            turn.ahead = 0
            turn.stopped = turn.stopped or (stop.is_set() and turn.error is None)
            with self._lock:
                self._waiting.discard(session)
        if turn in conversation.turns:
            yield thread_html(conversation.turns)

    def stop(self, session: str) -> None:
        """Stop the running answer; its last snapshot stays."""
        self.conversation(session).stop.set()

    def leave(self, session: str) -> None:
        """The page was closed: stop its answer and free its place in the line."""
        self.stop(session)
        with self._lock:
            self._waiting.discard(session)

    def clear(self, session: str) -> None:
        """Forget the conversation; its filters stay, as they stay in sight."""
        conversation = self.conversation(session)
        conversation.stop.set()
        with self._lock:
            # A new one, not an emptied one: an answer that is still ending must not come back into it.
            self._conversations[session] = Conversation(filters=conversation.filters)

    def set_filter(self, session: str, name: str, value: str | None) -> str:
        """Set a filter for the questions to come: the chips then. One that cannot be set leaves the others."""
        conversation = self.conversation(session)
        trouble = None
        try:
            conversation.filters = with_filter(conversation.filters, name, value)
        except InputError as error:
            trouble = str(error)
        return chips_html(conversation.filters, trouble=trouble)

    def filter_form(self, session: str, rows: Sequence[ArticleRow]) -> str:
        """The fields to set filters with; `rows` are the articles to choose outlets and languages from."""
        return filter_form_html(rows, self.conversation(session).filters)

    def article(self, article_id: str) -> str:
        """The pane for an article of the library."""
        try:
            found = self._texts.get(article_id)
        except RagError as error:
            return empty_html(trouble=str(error))
        if found is None:
            return empty_html(
                trouble="This article is not in the index any more; reload the page to see what is."
            )
        return article_html(found, shown=f"article-{found.id}")

    def evidence(self, session: str, *, turn: int, kind: PieceKind, number: int) -> str:
        """The pane for a marker or a passage; what the page asks for but does not have gives the empty pane."""
        turns = self.conversation(session).turns
        answer = turns[turn - 1].answer if 1 <= turn <= len(turns) else None
        if answer is None:
            return empty_html()
        shown = f"{turn}-{kind}-{number}"
        if kind == "citation":
            for citation in answer.citations:
                if citation.number == number:
                    label = f"Footnote {number}"
                    return evidence_html(
                        citation.article, citation.start, citation.end, label=label, shown=shown
                    )
        for hit in answer.hits:
            if kind == "passage" and hit.rank == number:
                piece = hit.passage
                return evidence_html(hit.article, piece.start, piece.end, label="Passage", shown=shown)
        return empty_html()

    def rate(self, session: str, *, turn: int, thumb: Thumb, reason: str | None = None) -> None:
        """Keep a thumb on a finished answer of this conversation; without `reason` an earlier one stays.

        Where it cannot be kept, the thread says so and goes on.
        """
        conversation = self.conversation(session)
        rated = next((item for item in conversation.turns if item.number == turn and item.rateable), None)
        if rated is None or rated.answer is None:
            return
        if reason is None:
            reason = rated.reason if thumb == rated.thumb else ""
        history = conversation.history_before(turn)
        try:
            rated.reason = self._feedback.add(
                rated.answer, name=rated.name, thumb=thumb, reason=reason, history=history
            )
            rated.thumb, rated.rating_trouble = thumb, None
        except RagError as error:
            rated.rating_trouble = f"Not kept: {error}"
        except Exception:
            rated.rating_trouble = f"Not kept. {UNEXPECTED}"
            logger.exception("a thumb was not kept")

    def ingest(self, files: Sequence[Path]) -> Iterator[str]:
        """Keep copies of uploaded files and index them: the state after each step."""
        try:
            kept = [keep_upload(file, self._assistant.config.index_dir / "uploads") for file in files]
            yield progress_html(Progress("reading", 0, len(kept)))
            for step in self._ingest_steps(kept):
                yield progress_html(step) if isinstance(step, Progress) else report_html(step)
        except (RagError, OSError) as error:
            yield trouble_html(str(error))
        except Exception:
            logger.exception("an upload failed")
            yield trouble_html(UNEXPECTED)

    def _ingest_steps(self, paths: Sequence[Path]) -> Iterator[Progress | IngestReport]:
        steps: SimpleQueue[Progress | IngestReport | BaseException] = SimpleQueue()

        def work() -> None:
            try:
                steps.put(self._assistant.ingest(paths, on_progress=steps.put))
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that reads
                steps.put(error)

        threading.Thread(target=work, name="ingest", daemon=True).start()
        while True:
            step = steps.get()
            while isinstance(step, Progress) and not steps.empty():
                step = steps.get()  # the page need not see every one of thousands of steps
            if isinstance(step, BaseException):
                raise step
            yield step
            if isinstance(step, IngestReport):
                return


def until_stopped(items: Iterator[Item], stop: threading.Event) -> Iterator[Item]:
    """The items as they come, until `stop` is set; then `items` is closed.

    The model may think for seconds between two items and an iterator cannot be closed while it works,
    so a thread of its own reads it: whoever waits here is free as soon as `stop` is set.
    """
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
