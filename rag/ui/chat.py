"""The conversation: answers as HTML, and what happens when a question is asked, stopped or cleared.

Gradio is not needed here: `layout` ties these functions to its components. A conversation belongs to one
browser page and is known by that page's session; nothing crosses from one to another.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, Protocol, TypeVar

from rag.config import Config
from rag.errors import InputError, RagError
from rag.schema import (
    Answer,
    ArticleRow,
    Citation,
    Conflict,
    FileFailure,
    History,
    Hit,
    IngestReport,
    Progress,
    Statement,
    TimelineEntry,
)
from rag.ui.evidence import (
    empty_html,
    escape,
    escape_line,
    evidence_html,
    format_date,
    origin_html,
    time_html,
    title_html,
)

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
PieceKind = Literal["citation", "passage"]

MAX_CONVERSATIONS = 200
MAX_QUESTION_CHARACTERS = 2_000
MAX_WAITING = 20
UPLOAD_SUFFIXES = (".txt", ".md", ".html", ".htm", ".jsonl")
UNEXPECTED = "Something went wrong inside the program; the terminal it was started from has the details."

SUPPORT_WORDS = {
    "verbatim": ("verbatim", "The source's own words"),
    "supported": ("checked", "The model's words, checked against the cited sentences"),
}
CONFLICT_WORDS = {
    "contradicts": "Sources disagree",
    "updated": "Updated later",
    "same_in_other_units": "Same value in other units",
}
STAGE_WORDS = {"reading": "Reading", "embedding": "Indexing", "publishing": "Finishing"}


class Assistant(Protocol):
    """What the UI needs of `rag.assistant.Assistant`; the tests bring a fake."""

    @property
    def config(self) -> Config: ...

    def stream(self, question: str, *, history: History = ()) -> Iterator[Answer]: ...

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport: ...

    def articles(self) -> list[ArticleRow]: ...


# What the page shows


@dataclass(slots=True)
class Turn:
    """A question and what became of it. `answer` is the latest snapshot."""

    number: int
    question: str
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False
    running: bool = True
    ahead: int = 0


def marker_html(number: int, citation: Citation | None = None) -> str:
    """The button [n] that opens citation `number`."""
    about = f": {citation.article.outlet or citation.article.title}" if citation else ""
    return (
        f'<button type="button" class="marker" data-citation="{number}" '
        f'aria-label="Footnote {number}{escape_line(about)}"><span aria-hidden="true">{number}</span></button>'
    )


def statement_html(statement: Statement, citations: Sequence[Citation]) -> str:
    """A sentence, its markers and the word that tells whose words it is made of."""
    word, meaning = SUPPORT_WORDS[statement.support]
    return (
        f'<p class="statement {statement.support}" dir="auto">'
        f'<span class="words">{escape(statement.text)}</span>'
        f'<span class="markers">{_markers_html(statement.citations, citations)}</span> '
        f'<span class="support" title="{escape(meaning)}">{word}</span></p>'
    )


def answer_html(answer: Answer) -> str:
    """An answer, or an abstention, with everything that belongs to it."""
    parts = []
    if answer.rewritten and answer.rewritten.strip() != answer.question.strip():
        parts.append(f'<p class="understood">Understood as: <bdi>{escape_line(answer.rewritten)}</bdi></p>')
    if answer.abstention is not None:
        parts.append(_abstention_html(answer))
    else:
        statements = "".join(statement_html(statement, answer.citations) for statement in answer.statements)
        parts.append(f'<div class="statements">{statements}</div>')
    parts.extend(_conflict_html(conflict, answer.citations) for conflict in answer.conflicts)
    parts.append(_timeline_html(answer.timeline, answer.citations))
    parts.append(_sources_html(answer.citations))
    if answer.abstention is None:
        parts.append(_also_read_html(answer))
    parts.append(_small_print_html(answer))
    return "".join(parts)


def turn_html(turn: Turn, *, last: bool = False) -> str:
    """A question with its answer, its waiting line or its error."""
    body = []
    if turn.answer is not None:
        body.append(answer_html(turn.answer))
    if turn.running:
        words = "Reading…" if turn.answer is None else "Reading on…"
        if turn.ahead:
            words = f"Waiting for {turn.ahead} other question{'s' if turn.ahead > 1 else ''}…"
        body.append(f'<p class="waiting" role="status">{words}</p>')
    if turn.stopped:
        body.append('<p class="stopped">Stopped. What stands above was checked before that.</p>')
    if turn.error is not None:
        body.append(f'<p class="error" role="alert" dir="auto">{escape_line(turn.error)}</p>')
    flags = (" data-running" if turn.running else "") + (" data-last" if last else "")
    return (
        f'<section class="turn" data-turn="{turn.number}"{flags}>'
        f'<h2 class="question" dir="auto">{escape(turn.question)}</h2>'
        f'<div class="answer">{"".join(body)}</div></section>'
    )


def thread_html(turns: Sequence[Turn], *, examples: Sequence[str] = (), articles: int = 0) -> str:
    """The whole conversation; before the first question, a welcome with examples."""
    if turns:
        return "".join(turn_html(turn, last=turn is turns[-1]) for turn in turns)
    if not articles:
        return (
            '<div class="welcome"><p class="welcome-line">The shelves are empty.</p>'
            "<p>Add a few articles on the left: plain text, Markdown, HTML or JSONL. "
            "They stay on this machine.</p></div>"
        )
    buttons = "".join(
        f'<li><button type="button" class="example" dir="auto" data-example="{escape(example)}">'
        f"{escape_line(example)}</button></li>"
        for example in examples
    )
    return (
        '<div class="welcome"><p class="welcome-line">What would you like to know?</p>'
        "<p>Every sentence of an answer carries a footnote that leads to the exact words it rests on.</p>"
        f'<ul class="examples">{buttons}</ul></div>'
    )


def library_html(rows: Sequence[ArticleRow]) -> str:
    """The list of articles."""
    if not rows:
        return '<p class="library-empty">No articles yet.</p>'
    items = "".join(
        f'<li dir="auto">{title_html(row.article)}<span class="origin">{origin_html(row.article)}</span></li>'
        for row in rows
    )
    return f'<ul class="library">{items}</ul>'


def masthead_html(articles: int, models: Sequence[str]) -> str:
    """The product's name and its state on one line."""
    parts = [f"{articles:,} article{'' if articles == 1 else 's'}", *(escape_line(model) for model in models)]
    status = '<span class="dot" aria-hidden="true">·</span>'.join(
        f"<span>{part}</span>" for part in [*parts, "offline"]
    )
    return (
        '<header class="masthead"><h1>Footnote<sup aria-hidden="true">1</sup></h1>'
        f'<p class="status" role="status">{status}</p></header>'
    )


def progress_html(progress: Progress) -> str:
    """Where an ingest stands."""
    total = max(progress.total, 1)
    count = f"{progress.done:,} of {progress.total:,}" if progress.total else ""
    item = f'<span class="item"><bdi>{escape_line(Path(progress.item).name)}</bdi></span>' if progress.item else ""
    return (
        f'<div class="ingest"><p><span>{STAGE_WORDS.get(progress.stage, "Working")}</span>'
        f"<span>{count}</span></p>"
        f'<progress max="{total}" value="{min(progress.done, total)}"></progress>{item}</div>'
    )


def report_html(report: IngestReport) -> str:
    """What an ingest did, with the reason for each file that was left out."""
    counts = (
        ("added", report.added),
        ("updated", report.updated),
        ("unchanged", report.unchanged),
        ("removed", report.removed),
    )
    words = [f"{count:,} {word}" for word, count in counts if count]
    lines = [f'<p class="ready">{", ".join(words) or "Nothing new"}.</p>']
    for word, failures in (("Not read", report.failed), ("Skipped", report.skipped)):
        if failures:
            lines.append(f'<p class="trouble">{word}: {len(failures):,}</p><ul>{_failures_html(failures)}</ul>')
    return f'<div class="ingest" role="status">{"".join(lines)}</div>'


def trouble_html(message: str) -> str:
    """One line of error for the library column."""
    return f'<div class="ingest"><p class="error" role="alert" dir="auto">{escape_line(message)}</p></div>'


def examples_from(rows: Sequence[ArticleRow], *, count: int = 3) -> list[str]:
    """Neutral example questions made of article titles.

    They only ask what an article says, so that they suit any pile.
    """
    seen: OrderedDict[str, None] = OrderedDict()
    for row in rows:
        title = " ".join(row.article.title.split())
        if title and row.article.duplicate_of is None:
            seen.setdefault(title if len(title) <= 90 else title[:89].rstrip() + "…")
    return [f"What is reported in “{title}”?" for title in list(seen)[:count]]


def _markers_html(numbers: Sequence[int], citations: Sequence[Citation]) -> str:
    known = {citation.number: citation for citation in citations}
    return "".join(marker_html(number, known[number]) for number in numbers if number in known)


def _sources_html(citations: Sequence[Citation]) -> str:
    """Each cited article once, in the order of its first citation."""
    numbers: dict[str, list[Citation]] = {}
    for citation in citations:
        numbers.setdefault(citation.article.id, []).append(citation)
    items = "".join(
        f'<li><span class="numbers">{"".join(marker_html(citation.number, citation) for citation in group)}</span>'
        f'<span class="source">{title_html(group[0].article)}'
        f'<span class="origin">{origin_html(group[0].article)}</span></span></li>'
        for group in numbers.values()
    )
    return f'<ol class="sources" aria-label="Sources">{items}</ol>' if items else ""


def _passages_html(hits: Sequence[Hit]) -> str:
    items = "".join(
        f'<li><button type="button" class="passage" data-passage="{hit.rank}">{title_html(hit.article)}'
        f'<span class="origin">{origin_html(hit.article)}</span></button></li>'
        for hit in hits
    )
    return f'<ul class="passages">{items}</ul>'


def _first_of_each_article(hits: Sequence[Hit], *, without: set[str]) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in hits:
        if hit.article.id not in without:
            best.setdefault(hit.article.id, hit)
    return list(best.values())


def _abstention_html(answer: Answer) -> str:
    assert answer.abstention is not None
    cited = {citation.article.id for citation in answer.citations}
    near = _first_of_each_article(answer.hits, without=cited)[:5]
    nearest = f'<p class="label">Nearest passages</p>{_passages_html(near)}' if near else ""
    quotes = "".join(
        f'<p class="statement" dir="auto"><span class="words"><q>{escape(citation.quote)}</q></span>'
        f'<span class="markers">{marker_html(citation.number, citation)}</span></p>'
        for citation in answer.citations
    )
    return (
        f'<div class="abstention" data-reason="{escape(answer.abstention.reason)}">'
        f'<p class="message" dir="auto">{escape(answer.abstention.message)}</p>{quotes}{nearest}</div>'
    )


def _also_read_html(answer: Answer) -> str:
    cited = {citation.article.id for citation in answer.citations}
    rest = _first_of_each_article(answer.hits, without=cited)
    if not rest:
        return ""
    count = f"{len(rest)} more article{'' if len(rest) == 1 else 's'}"
    return f'<details class="also"><summary>Also searched: {count}</summary>{_passages_html(rest)}</details>'


def _conflict_html(conflict: Conflict, citations: Sequence[Citation]) -> str:
    known = {citation.number: citation for citation in citations}
    rows = "".join(
        f'<tr><td dir="auto"><span class="value">{escape(value.value)}</span>'
        f"{marker_html(value.citation, known[value.citation])}</td>"
        f"<td>{origin_html(known[value.citation].article)}</td></tr>"
        for value in conflict.values
        if value.citation in known
    )
    return (
        f'<table class="conflict"><caption>{CONFLICT_WORDS[conflict.kind]}: '
        f"<bdi>{escape_line(conflict.about)}</bdi></caption><tbody>{rows}</tbody></table>"
    )


def _timeline_html(entries: Sequence[TimelineEntry], citations: Sequence[Citation]) -> str:
    items = "".join(
        f"<li>{time_html(entry.date)}{statement_html(entry.statement, citations)}</li>" for entry in entries
    )
    return f'<ol class="timeline" aria-label="Timeline">{items}</ol>' if items else ""


def _small_print_html(answer: Answer) -> str:
    facts = []
    if answer.filters.latest is not None:
        facts.append(f"as of {format_date(answer.filters.latest)}")
    if answer.independent_sources:
        plural = "" if answer.independent_sources == 1 else "s"
        facts.append(f"{answer.independent_sources} independent source{plural}")
    if answer.seconds.total:
        facts.append(f"{answer.seconds.total:.1f} s")
    lines = [f"<p>{' · '.join(facts)}</p>"] if facts else []
    lines.extend(f'<p dir="auto">{escape_line(note)}</p>' for note in answer.notes)
    return f'<div class="small-print">{"".join(lines)}</div>' if lines else ""


def _failures_html(failures: Sequence[FileFailure]) -> str:
    return "".join(
        f'<li><bdi class="path">{escape_line(Path(failure.path).name)}</bdi> '
        f"<span>{escape_line(failure.reason)}</span></li>"
        for failure in failures
    )


# What happens


@dataclass(slots=True)
class Conversation:
    """The turns of one browser page, and the switch that stops the running one."""

    turns: list[Turn] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def history(self) -> History:
        """The finished turns as (question, answer) pairs; the words alone, without markers."""
        return tuple(
            (turn.question, _plain_answer(turn.answer))
            for turn in self.turns
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
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting: set[str] = set()  # sessions whose question is being answered or stands in line
        self._models: tuple[str, ...] = tuple(
            name for name in (assistant.config.embedder, assistant.config.model) if name
        )

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
            return self._assistant.articles()
        except RagError as error:
            logger.info("the library cannot be listed: %s", error)
            return []

    def masthead(self, rows: Sequence[ArticleRow]) -> str:
        """The header line."""
        return masthead_html(len(rows), self._models)

    def thread(self, session: str) -> str:
        """The conversation as it stands."""
        turns = self.conversation(session).turns
        if turns:
            return thread_html(turns)
        rows = self.articles()
        examples = examples_from(rows) if self._examples is None else self._examples
        return thread_html((), examples=examples, articles=len(rows))

    def begin(self, session: str, question: str) -> None:
        """Write the question down, so that the page shows it at once. An empty one is ignored."""
        question = question.strip()
        conversation = self.conversation(session)
        if not question or any(turn.running for turn in conversation.turns):
            return
        with self._lock:
            ahead = len(self._waiting - {session})
            turn = Turn(len(conversation.turns) + 1, question, ahead=ahead)
            if ahead < MAX_WAITING:
                self._waiting.add(session)
            else:
                turn.running, turn.error = False, f"{ahead} questions are waiting already; ask again in a moment."
        conversation.stop = threading.Event()
        conversation.turns.append(turn)

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
                raise InputError(f"The question is longer than {MAX_QUESTION_CHARACTERS:,} characters; shorten it.")
            snapshots = self._assistant.stream(turn.question, history=conversation.history)
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
            stop.set()
            with self._lock:
                self._waiting.discard(session)
            if turn.answer is not None and turn.answer.models:
                self._models = tuple(dict.fromkeys(turn.answer.models.values()))
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
        """Forget the conversation."""
        conversation = self.conversation(session)
        conversation.stop.set()
        with self._lock:
            # A new one, not an emptied one: an answer that is still ending must not come back into it.
            self._conversations[session] = Conversation()

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
                    return evidence_html(citation.article, citation.start, citation.end, label=label, shown=shown)
        for hit in answer.hits:
            if kind == "passage" and hit.rank == number:
                piece = hit.passage
                return evidence_html(hit.article, piece.start, piece.end, label="Passage", shown=shown)
        return empty_html()

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
    read: SimpleQueue[object] = SimpleQueue()

    def work() -> None:
        try:
            for item in items:
                if stop.is_set():
                    break
                read.put(item)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that reads
            read.put(error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            read.put(done)

    def tell() -> None:
        stop.wait()
        read.put(done)

    threading.Thread(target=work, name="answer", daemon=True).start()
    threading.Thread(target=tell, name="answer-stop", daemon=True).start()
    try:
        while (item := read.get()) is not done:
            if isinstance(item, BaseException):
                raise item
            yield item  # type: ignore[misc]
    finally:
        stop.set()


def keep_upload(file: Path, folder: Path) -> Path:
    """Copy an uploaded file into `folder` under a harmless name that is not taken; gives the copy.

    The same bytes under the same name are kept once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = file.read_bytes()
    stem, suffix = safe_name(file.name)
    number = 1
    while True:
        target = folder / (f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}")
        try:
            # Exclusive creation: two pages may upload the same name at the same moment.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
                return target
            number += 1
            continue
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
        return target


def safe_name(name: str) -> tuple[str, str]:
    """A file name without folders, control characters or leading dots, as (stem, suffix).

    >>> safe_name("../../etc/pass wd.txt")
    ('pass wd', '.txt')
    >>> safe_name("..htaccess")
    ('htaccess', '')
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = re.sub(r"[^\w .()\[\]&,;'+=@~-]", "_", name).strip(". ")
    path = Path(name or "article")
    suffix = path.suffix[:16]
    stem = path.name[: len(path.name) - len(path.suffix)]
    # A name may have 255 bytes; leave room for the suffix and a number.
    return stem.encode()[:180].decode(errors="ignore") or "article", suffix
