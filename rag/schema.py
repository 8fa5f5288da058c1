"""The nouns: what every other room passes around. Frozen, standard library only.

Offsets count Unicode code points. `start`/`end` count in `Article.text`; `source_start`/`source_end`
count in the decoded source file and are None where the text is not a slice of the file (HTML, PDF, DOCX).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Support = Literal["verbatim", "supported"]
AbstentionReason = Literal["nothing_found", "not_supported", "outside_dates", "false_premise"]
ConflictKind = Literal["contradicts", "updated", "same_in_other_units"]
CONFLICT_WORDS: Mapping[ConflictKind, str] = {
    "contradicts": "Accounts differ",
    "updated": "Updated later",
    "same_in_other_units": "Same value in other units",
}
"""Each kind for people."""
History = tuple[tuple[str, str], ...]
"""Earlier turns of a conversation, oldest first: (question, answer) pairs."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its words, and what is known about who published them, where and when.

    Unknown metadata is None, never guessed. For plain-text sources
    `source_text[source_start:source_end] == text`.
    """

    id: str
    title: str
    text: str
    source_path: str
    source_hash: str
    content_hash: str
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    updated: date | None = None
    language: str | None = None
    url: str | None = None
    source_start: int | None = None
    source_end: int | None = None
    encoding: str | None = None
    page_starts: tuple[int, ...] = ()
    external_id: str | None = None
    duplicate_of: str | None = None

    def page_of(self, start: int) -> int | None:
        """The 1-based page that holds offset `start`; None for sources without pages."""
        if not self.page_starts:
            return None
        return sum(1 for page_start in self.page_starts if page_start <= start) or 1

    def in_source(self, offset: int) -> int | None:
        """`offset` (into `text`) as an offset into the source file; None where it has none."""
        return None if self.source_start is None else self.source_start + offset


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article; `article.text[start:end] == text`."""

    article_id: str
    ordinal: int
    start: int
    end: int
    text: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article; `article.text[start:end] == text`."""

    id: str
    article_id: str
    ordinal: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles a question may use. Dates are inclusive days.

    `as_of` hides everything published after that day; articles without a date are left out as soon
    as any date filter is set.
    """

    date_from: date | None = None
    date_to: date | None = None
    as_of: date | None = None
    outlet: str | None = None
    language: str | None = None

    @property
    def latest(self) -> date | None:
        """The last day that may be used, or None."""
        days = [day for day in (self.date_to, self.as_of) if day is not None]
        return min(days) if days else None

    @property
    def by_date(self) -> bool:
        """Whether any date filter is set."""
        return self.date_from is not None or self.latest is not None


_MONTHS = "January February March April May June July August September October November December".split()


def long_date(day: date | None) -> str:
    """A day for people, the same in every locale; an unknown one is said to be unknown.

    >>> long_date(date(2024, 3, 7)), long_date(None)
    ('7 March 2024', 'date unknown')
    """
    return "date unknown" if day is None else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_LANGUAGES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "cs": "Czech",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hy": "Armenian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "zh": "Chinese",
}


def language_name(code: str) -> str:
    """A language for people; of an unknown one its code.

    >>> language_name("fa"), language_name("PT"), language_name("tlh")
    ('Persian', 'Portuguese', 'tlh')
    """
    return _LANGUAGES.get(code.lower(), code)


NO_FILTERS = Filters()
"""Every article may be used."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked passage. `score` falls with `rank` (from 1); `why` names the parts of the score."""

    passage: Passage
    article: Article
    score: float
    rank: int
    why: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A ranked sentence that may answer the question; `score` falls along a ranking."""

    sentence: Sentence
    hit: Hit
    score: float
    why: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What retrieval found: passages and evidence sentences, both best first."""

    question: str
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    seconds: float
    left_out_undated: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedDay:
    """Words of a quotation that name days without their year, and the days they mean, counted from its article's."""

    words: str
    first: date
    last: date

    def __str__(self) -> str:
        """For people.

        >>> str(NamedDay("Wednesday", date(2024, 7, 3), date(2024, 7, 3)))
        '“Wednesday”: 3 July 2024'
        """
        until = "" if self.first == self.last else f" to {long_date(self.last)}"
        return f"“{self.words}”: {long_date(self.first)}{until}"


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quotation; `article.text[start:end] == quote`, and `number` is its marker [n].

    `days` are those that the quote names and that only its article's date tells.
    """

    number: int
    article: Article
    start: int
    end: int
    quote: str
    days: tuple[NamedDay, ...] = ()

    @property
    def source_start(self) -> int | None:
        """Offset of the quote in the source file, or None."""
        return self.article.in_source(self.start)

    @property
    def source_end(self) -> int | None:
        """End of the quote in the source file, or None."""
        return self.article.in_source(self.end)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with the numbers of its citations.

    `verbatim`: the source's own words. `supported`: the model's words, checked against the citations.
    """

    text: str
    support: Support
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConflictValue:
    """One side of a conflict: the value as written, and the number of the citation that says it."""

    value: str
    citation: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Comparable values that differ across articles."""

    about: str
    kind: ConflictKind
    values: tuple[ConflictValue, ...]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A dated verbatim statement."""

    date: date
    statement: Statement


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why there is no answer: a typed reason and a message for people; `nearest` says how near the articles came."""

    reason: AbstentionReason
    message: str
    nearest: str = ""

    @property
    def text(self) -> str:
        """Both as one text."""
        return f"{self.message} {self.nearest}".rstrip()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds spent on a question; `first_text` is when the first checked words stood."""

    retrieval: float = 0.0
    generation: float = 0.0
    total: float = 0.0
    first_text: float = 0.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the prompt and of the model's draft; 0 where no model was asked."""

    prompt: int = 0
    generated: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer, or an abstention. Everything in it may be shown."""

    question: str
    rewritten: str
    filters: Filters
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    abstention: Abstention | None = None
    conflicts: tuple[Conflict, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    independent_sources: int = 0
    notes: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    seconds: Timing = Timing()
    tokens: Tokens = Tokens()

    @property
    def text(self) -> str:
        """The answer as one text with its markers, or the abstention's message.

        >>> Statement("It rained.", "verbatim", (1, 2)).text
        'It rained.'
        """
        if self.abstention is not None:
            return self.abstention.text
        return " ".join(
            statement.text + "".join(f"[{number}]" for number in statement.citations)
            for statement in self.statements
        )


@dataclass(frozen=True, slots=True)
class Split:
    """A line of a file that begins an article (`begins`), or does not although it looks so.

    `occurrence` counts equal lines from 0.
    """

    line: str
    occurrence: int
    begins: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """What a person removed and may have back: the article `article_id`, or where that is None all of the file `path`.

    `title` is empty where it was removed before titles were kept.
    """

    path: str
    article_id: str | None = None
    title: str = ""

    @property
    def name(self) -> str:
        """What it is brought back by: the article's id, or the path."""
        return self.article_id or self.path


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file (or a row of it) that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. `added`, `updated`, `unchanged` and `removed` count articles.

    `left_out` names the files of which something, or all, stays out of the index because a person removed it.
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    failed: tuple[FileFailure, ...]
    skipped: tuple[FileFailure, ...]
    articles: int
    passages: int
    seconds: float
    left_out: tuple[FileFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long operation stands: `done` of `total` units of `stage`, now at `item`."""

    stage: Literal["reading", "embedding", "publishing"]
    done: int
    total: int
    item: str = ""


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """A line of the library: an article without its text, with the number of its passages."""

    article: Article
    passages: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `rag check` found: problems are sentences for people; none means the index is sound."""

    articles: int
    passages: int
    problems: Sequence[str]
