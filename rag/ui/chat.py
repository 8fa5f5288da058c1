"""The conversations: a question is asked or stopped, a source opened, an answer rated, a file added.

Gradio is not needed here: `layout` ties these functions to its components. A page is known by its session,
`OWNER/PAGE`: the browser that shows it and the page itself. Nothing crosses from one owner to another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import Literal, Protocol
from uuid import uuid4
from weakref import WeakValueDictionary

from rag.errors import InputError, RagError
from rag.feedback import FeedbackStore, Thumb
from rag.receipts import make_receipt
from rag.schema import NO_FILTERS, Answer, ArticleRow, Filters, History
from rag.ui.answers import (
    Turn,
    masthead_html,
    thread_html,
)
from rag.ui.conversations import ConversationStore, owner_of
from rag.ui.evidence import around_html, empty_html, evidence_html
from rag.ui.examples import examples_from
from rag.ui.filters import chips_html, filter_form_html, with_filter
from rag.ui.librarian import Librarian
from rag.ui.line import Line, Stop, until_stopped
from rag.ui.settings import Examine, SettingsDesk
from rag.ui.shelf import Shelf
from rag.ui.sources import Library

logger = logging.getLogger(__name__)

PieceKind = Literal["citation", "passage"]

MAX_PAGES = 200
MAX_FOLLOWED_SECONDS = 120.0
MAX_QUESTION_CHARACTERS = 2_000
MAX_WAITING = 20
UNEXPECTED = "Something went wrong inside the program; the terminal it was started from has the details."


class Assistant(Library, Protocol):
    """What the UI needs of `rag.assistant.Assistant`; the tests bring a fake."""

    @property
    def models(self) -> Mapping[str, str]: ...

    @property
    def offline(self) -> bool: ...

    def use_model(self, name: str) -> None: ...

    def stream(
        self,
        question: str,
        *,
        filters: Filters = NO_FILTERS,
        history: History = (),
        budget_seconds: float | None = None,
        extractive: bool = False,
        on_model: Callable[[Callable[[], None]], None] | None = None,
    ) -> Iterator[Answer]: ...


@dataclass(slots=True, weakref_slot=True)
class Conversation:
    """The turns, who asked last, the switch that stops the running one, and the name of the turn that was last taken up
    to be answered. Pages may share it."""

    id: str = field(default_factory=lambda: uuid4().hex)
    turns: list[Turn] = field(default_factory=list)
    asker: str = ""
    stop: Stop = field(default_factory=Stop)
    answered: str = ""

    def history_of(self, turn: Turn) -> History:
        """The finished turns before `turn` as (question, answer) pairs; the words alone, without markers.

        What is asked again knows what it knew the first time.
        """
        return tuple(
            (before.question, _plain_answer(before.answer))
            for before in self.turns
            if before.number < (turn.again or turn.number)
            and before.answer is not None
            and not before.running
        )


def _plain_answer(answer: Answer) -> str:
    if answer.abstention is not None:
        return answer.abstention.message
    return " ".join(statement.text for statement in answer.statements)


@dataclass(slots=True)
class Page:
    """What one page shows: its conversation, the filters of its next question, the articles and passages it reads."""

    conversation: Conversation = field(default_factory=Conversation)
    filters: Filters = NO_FILTERS
    size: tuple[int, int] = (0, 0)


class ChatRoom:
    """All pages of one server, and the assistant that answers in them.

    Without a `store` conversations end with the program. `examine` finds out what works here (`rag doctor`).
    """

    def __init__(
        self,
        assistant: Assistant,
        *,
        examples: Sequence[str] | None = None,
        store: ConversationStore | None = None,
        examine: Examine | None = None,
    ) -> None:
        self._assistant = assistant
        self._examples = examples
        self.library = Librarian(assistant)
        self.shelf = Shelf(store)
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._open: WeakValueDictionary[tuple[str, str], Conversation] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._made_of: dict[Path, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        """The example questions of each collection, and the articles that they were made of."""
        self._line = Line(MAX_WAITING)
        self.settings = SettingsDesk(assistant, self._line, examine=examine)

    def _page(self, session: str) -> Page:
        """What a page shows; the pages unused for longest are forgotten."""
        with self._lock:
            found = self._pages.setdefault(session, Page())
            self._pages.move_to_end(session)
            while len(self._pages) > MAX_PAGES:
                name, oldest = self._pages.popitem(last=False)
                if oldest.conversation.asker == name:
                    oldest.conversation.stop.set()
            return found

    def conversation(self, session: str) -> Conversation:
        """The conversation that a page shows."""
        return self._page(session).conversation

    def articles(self, session: str) -> list[ArticleRow]:
        """The articles of the page's collection; empty where there is no index yet."""
        rows = self.library.rows(session)
        self._page(session).size = len(rows), sum(row.passages for row in rows)
        return rows

    def masthead(self, session: str) -> str:
        """The header line, with the size of the index last seen and the time of this page's last answer."""
        page = self._page(session)
        answers = [turn.answer for turn in page.conversation.turns if turn.answer is not None]
        return masthead_html(
            page.size[0],
            tuple(dict.fromkeys(self._assistant.models.values())),
            passages=page.size[1],
            offline=self._assistant.offline,
            last=answers[-1] if answers else None,
        )

    def thread(self, session: str) -> str:
        """The conversation as it stands."""
        turns = self.conversation(session).turns
        if turns:
            return thread_html(turns)
        rows = self.articles(session)
        return thread_html((), examples=self._examples_of(session, rows), articles=len(rows))

    def _examples_of(self, session: str, rows: Sequence[ArticleRow]) -> Sequence[str]:
        """The questions to begin with; they are made anew when the articles are other ones."""
        if self._examples is not None:
            return self._examples
        library = self.library.assistant(session)
        ids = tuple(row.article.id for row in rows)
        known, made = self._made_of.get(library.config.index_dir, ((), ()))
        if known != ids:
            try:
                made = tuple(examples_from(rows, library.article))
            except RagError as error:  # the index is changed or damaged meanwhile; asking will tell
                logger.info("no example questions: %s", error)
            self._made_of[library.config.index_dir] = (ids, made)
        return made

    # Asking

    def begin(self, session: str, question: str, *, again: int = 0) -> bool:
        """Write the question down, so that the page shows it at once; whether it was.

        An empty one is not, nor one while another is being answered. `again` is the turn that asked the same.
        """
        question = question.strip()
        page = self._page(session)
        conversation = page.conversation
        with self._lock:
            if not question or any(turn.running for turn in conversation.turns):
                return False
            number = conversation.turns[-1].number + 1 if conversation.turns else 1
            free, ahead = self._line.reserve(session)
            first = next((turn for turn in conversation.turns if turn.number == again), None)
            again = (first.again or first.number) if first is not None else 0
            turn = Turn(number, question, filters=page.filters, ahead=ahead, again=again)
            if not free:
                turn.running, turn.ahead = False, 0
                turn.error = f"{ahead} questions are waiting already; ask again in a moment."
            conversation.stop, conversation.asker = Stop(), session
            conversation.turns.append(turn)
        if free:
            self._open[owner_of(session), conversation.id] = conversation
            self.shelf.begin(session, conversation.id, turn)
        return True

    def answer(self, session: str) -> Iterator[str]:
        """Answer the question that `begin` wrote down: the thread as its place in line changes and after each
        snapshot."""
        conversation = self.conversation(session)
        with self._lock:
            turn = next((turn for turn in conversation.turns if turn.running), None)
            if turn is None or conversation.asker != session or conversation.answered == turn.name:
                return
            conversation.answered = turn.name
        stop, settings, unread = conversation.stop, self.settings.of(session), ""
        try:
            for turn.ahead in self._line.waiting(session, stop):
                yield self.thread(session)
            turn.ahead = 0
            yield self.thread(session)
            if len(turn.question) > MAX_QUESTION_CHARACTERS:
                raise InputError(
                    f"The question is longer than {MAX_QUESTION_CHARACTERS:,} characters; shorten it."
                )
            turn.collection = self.library.collection(session)
            unread = self.library.unread(session)
            snapshots = self.library.assistant(session).stream(
                turn.question,
                filters=turn.filters,
                history=conversation.history_of(turn),
                budget_seconds=settings.budget_seconds,
                extractive=settings.extractive,
                on_model=stop.tie,
            )
            for snapshot in until_stopped(snapshots, stop):
                turn.answer = replace(snapshot, notes=(*snapshot.notes, unread)) if unread else snapshot
                yield self.thread(session)
        except RagError as error:
            turn.error = f"{error}. {unread}" if unread else str(error)
        except GeneratorExit:
            stop.set()
            raise
        except Exception:
            turn.error = UNEXPECTED
            logger.exception("a question failed")
        finally:
            turn.running = False
            turn.ahead = 0
            turn.stopped = turn.stopped or (stop.is_set() and turn.error is None)
            self._line.leave(session)
            self._note(turn, settings.budget_seconds, extractive=settings.extractive)
            self.shelf.keep(session, conversation.id, turn)
        yield self.thread(session)  # not that of `conversation`: the page may show another one by now

    def follow(self, session: str) -> Iterator[str]:
        """The thread while another page of this conversation, or this one before it was reloaded, is answered."""
        conversation = self.conversation(session)
        until = time.monotonic() + MAX_FOLLOWED_SECONDS
        shown = ""
        while conversation.asker != session and time.monotonic() < until:
            running = any(turn.running for turn in conversation.turns)
            if (thread := thread_html(conversation.turns)) != shown and (shown or running):
                shown = thread
                yield thread
            if not running:
                return
            time.sleep(0.2)

    def stop(self, session: str) -> None:
        """Stop the running answer; its last snapshot stays."""
        self.conversation(session).stop.set()

    def leave(self, session: str) -> None:
        """The page was closed: stop the answer it asked for and free its place in the line."""
        conversation = self.conversation(session)
        if conversation.asker == session:
            conversation.stop.set()
        self._line.leave(session)

    # Kept conversations

    def open(self, session: str, conversation: str) -> None:
        """Show a kept conversation of this owner again; where there is none such, nothing changes."""
        page, owner = self._page(session), owner_of(session)
        found = self._open.get((owner, conversation))
        if found is None and (turns := self.shelf.turns(session, conversation)):
            found = self._open.setdefault((owner, conversation), Conversation(conversation, turns))
        if found is not None and found is not page.conversation:
            self._part(session)
            page.conversation = found

    def clear(self, session: str) -> None:
        """Begin a new conversation; the filters stay, as they stay in sight."""
        self._part(session)
        # A new one, not an emptied one: an answer that is still ending must not come back into it.
        self._page(session).conversation = Conversation()

    def _part(self, session: str) -> None:
        conversation = self.conversation(session)
        if conversation.asker == session:
            conversation.stop.set()

    def delete(self, session: str, conversation: str) -> None:
        """Delete a conversation, for a while with a way back; where it was shown, a new one begins."""
        if self.shelf.delete(session, conversation) and self.conversation(session).id == conversation:
            self.clear(session)

    def restore(self, session: str, conversation: str) -> None:
        """Bring a deleted conversation back, and show it unless another one was begun."""
        self.shelf.restore(session, conversation)
        if not self.conversation(session).turns:
            self.open(session, conversation)

    def shelf_html(self, session: str) -> str:
        """The list of this owner's conversations."""
        conversation = self.conversation(session)
        return self.shelf.html(session, current=conversation.id if conversation.turns else "")

    def _note(self, turn: Turn, budget_seconds: float | None, *, extractive: bool) -> None:
        """Write the receipt of an answer while it is known how it was made."""
        if turn.answer is None:
            return
        config = self._assistant.config
        if budget_seconds is not None:
            config = replace(config, budget_seconds=budget_seconds)
        try:
            asked = turn.asked.astimezone(UTC)
            turn.receipt = make_receipt(turn.answer, config, extractive=extractive, asked=asked).to_json()
        except (RagError, ValueError):  # a registry that cannot be read, a file name that is no text
            logger.exception("an answer has no receipt")

    # Filters, sources, thumbs

    def set_filter(self, session: str, name: str, value: str | None) -> str:
        """Set a filter for the questions to come: the chips then. One that cannot be set leaves the others."""
        page = self._page(session)
        trouble = None
        try:
            page.filters = with_filter(page.filters, name, value)
        except InputError as error:
            trouble = str(error)
        return chips_html(page.filters, trouble=trouble)

    def filter_form(self, session: str, rows: Sequence[ArticleRow]) -> str:
        """The fields to set filters with; `rows` are the articles to choose outlets and languages from."""
        return filter_form_html(rows, self._page(session).filters)

    def evidence(self, session: str, *, turn: int, kind: PieceKind, number: int) -> str:
        """The pane for a marker or a passage; what the page asks for but does not have gives the empty pane."""
        turns = self.conversation(session).turns
        answer = next((item.answer for item in turns if item.number == turn), None)
        if answer is None:
            return empty_html()
        shown = f"{turn}-{kind}-{number}"
        around = around_html(answer, turn=turn, kind=kind, number=number)
        if kind == "citation":
            for citation in answer.citations:
                if citation.number == number:
                    label = f"Footnote {number}"
                    begin, end = citation.start, citation.end
                    return evidence_html(
                        citation.article, begin, end, label=label, shown=shown, around=around
                    )
        for hit in answer.hits:
            if kind == "passage" and hit.rank == number:
                piece = hit.passage
                return evidence_html(
                    hit.article, piece.start, piece.end, label="Passage", shown=shown, around=around
                )
        return empty_html()

    def rate(self, session: str, *, turn: int, thumb: Thumb, reason: str | None = None) -> None:
        """Keep a thumb on a finished answer of this conversation; without `reason` an earlier one stays.

        It goes to the collection that answered, whichever is open by now. Where it cannot be kept, the thread says
        so and goes on.
        """
        conversation = self.conversation(session)
        rated = next((item for item in conversation.turns if item.number == turn and item.rateable), None)
        if rated is None or rated.answer is None:
            return
        if reason is None:
            reason = rated.reason if thumb == rated.thumb else ""
        history = conversation.history_of(rated)
        try:
            feedback = FeedbackStore(self.library.folder(rated.collection))
            rated.reason = feedback.add(
                rated.answer, name=rated.name, thumb=thumb, reason=reason, history=history
            )
            rated.thumb, rated.rating_trouble = thumb, None
        except RagError as error:
            rated.rating_trouble = f"Not kept: {error}"
        except Exception:
            rated.rating_trouble = f"Not kept. {UNEXPECTED}"
            logger.exception("a thumb was not kept")
        else:
            self.shelf.keep(session, conversation.id, rated)
