"""Stand-ins for the collaborators: small, quick, and made of canned nouns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rag.config import Config
from rag.errors import GenerationFailed, InputError
from rag.schema import (
    Abstention,
    Answer,
    Article,
    ArticleRow,
    Citation,
    Conflict,
    ConflictValue,
    FileFailure,
    Filters,
    History,
    Hit,
    IngestReport,
    Passage,
    Progress,
    Removed,
    Statement,
    Timing,
)

NO_FILTERS = Filters()
SCRIPT_TITLE = "<script>window.__owned=1</script><img src=x onerror=window.__owned=1>"

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "![x](http://evil.example/a.png)",
    "[a]: http://evil.example/b",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe src=//evil.example></iframe>",
    "<style>@import url(http://evil.example)</style>",
    "<link rel=stylesheet href=http://evil.example>",
    "<base href=http://evil.example/>",
    "<form action=http://evil.example><button data-citation=9>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "</div></section><h1>owned</h1>",
    "<!-- ",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<mark>not the quote</mark>",
]

BRIDGE_TEXT = """The old swing bridge at Harrow Quay will close to all traffic on Monday for the first full repair \
since it was built in 1931.

The county council said on Thursday that the work would take eleven weeks and cost £2.4 million. Engineers found \
corrosion in four of the twelve main girders during an inspection last autumn, according to a report seen by this \
newspaper.

"We looked at doing it one lane at a time," said Maren Oduya, who leads the council's roads department. "It would \
have taken eight months and it would have been less safe."

Buses will be diverted over the Mill Road crossing, which adds about twelve minutes to the journey into town. \
Pedestrians and cyclists may use a free ferry that runs every quarter of an hour from six in the morning until \
eleven at night.

Shopkeepers on the east bank said that they had learned of the date from a notice on a lamp post. "Eleven weeks is \
the whole of the summer," said Tomas Lindqvist, who runs a bakery on Quay Street. The council has set aside £90,000 \
for businesses that lose trade.

The bridge carries about 14,000 vehicles a day. It last closed for more than a weekend in 1987, after a coal barge \
struck the central pier."""

FERRY_TEXT = """A free ferry will link both banks of the river from Monday while the Harrow Quay bridge is repaired.

Two boats with room for forty passengers and a dozen bicycles each will cross every fifteen minutes, the operator \
said. The council puts the cost of the repair at £2.7 million, three hundred thousand more than it announced in \
March, because steel has become dearer.

The ferry was last used in 1987."""

PERSIAN_TEXT = """پل قدیمی بندر از روز دوشنبه بسته می‌شود. شورای شهر اعلام کرد که تعمیر پل یازده هفته طول می‌کشد.

اتوبوس‌ها از مسیر دیگری می‌روند."""


def make_article(number: int, title: str, text: str, **known: object) -> Article:
    """An article with ids made of its number."""
    article = Article(
        id=f"a{number}",
        title=title,
        text=text,
        source_path=f"articles/{number:02d}.txt",
        source_hash=f"s{number}",
        content_hash=f"c{number}",
        source_start=0,
        source_end=len(text),
        language="en",
    )
    return replace(article, **known)  # type: ignore[arg-type]


def cite(number: int, article: Article, quote: str) -> Citation:
    """The citation of the first place where `quote` stands."""
    start = article.text.index(quote)
    return Citation(number, article, start, start + len(quote), quote)


def hit_of(rank: int, article: Article, words: str) -> Hit:
    """A hit on the passage `words`."""
    start = article.text.index(words)
    passage = Passage(f"{article.id}-{rank}", article.id, rank, start, start + len(words), words)
    return Hit(passage, article, 1.0 / rank, rank, {"fused": 1.0 / rank})


SAMPLE_ARTICLES = (
    make_article(
        1,
        "Harrow Quay bridge to close for eleven weeks",
        BRIDGE_TEXT,
        outlet="The Estuary Courier",
        author="Ines Falk",
        published=date(2024, 3, 7),
    ),
    make_article(
        2,
        "Free ferry while the bridge is mended",
        FERRY_TEXT,
        outlet="Riverside Post",
        published=date(2024, 5, 2),
    ),
    make_article(
        3,
        "پل قدیمی بندر بسته می‌شود",
        PERSIAN_TEXT,
        outlet="روزنامه ساحل",
        published=date(2024, 3, 8),
        language="fa",
    ),
    make_article(
        4, SCRIPT_TITLE, f"A page of notes. {SCRIPT_TITLE} The notes end here.", outlet="<b>Notes</b>"
    ),
    make_article(
        5,
        "What the tide gauges show after forty years",
        "The gauges at the harbour mouth have risen by eleven centimetres since 1984.",
        outlet="Coast & Country",
        published=date(2023, 11, 19),
    ),
    make_article(6, "Minutes of the harbour board", "The board met on a Tuesday.", outlet=None),
)


class FakeAssistant:
    """Answers by the words of the question; `closed` counts the iterators that were closed before their end.

    "slow" gives a snapshot every `pause_seconds`, "Mars" abstains, "boom" fails, "bug" is an unexpected error,
    "notes" cites the article whose title is a script, "Persian" the one that runs from right to left.
    """

    offline = True

    def __init__(
        self,
        config: Config | None = None,
        *,
        articles: Sequence[Article] = SAMPLE_ARTICLES,
        pause_seconds: float = 0.0,
    ) -> None:
        self.config = config or Config()
        self.models = {"embedder": "minilm", "generator": "smollm2-135m"}
        self.pause_seconds = pause_seconds
        self.closed = 0
        self.questions: list[tuple[str, History]] = []
        self.asked_with: list[tuple[float | None, bool]] = []
        self._articles = list(articles)

    def articles(self) -> list[ArticleRow]:
        return [ArticleRow(article, 1) for article in self._articles]

    def article(self, article_id: str) -> Article | None:
        return next((article for article in self._articles if article.id == article_id), None)

    def over(self, index_dir: Path) -> FakeAssistant:
        return FakeAssistant(replace(self.config, index_dir=index_dir), articles=())

    def restore(self, targets: Sequence[str]) -> IngestReport:
        return self.ingest(targets)

    def removed(self) -> list[Removed]:
        return []

    def split(
        self, path: Path | str, *, begin: Sequence[int] = (), join: Sequence[int] = ()
    ) -> list[ArticleRow]:
        raise InputError(f"{path}: nothing can be split here")

    def correct(self, article_id: str, values: Mapping[str, str]) -> ArticleRow:
        raise InputError("nothing can be corrected here")

    def remove(self, targets: Sequence[str]) -> int:
        raise InputError("nothing can be removed here")

    def close(self) -> None:
        """Nothing to free."""

    def use_model(self, name: str) -> None:
        self.models["generator"] = name

    def ask(self, question: str, *, history: History = ()) -> Answer:
        return list(self.stream(question, history=history))[-1]

    def stream(
        self,
        question: str,
        *,
        filters: Filters = NO_FILTERS,
        history: History = (),
        budget_seconds: float | None = None,
        extractive: bool = False,
        on_model: Callable[[Callable[[], None]], None] | None = None,
    ) -> Iterator[Answer]:
        self.questions.append((question, history))
        self.asked_with.append((budget_seconds, extractive))
        if "boom" in question:
            raise GenerationFailed("the language model stopped working; ask again, it restarts by itself")
        if "bug" in question:
            raise KeyError("an unexpected error")
        snapshots = list(self._snapshots(question, filters))
        try:
            for snapshot in snapshots * (200 if "slow" in question else 1):
                yield snapshot
                time.sleep(self.pause_seconds)
        except GeneratorExit:
            self.closed += 1
            raise

    def _snapshots(self, question: str, filters: Filters) -> Iterator[Answer]:
        bridge, ferry, persian, notes, tide, minutes = SAMPLE_ARTICLES
        hits = (
            hit_of(1, bridge, bridge.text[:200]),
            hit_of(2, ferry, ferry.text[:100]),
            hit_of(3, tide, tide.text),
            hit_of(4, minutes, minutes.text),
        )
        empty = Answer(question, question, filters, (), (), hits, models={"embedder": "minilm"})
        if "Mars" in question:
            message = "The articles do not say. Nothing in them speaks of this."
            yield replace(empty, abstention=Abstention("not_supported", message))
            return
        if "notes" in question:
            quote = cite(1, notes, "The notes end here.")
            yield replace(empty, statements=(Statement(SCRIPT_TITLE, "verbatim", (1,)),), citations=(quote,))
            return
        if "Persian" in question:
            quote = cite(1, persian, "شورای شهر اعلام کرد که تعمیر پل یازده هفته طول می‌کشد.")
            yield replace(empty, statements=(Statement(quote.quote, "verbatim", (1,)),), citations=(quote,))
            return
        citations = (
            cite(1, bridge, "the work would take eleven weeks and cost £2.4 million"),
            cite(2, bridge, "Engineers found corrosion in four of the twelve main girders"),
            cite(3, ferry, "The council puts the cost of the repair at £2.7 million"),
        )
        extract = replace(
            empty,
            statements=(
                Statement(
                    "The county council said on Thursday that the work would take eleven weeks and cost £2.4 million.",
                    "verbatim",
                    (1,),
                ),
            ),
            citations=citations[:1],
            models={"embedder": "minilm", "generator": "smollm2-135m"},
        )
        yield extract
        yield replace(
            extract,
            statements=(
                *extract.statements,
                Statement("Corrosion was found in four of the twelve main girders.", "supported", (2,)),
                Statement(
                    "A later report puts the cost at £2.7 million, because steel has become dearer.",
                    "supported",
                    (3,),
                ),
            ),
            citations=citations,
            conflicts=(
                Conflict(
                    "cost of the repair",
                    "updated",
                    (ConflictValue("£2.4 million", 1), ConflictValue("£2.7 million", 3)),
                ),
            ),
            independent_sources=2,
            notes=("1 sentence of the model's draft was dropped: no article supports it.",),
            seconds=Timing(retrieval=0.03, generation=1.6, total=1.9, first_text=0.1),
        )

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport:
        failed = []
        added = 0
        for number, path in enumerate(map(Path, paths), 1):
            if on_progress is not None:
                on_progress(Progress("reading", number, len(paths), str(path)))
            time.sleep(self.pause_seconds)
            text = path.read_text(encoding="utf-8")
            if text.strip():
                self._articles.append(
                    make_article(100 + len(self._articles), path.stem, text, source_path=str(path))
                )
                added += 1
            else:
                failed.append(FileFailure(str(path), "the file is empty"))
        return IngestReport(added, 0, 0, 0, tuple(failed), (), len(self._articles), len(self._articles), 0.1)
