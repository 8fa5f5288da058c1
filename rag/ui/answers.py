"""Answers and the states of the page as inert HTML: pure functions from nouns to strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from rag.feedback import MAX_REASON_CHARACTERS, Thumb
from rag.schema import (
    CONFLICT_WORDS,
    NO_FILTERS,
    Answer,
    Citation,
    Conflict,
    Filters,
    Hit,
    Statement,
    TimelineEntry,
)
from rag.ui.evidence import (
    cards_html,
    escape,
    escape_line,
    origin_html,
    time_html,
    title_html,
    without_commands,
)
from rag.ui.filters import asked_with_html

SUPPORT_WORDS = {
    "verbatim": ("verbatim", "The source's own words"),
    "supported": ("checked", "The model's words, checked against the cited sentences"),
}
THUMB_WORDS: dict[Thumb, str] = {"up": "Good answer", "down": "Poor answer"}
LONG_QUESTION = 160
"""Characters from which a question is no headline any more."""
KEYS = (
    ("/", "to the question"),
    ("Enter", "ask; Ctrl+Enter does too"),
    ("Shift+Enter", "a new line in the question"),
    ("1 to 9", "open a footnote of the last answer"),
    ("j, k", "the next footnote, the one before"),
    ("Esc", "close what is open"),
    ("?", "this list"),
)


@dataclass(slots=True)
class Turn:
    """A question, what became of it and what was thought of that. `answer` is the latest snapshot.

    `ahead` counts the questions that are answered before this one; `receipt` is the JSON of a whole answer's;
    `collection` names the folder that was read, empty for the one that conversations are kept in; `again` is the
    turn that this one asks again, 0 for a new question.
    """

    number: int
    question: str
    filters: Filters = field(default=NO_FILTERS, kw_only=True)
    answer: Answer | None = None
    error: str | None = None
    stopped: bool = False
    running: bool = True
    ahead: int = 0
    name: str = field(default_factory=lambda: uuid4().hex)
    thumb: Thumb | None = None
    reason: str = ""
    rating_trouble: str | None = None
    asked: datetime = field(default_factory=lambda: datetime.now(UTC))
    receipt: str | None = None
    collection: str = ""
    again: int = 0

    @property
    def rateable(self) -> bool:
        """Whether a whole answer or abstention stands there."""
        return self.answer is not None and not (self.running or self.stopped or self.error)


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
        + _words_html(
            statement.text,
            f'<span class="markers">{_markers_html(statement.citations, citations)}</span> '
            f'<span class="support" title="{escape(meaning)}">{word}</span>',
        )
        + "</p>"
    )


def answer_html(answer: Answer) -> str:
    """An answer, or an abstention, with everything that belongs to it."""
    parts = []
    if answer.rewritten and answer.rewritten.split() != answer.question.split():
        parts.append(f'<p class="understood">Understood as: <bdi>{escape_line(answer.rewritten)}</bdi></p>')
    if answer.abstention is not None:
        parts.append(_abstention_html(answer))
    else:
        # What the timeline tells, with its day, is not told twice.
        told = {entry.statement.text for entry in answer.timeline}
        rest = [statement for statement in answer.statements if statement.text not in told]
        if rest:
            statements = "".join(statement_html(statement, answer.citations) for statement in rest)
            parts.append(f'<div class="statements">{statements}</div>')
    parts.extend(_conflict_html(conflict, answer.citations) for conflict in answer.conflicts)
    parts.append(_timeline_html(answer.timeline, answer.citations))
    parts.append(_sources_html(answer.citations))
    if answer.abstention is None:
        parts.append(_also_read_html(answer))
    parts.append(_small_print_html(answer))
    parts.append(cards_html(answer.citations))
    return "".join(parts)


def turn_html(turn: Turn, *, last: bool = False) -> str:
    """A question with its answer, its waiting line or its error."""
    body = []
    if turn.answer is not None:
        body.append(answer_html(turn.answer))
    if turn.running:
        words = "Reading…" if turn.answer is None else "Reading on…"
        if turn.ahead:
            words = place_words(turn.ahead)
        body.append(f'<p class="waiting" role="status">{words}</p>')
    if turn.stopped:
        rest = " What stands above was checked before that." if turn.answer is not None else ""
        body.append(f'<p class="stopped">Stopped.{rest}</p>')
    if turn.error is not None:
        body.append(f'<p class="error" role="alert" dir="auto">{escape_line(turn.error)}</p>')
    if not turn.running:
        thumbs = rating_html(turn) if turn.rateable else ""
        body.append(f'<div class="afterwards">{thumbs}{deeds_html(turn)}</div>')
    long = " long" if len(turn.question) > LONG_QUESTION else ""
    flags = (" data-running" if turn.running else "") + (" data-last" if last else "")
    return (
        f'<section class="turn" data-turn="{turn.number}"{flags}>'
        f'<h2 class="question{long}" dir="auto">{escape(turn.question)}</h2>{asked_with_html(turn.filters)}'
        f'<div class="answer">{"".join(body)}</div></section>'
    )


def place_words(ahead: int) -> str:
    """Where a question stands in line.

    >>> place_words(1), place_words(2), place_words(12)
    ('You are next in line…', 'You are second in line…', 'You are number 12 in line…')
    """
    ordinals = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    place = ordinals[ahead - 1] if ahead <= len(ordinals) else f"number {ahead}"
    return f"You are {place} in line…"


def rating_html(turn: Turn) -> str:
    """The two thumbs under an answer, a field for the reason after a thumb down, and what became of it."""
    buttons = "".join(
        f'<button type="button" class="thumb" data-thumb="{thumb}" title="{words}" aria-label="{words}" '
        f'aria-pressed="{"true" if turn.thumb == thumb else "false"}"><span aria-hidden="true"></span></button>'
        for thumb, words in THUMB_WORDS.items()
    )
    why = (
        f'<input type="text" class="why" dir="auto" data-why maxlength="{MAX_REASON_CHARACTERS}" '
        'autocomplete="off" aria-label="What was wrong? Optional" placeholder="What was wrong? (optional)" '
        f'value="{escape_line(turn.reason)}">'
        if turn.thumb == "down"
        else ""
    )
    words = turn.rating_trouble or ("" if turn.thumb is None else "Noted.")
    return (
        f'<div class="rating" role="group" aria-label="Rate this answer">{buttons}{why}'
        f'<span class="rated" role="status" dir="auto">{escape_line(words)}</span></div>'
    )


def deeds_html(turn: Turn) -> str:
    """What can be done with a question that is not running any more, and with its answer."""
    copy = (
        '<button type="button" data-copy title="Copy the answer with its sources">Copy</button>'
        if turn.answer is not None
        else ""
    )
    return (
        f'<div class="deeds" role="group" aria-label="This question">{copy}'
        '<button type="button" data-edit title="Put the question into the box, to change it">Edit</button>'
        '<button type="button" data-again title="Ask the same again, with the filters set now">Ask again</button></div>'
    )


def thread_html(turns: Sequence[Turn], *, examples: Sequence[str] = (), articles: int = 0) -> str:
    """The whole conversation; before the first question, a welcome with examples."""
    if turns:
        return "".join(turn_html(turn, last=turn is turns[-1]) for turn in turns)
    if not articles:
        return (
            '<div class="welcome empty"><p class="welcome-line">The shelves are empty.</p>'
            "<p>Add the articles that you want to ask: text, Markdown, HTML, PDF, DOCX, mail, JSON, CSV, or a zip of "
            "these. They stay on this machine.</p>"
            '<p class="add"><button type="button" data-add>Choose files</button> '
            "<span>or drop them anywhere on this page</span></p></div>"
            '<div class="welcome reading"><p class="welcome-line">Your articles are being read.</p>'
            "<p>You can ask already: an answer says which files it had not read yet.</p></div>"
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


def masthead_html(
    articles: int,
    models: Sequence[str],
    *,
    passages: int = 0,
    offline: bool = True,
    last: Answer | None = None,
) -> str:
    """The product's name and its state on one line: size of the index, models, the speed of the `last` answer."""
    count = f"{articles:,} article{'' if articles == 1 else 's'}"
    size = f"{count}, {passages:,} passage{'' if passages == 1 else 's'}" if passages else count
    facts = [("offline" if offline else "a model elsewhere is asked", "net"), (size, "size")]
    facts += [(escape_line(model), "model") for model in models]
    if last is not None and last.seconds.total:
        facts.append((speed_words(last), "speed"))
    status = '<span class="dot" aria-hidden="true">·</span>'.join(
        f'<span class="{name}">{words}</span>' for words, name in facts
    )
    return (
        '<header class="masthead"><h1>Footnote<sup aria-hidden="true">1</sup></h1>'
        f'<p class="status" role="status">{status}</p><p class="tools">'
        '<a class="to-library" href="#library-column">Library</a>'
        '<button type="button" data-settings="open" aria-haspopup="dialog">Settings</button>'
        '<button type="button" class="to-keys" data-keys aria-haspopup="dialog" '
        'title="Keys (?)" aria-label="Keys">?</button></p></header>'
    )


def speed_words(answer: Answer) -> str:
    """How long an answer took and, where a model wrote, how fast.

    >>> from dataclasses import replace
    >>> from rag.schema import Timing, Tokens
    >>> empty = Answer("q", "q", NO_FILTERS, (), (), ())
    >>> speed_words(replace(empty, seconds=Timing(generation=1.0, total=1.25), tokens=Tokens(90, 40)))
    'last answer 1.2 s, 40 tokens/s'
    """
    seconds, tokens = answer.seconds, answer.tokens.generated
    written = f", {tokens / seconds.generation:.0f} tokens/s" if tokens and seconds.generation else ""
    return f"last answer {seconds.total:.1f} s{written}"


def keys_html() -> str:
    """The list of keys, a dialog that is closed at first."""
    rows = "".join(f"<tr><td><kbd>{key}</kbd></td><td>{meaning}</td></tr>" for key, meaning in KEYS)
    return (
        '<dialog class="keys" aria-labelledby="keys-name"><h2 id="keys-name">Keys</h2>'
        f"<table><tbody>{rows}</tbody></table>"
        "<p>While you type, only Enter and Esc are keys.</p>"
        '<form method="dialog"><button type="submit">Close</button></form></dialog>'
    )


def _markers_html(numbers: Sequence[int], citations: Sequence[Citation]) -> str:
    known = {citation.number: citation for citation in citations}
    return "".join(marker_html(number, known[number]) for number in numbers if number in known)


def _words_html(text: str, tail: str) -> str:
    """The words, the last of them kept on one line with the `tail` (already HTML)."""
    head, blank, last = text.rpartition(" ")
    if len(last) > 24:  # no words to speak of, as in Chinese: nothing to keep together
        head, blank, last = text, "", ""
    return (
        f'<span class="words">{escape(head + blank)}</span><span class="tail">'
        f'<span class="words">{escape(last)}</span>{tail}</span>'
    )


def _sources_html(citations: Sequence[Citation]) -> str:
    """Each cited article once, in the order of its first citation."""
    numbers: dict[str, list[Citation]] = {}
    for citation in citations:
        numbers.setdefault(citation.article.id, []).append(citation)
    items = "".join(
        f'<li dir="auto"><span class="numbers">{"".join(marker_html(cited.number, cited) for cited in group)}</span>'
        f'<span class="source">{title_html(group[0].article)}'
        f'<span class="origin">{origin_html(group[0].article)}</span>{_days_html(group)}</span></li>'
        for group in numbers.values()
    )
    return f'<ol class="sources" aria-label="Sources">{items}</ol>' if items else ""


def _days_html(citations: Sequence[Citation]) -> str:
    """What "on Wednesday" in the quotes means: only the article's own date tells."""
    told = "; ".join(dict.fromkeys(str(day) for citation in citations for day in citation.days))
    return f'<span class="origin days">{escape_line(told)}</span>' if told else ""


def _passages_html(hits: Sequence[Hit]) -> str:
    items = "".join(
        f'<li><button type="button" class="passage" dir="auto" data-passage="{hit.rank}">{title_html(hit.article)}'
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
    return f'<details class="also"><summary>Also found: {count}</summary>{_passages_html(rest)}</details>'


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
    if answer.independent_sources:
        plural = "" if answer.independent_sources == 1 else "s"
        facts.append(f"{answer.independent_sources} independent source{plural}")
    if answer.seconds.total:
        facts.append(f"{answer.seconds.total:.1f} s")
    lines = [f"<p>{' · '.join(facts)}</p>"] if facts else []
    notes = (without_commands(note) for note in answer.notes)
    lines.extend(f'<p dir="auto">{escape_line(note)}</p>' for note in notes if note)
    return f'<div class="small-print">{"".join(lines)}</div>' if lines else ""
