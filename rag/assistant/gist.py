"""Which articles a question for a summary means, and the sentences that tell what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from rag.articles import is_planted
from rag.attribution import Ground, grounds, key_sentences
from rag.index import IndexReader
from rag.index.words import Analyzer
from rag.protocols import Embedder
from rag.retrieval import Question
from rag.schema import Evidence, Hit

_OF_ONE, _OF_EACH = 4, 1
_MOST_ARTICLES = 6
_ABOUT = 0.5
"""Share of the question's own words that an article must know to be meant."""
_NO_TOPIC = re.compile(
    r"\b(?:summar\w+|sum|recap|outline|overview|digest|gist|brief|short|quick|main|key|important|points?|facts?|"
    r"messages?|statements?|takeaways?|findings?|articles?|reports?|piece|story|stories|interview|transcript|text|coverage|papers?|"
    r"sources?|outlets?|news|everything|please|write|need|want|deal|cover|tl|dr)\b",
    re.I,
)


def gist(
    question: Question, hits: Sequence[Hit], reader: IndexReader, embedder: Embedder, analyzer: Analyzer
) -> list[Ground]:
    """The evidence of a summary: key sentences of the article meant, or one of each, oldest first; or nothing."""
    meant = _meant(question, hits, analyzer)
    if question.summary == "article":
        meant, most = meant[:1], _OF_ONE
    else:
        meant, most = (
            sorted(meant[:_MOST_ARTICLES], key=lambda item: item.article.published or date.max),
            _OF_EACH,
        )
    found: list[Evidence] = []
    for hit in meant:
        every = reader.sentences(hit.article, 0, len(hit.article.text))
        told = [item for item in every if not is_planted(item.text)]
        vectors = embedder.encode([item.text for item in told])
        found += [
            Evidence(item, hit, 1.0, {}) for item in key_sentences(hit.article, told, vectors, most=most)
        ]
    return grounds(found, reader.sentences)


def _meant(question: Question, hits: Sequence[Hit], analyzer: Analyzer) -> list[Hit]:
    """A hit of each article that the question's words, outlets and days fit, those whose titles fit best first."""
    outlets = {item.name for item in question.outlets}
    bare = _NO_TOPIC.sub(" ", question.text)
    if question.period is not None:
        bare = bare.replace(question.period.words, " ")
    for name in outlets:
        bare = re.sub(re.escape(name), " ", bare, flags=re.I)
    wanted = analyzer.weighted_terms(bare) if any(map(str.isalnum, bare)) else []
    fitting: dict[str, tuple[int, Hit]] = {}
    for hit in hits:
        article = hit.article
        day = article.published
        if (outlets and article.outlet not in outlets) or (
            question.period is not None and (day is None or not question.period.holds(day))
        ):
            continue
        titled, told = (
            {*terms} for terms in analyzer.terms([article.title, f"{article.title} {article.text}"])
        )
        if sum(term in told for term in wanted) >= _ABOUT * len(wanted):
            fitting.setdefault(article.id, (sum(term in titled for term in wanted), hit))
    return [hit for _, hit in sorted(fitting.values(), key=lambda item: -item[0])]
