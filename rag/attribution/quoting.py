"""Answers that are somebody's own words: quotations of the speaker asked for, or word that there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.attribution import values
from rag.attribution.abstention import named
from rag.attribution.extract import ANSWERS, Ground
from rag.attribution.statements import Checked, Span
from rag.attribution.voices import is_named, voices
from rag.chunking import sentences
from rag.index.words import Analyzer
from rag.quotations import Quotation, same_speaker
from rag.schema import Abstention, Article, Sentence

_MOST = 3
_MOST_SENTENCES = 4
_MOST_CHARACTERS = 1_500
_LEAST_WORDS = 3
"""Fewer words in quotation marks are a term, not an answer."""
_ABOUT = 0.34
"""Share of what is asked about that a quotation and the sentences around it must name, if it names some itself."""
_NEAR = 0.5
_ABOUT_IT = 0.7
"""From this score on it is not only what stands around the words that names what is asked about."""
_OF_BEST = 0.5
"""Share of the best quotation's score from which on another is shown beside it."""
_AROUND = 300
_NO_TOPIC = frozenset(
    """say said saying tell told exact exactly precise precisely word words wording quote quotes quotation quotations
    verbatim literal literally actual own call called put write wrote reply replied answer answered give show find cite
    article articles interview statement direct full""".split()
)


@dataclass(frozen=True, slots=True)
class Quoted:
    """The answer to a question for somebody's words: quotations, a report with a note, or why there is none."""

    checked: Sequence[Checked]
    notes: tuple[str, ...] = ()
    abstention: Abstention | None = None


def quoted(question: str, speaker: str, found: Sequence[Ground], analyzer: Analyzer) -> Quoted | None:
    """What `speaker` is quoted as saying on what `question` asks; None where the articles leave open who speaks.

    Only the articles of `found` are read. No model is to reword what comes back.
    """
    if not found:
        return None
    articles = list({item.span.article.id: item.span.article for item in found}.values())
    topic = _topic(question, speaker, analyzer)
    theirs: list[tuple[float, Article, Quotation]] = []
    elsewhere: Article | None = None
    for article in articles:
        for item in voices(article.text):
            if item.speaker is None or not same_speaker(speaker, item.speaker):
                continue
            words = article.text[item.start : item.end].split()
            if item.direct and len(words) < _LEAST_WORDS:
                continue
            score = _score(article, item, topic, found, analyzer)
            if score > 0:
                theirs.append((score, article, item))
            elif item.direct:
                elsewhere = elsewhere or article
    theirs.sort(key=lambda entry: -entry[0])
    direct = [entry for entry in theirs if entry[2].direct]
    reports = [entry for entry in theirs if not entry[2].direct]
    if direct and (direct[0][0] >= _ABOUT_IT or not reports or reports[0][0] < _ABOUT_IT):
        return _shown(direct, speaker)
    if _is_open(speaker, found):
        return None
    if reports:
        shown = _shown(reports, speaker)
        note = (
            f"No article that I found quotes {speaker} directly on this: this is how the articles report it, "
            f"not {speaker}'s own words."
        )
        return Quoted(shown.checked, (note, *shown.notes))
    but = f"{named(elsewhere)} quotes {speaker}, but not on this." if elsewhere else ""
    near = f"The nearest passage is in {named(articles[0])}."
    return Quoted(
        (),
        abstention=Abstention(
            "not_supported",
            f"No article that I found quotes {speaker} on this, or reports what {speaker} said about it. "
            f"{but or near}",
        ),
    )


def _topic(question: str, speaker: str, analyzer: Analyzer) -> frozenset[str]:
    """What the words are to be about: the question's content words without the speaker's name and the asking."""
    asking = {term for terms in analyzer.terms(sorted(_NO_TOPIC)) for term in terms}
    return frozenset(analyzer.weighted_terms(question)) - set(analyzer.weighted_terms(speaker)) - asking


def _score(
    article: Article, item: Quotation, topic: frozenset[str], found: Sequence[Ground], analyzer: Analyzer
) -> float:
    """How well a quotation answers: the strength of the evidence it is part of, and what it names of the topic."""
    strength = max(
        (
            ground.strength
            for ground in found
            if ground.span.article.id == article.id and _meet((item.start, item.end), ground.span)
        ),
        default=0.0,
    )
    if not topic:
        return 0.1 + strength
    words = article.text[item.start : item.end]
    around = article.text[max(0, item.start - _AROUND) : item.end + _AROUND]
    within, near = (len(topic & set(analyzer.weighted_terms(text))) / len(topic) for text in (words, around))
    about = strength >= ANSWERS or near >= _NEAR or (near >= _ABOUT and within > 0)
    return strength + within + near / 2 if about else 0.0


def _meet(place: tuple[int, int], span: Span) -> bool:
    return place[0] < span.end and span.start < place[1]


def _is_open(speaker: str, found: Sequence[Ground]) -> bool:
    """Whether strong evidence quotes somebody whom the article does not clearly name, near the speaker's name."""
    last = speaker.rsplit(maxsplit=1)[-1]
    for ground in found:
        if ground.strength < ANSWERS or not re.search(rf"\b{re.escape(last)}\b", ground.backing.sentence):
            continue
        for item in voices(ground.span.article.text):
            if item.direct and not is_named(item.speaker) and _meet((item.start, item.end), ground.span):
                return True
    return False


def _shown(ranked: Sequence[tuple[float, Article, Quotation]], speaker: str) -> Quoted:
    """The best quotations in whole sentences, with the words that say whose they are where those are near."""
    spans: list[Span] = []
    told: set[str] = set()
    unsaid: list[str] = []
    for score, article, item in ranked:
        if score < _OF_BEST * ranked[0][0]:
            break
        span = _span(article, item, [other for _, its, other in ranked if its.id == article.id])
        plain = values.plain(article.text[item.start : item.end])
        met = any(other.article.id == article.id and _meet((span.start, span.end), other) for other in spans)
        if met or plain in told:
            continue
        told.add(plain)
        spans.append(span)
        if not any(word in span.quote for word in (item.speaker or speaker).split()):
            unsaid.append(f"[{len(spans)}] ({item.speaker})")
        if len(spans) == _MOST:
            break
    notes = (
        (f"Who speaks in {', '.join(unsaid)} is told by the article around these words.",) if unsaid else ()
    )
    return Quoted([Checked(" ".join(span.quote.split()), "verbatim", (span,)) for span in spans], notes)


def _span(article: Article, item: Quotation, theirs: Sequence[Quotation]) -> Span:
    """The sentences that hold a quotation, its tag and what goes on right after or before it, if they are few.

    `theirs` are the speaker's quotations of the article. A long quotation stands by itself.
    """
    parts = sentences(article.id, article.text)

    def held(low: int, high: int) -> list[Sentence]:
        return [part for part in parts if part.end > low and part.start < high]

    def few(run: Sequence[Sentence]) -> bool:
        return 0 < len(run) <= _MOST_SENTENCES and run[-1].end - run[0].start <= _MOST_CHARACTERS

    low, high = item.start, item.end
    if not few(held(low, high)):
        return Span(article, low, high)
    for place in (item.tag, *((other.start, other.end) for other in theirs if other.direct == item.direct)):
        if place is None:
            continue
        run, wider = held(low, high), held(min(low, place[0]), max(high, place[1]))
        beside = held(*place)
        if few(wider) and len(wider) <= len(run) + len(beside):
            low, high = min(low, place[0]), max(high, place[1])
    run = held(low, high)
    return Span(article, run[0].start, run[-1].end)
