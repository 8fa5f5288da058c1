"""The two stages: passages by meaning and by words, fused; then the sentences of the best ones."""

from __future__ import annotations

import difflib
import time
from collections.abc import Sequence

import numpy as np

from rag.errors import InputError
from rag.index import IndexReader
from rag.index.words import Analyzer, expansions
from rag.protocols import Embedder
from rag.retrieval.evidence import features, reciprocal_rank_fusion, strength
from rag.retrieval.question import Question
from rag.schema import NO_FILTERS, Evidence, Filters, Hit, SearchResult, Sentence

_CANDIDATES = 50
"""Passages taken from each of the two searches before they are fused."""
_READ_PASSAGES = 10
"""Passages whose sentences are ranked."""
_CONTEXT_SENTENCES = 2
_MAX_PER_ARTICLE = 3
"""Passages of one article among the first hits, so that one long article does not crowd out the others."""


class Retriever:
    """Finds passages and evidence in one generation of the index."""

    def __init__(self, reader: IndexReader, embedder: Embedder, analyzer: Analyzer) -> None:
        self.reader = reader
        self._embedder = embedder
        self._analyzer = analyzer

    def search(
        self, text: str, *, hits: int, filters: Filters = NO_FILTERS, evidence: int = 0
    ) -> SearchResult:
        """The best `hits` passages, and the best `evidence` sentences of them (0: none are ranked).

        Raises `InputError` for an empty question or filters that make no sense.
        """
        started = time.perf_counter()
        question = Question.parse(text)
        self._check(filters)
        allowed, undated = self.reader.allowed(filters)
        found = self._passages(question, max(hits, _READ_PASSAGES), allowed)
        sentences = self._evidence(question, found[:_READ_PASSAGES], evidence) if evidence else ()
        return SearchResult(
            question=question.text,
            hits=tuple(found[:hits]),
            evidence=sentences,
            seconds=time.perf_counter() - started,
            left_out_undated=undated,
            notes=self._notes(filters, undated, emptied=allowed is not None and len(allowed) == 0),
        )

    def _check(self, filters: Filters) -> None:
        if filters.date_from and filters.latest and filters.date_from > filters.latest:
            raise InputError(f"the dates exclude everything: from {filters.date_from} to {filters.latest}")
        for given, known, kind in (
            (filters.outlet, self.reader.outlets, "outlet"),
            (filters.language, self.reader.languages, "language"),
        ):
            if given is None:
                continue
            names = known()
            if given.casefold() not in (name.casefold() for name in names):
                near = difflib.get_close_matches(given, names, n=3, cutoff=0.4) or names[:5]
                hint = f"; did you mean {' or '.join(near)}?" if near else "; no article states one"
                raise InputError(f"no article with the {kind} {given!r} is indexed{hint}")

    def _notes(self, filters: Filters, undated: int, *, emptied: bool) -> tuple[str, ...]:
        notes: list[str] = []
        if emptied:
            notes.append("The filters leave no article to search.")
        if undated and filters.by_date:
            articles = (
                "1 article without a date was" if undated == 1 else f"{undated} articles without a date were"
            )
            notes.append(f"{articles} left out by the date filter.")
        return tuple(notes)

    def _passages(self, question: Question, count: int, allowed: np.ndarray | None) -> list[Hit]:
        dense = self.reader.dense(self._embedder.encode([question.text]), _CANDIDATES, allowed)
        keyword = self.reader.keyword(question.text, _CANDIDATES, allowed)
        fused = reciprocal_rank_fusion([[item.key for item in dense], [item.key for item in keyword]])
        places = {
            "dense": {item.key: (rank, item.score) for rank, item in enumerate(dense, start=1)},
            "keyword": {item.key: (rank, item.score) for rank, item in enumerate(keyword, start=1)},
        }
        keys = list(fused)
        hits: list[Hit] = []
        spare: list[Hit] = []
        per_article: dict[str, int] = {}
        for key, (passage, article) in zip(keys, self.reader.passages(keys), strict=True):
            why: dict[str, float | int | str] = {"key": key, "fused": round(fused[key], 5)}
            for name, ranked in places.items():
                if key in ranked:
                    why[f"{name}_rank"] = ranked[key][0]
                    why[name] = round(ranked[key][1], 4)
            hit = Hit(passage, article, fused[key], len(hits) + 1, why)
            per_article[article.id] = per_article.get(article.id, 0) + 1
            (hits if per_article[article.id] <= _MAX_PER_ARTICLE else spare).append(hit)
        ordered = [*hits, *spare][:count]
        return [
            Hit(item.passage, item.article, item.score, rank, item.why)
            for rank, item in enumerate(ordered, 1)
        ]

    def _evidence(self, question: Question, hits: Sequence[Hit], count: int) -> tuple[Evidence, ...]:
        if not hits:
            return ()
        candidates: list[tuple[Hit, Sentence, str]] = []
        for hit in hits:
            passage = hit.passage
            run = self.reader.sentences(hit.article, passage.start, passage.end)
            for index, sentence in enumerate(run):
                before = [item.text for item in run[max(0, index - _CONTEXT_SENTENCES) : index]]
                candidates.append((hit, sentence, " ".join([hit.article.title, *before])))
        wanted = self._analyzer.weighted_terms(question.text)
        weights = dict(zip(wanted, self.reader.inverse_frequencies(wanted), strict=True))
        asked = self._embedder.encode([question.text])[0]
        sentence_cosines = self._embedder.encode([item.text for _, item, _ in candidates]) @ asked
        passage_cosines = self.reader.vectors([int(hit.why["key"]) for hit in hits]) @ asked
        cosine_of = {hit.rank: float(value) for hit, value in zip(hits, passage_cosines, strict=True)}
        sentence_terms = self._analyzer.terms([item.text for _, item, _ in candidates])
        context_terms = self._analyzer.terms([context for _, _, context in candidates])
        acronyms = {hit.article.id: expansions(hit.article.text) for hit in hits} if question.acronyms else {}
        found = [
            features(
                question,
                sentence=sentence.text,
                context=context,
                sentence_terms=sentence_terms[index],
                context_terms=context_terms[index],
                weights=weights,
                acronyms=acronyms.get(hit.article.id, {}),
                sentence_cosine=float(sentence_cosines[index]),
                passage_cosine=cosine_of[hit.rank],
                passage_rank=hit.rank,
            )
            for index, (hit, sentence, context) in enumerate(candidates)
        ]
        scores = strength(found)
        order = np.argsort(-scores, kind="stable")
        ranked = [
            Evidence(
                candidates[index][1],
                candidates[index][0],
                float(scores[index]),
                {name: round(float(getattr(found[index], name)), 3) for name in found[index].__slots__},
            )
            for index in order
        ]
        return tuple(_distinct(ranked))[:count]


def _distinct(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best of each group of sentences with the same words (syndicated copies)."""
    firsts: dict[str, Evidence] = {}
    for item in ranked:
        firsts.setdefault(" ".join(item.sentence.text.lower().split()), item)
    return list(firsts.values())
