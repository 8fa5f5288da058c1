"""The two stages: passages by meaning and by words, fused; then the sentences of the best ones."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
from anyascii import anyascii

from rag.articles import is_appeal, is_planted, language_of, script_of
from rag.errors import InputError
from rag.index import IndexReader
from rag.index.scripts import sound
from rag.index.words import Analyzer, expansions
from rag.protocols import Embedder, ScoredText, Scorer, Vectors, scored_text
from rag.retrieval.asks import speaker_of
from rag.retrieval.evidence import features, reciprocal_rank_fusion, strength
from rag.retrieval.followup import context_of, without_context
from rag.retrieval.question import Question
from rag.schema import NO_FILTERS, Article, Evidence, Filters, Hit, SearchResult, Sentence, language_name

_CANDIDATES = 50
"""Passages taken from each of the two searches before they are fused."""
_READ_PASSAGES = 12
"""Passages whose sentences are ranked."""
_KEYWORDS_ABROAD = 3
"""How many times more the keyword search counts where the embedder does not know the question's language.

On XQuAD the passage is among the first 12 of the fused searches in 52/81/87% (Arabic, Russian, Turkish), of the
keyword search alone in 78/90/98%.
"""
_CONTEXT_SENTENCES = 2
_OFF_TOPIC = 0.35
"""What remains of a sentence's strength where its article knows none of the question's names, or not what the
conversation is about."""
_HOLDS_CONTEXT = 0.35
"""Share, by weight, of the words of a conversation that an article about the same holds at the least."""
_PLANTED = 0.1
"""The same of a sentence that speaks to a machine or as one, or to the readers of the page."""
_LOOKED_AT = 3
"""Hits of which a language that the models do not read is told."""
_MAX_PER_ARTICLE = 3
"""Passages of one article among the first hits, so that one long article does not crowd out the others."""
_MAX_CANDIDATES = 400
"""How deep the searches go when the candidates are copies of one another."""
_SAME_SENTENCE = 0.8
"""Share of common words from which on two sentences of copies are one: one word in ten is another."""
_WORD = re.compile(r"\w+")
_POSSESSIVE = "'’"


class Retriever:
    """Finds passages and evidence in one generation of the index."""

    def __init__(self, reader: IndexReader, embedder: Embedder, analyzer: Analyzer, scorer: Scorer) -> None:
        self.reader = reader
        self._embedder = embedder
        self._analyzer = analyzer
        self._scorer = scorer

    def search(
        self,
        text: str,
        *,
        hits: int,
        filters: Filters = NO_FILTERS,
        evidence: int = 0,
        is_follow_up: bool = False,
    ) -> SearchResult:
        """The best `hits` passages, and the best `evidence` sentences of them (0: none are ranked).

        `is_follow_up`: what `text` says in brackets is what a conversation is about (`rewrite`).

        Raises `InputError` for an empty question or filters that make no sense.
        """
        started = time.perf_counter()
        self._check(filters)
        question = self.parsed(text, filters)
        allowed, undated = self.reader.allowed(filters)
        found = self._passages(question, max(hits, _READ_PASSAGES), allowed)
        recent = question.wants_recent or filters.as_of is not None
        about = context_of(question.text) if is_follow_up else ""
        sentences = self._evidence(question, found[:_READ_PASSAGES], recent=recent, about=about)
        ranked = _by_evidence(found, sentences)
        by_passage = {hit.passage.id: hit for hit in ranked}
        return SearchResult(
            question=question.text,
            hits=tuple(ranked[:hits]),
            evidence=tuple(
                replace(item, hit=by_passage[item.hit.passage.id]) for item in sentences[:evidence]
            ),
            seconds=time.perf_counter() - started,
            left_out_undated=undated,
            notes=(
                *self._notes(filters, undated, emptied=allowed is not None and len(allowed) == 0),
                *self._unread(question, ranked[:_LOOKED_AT]),
            ),
        )

    def parsed(self, text: str, filters: Filters = NO_FILTERS) -> Question:
        """`text` read with the outlets, authors and days that the index knows. Raises `InputError` if it is empty."""
        return Question.parse(
            text,
            outlets=self.reader.outlets(),
            authors=self.reader.authors(),
            today=filters.latest or self.reader.newest(),
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

    def _unread(self, question: Question, hits: Sequence[Hit]) -> tuple[str, ...]:
        """A note on hits in a language that the embedder does not know, where the question is in another."""
        known = self._embedder.languages
        asked = language_of(question.text) or "en"
        found = {hit.article.language or asked for hit in hits} - {asked}
        if known is None or found <= known:
            return ()
        names = " and ".join(sorted(language_name(code) for code in found - known))
        return (
            f"Articles in {names} were searched for names and figures only: the embedding model does not read that "
            "language. One that does can be added with `rag models add`.",
        )

    def _passages(self, question: Question, count: int, allowed: np.ndarray | None) -> list[Hit]:
        """The first `count` hits; where copies crowd out the rest, the two searches are asked for more."""
        asked = self._embedder.encode([question.text])
        wanted, seen = _CANDIDATES, -1
        while True:
            ranked = _asked_first(question, self._fused(question, asked, wanted, allowed))
            first, copies = _one_per_cluster(ranked)
            if not copies or len(first) >= count or len(ranked) == seen or wanted >= _MAX_CANDIDATES:
                break
            wanted, seen = 2 * wanted, len(ranked)
        ordered = [*_spread(first), *copies][:count]
        return [replace(item, rank=rank) for rank, item in enumerate(ordered, 1)]

    def _fused(
        self, question: Question, asked: Vectors, wanted: int, allowed: np.ndarray | None
    ) -> list[Hit]:
        dense = self.reader.dense(asked, wanted, allowed)
        keyword = self.reader.keyword(question.text, wanted, allowed)
        rankings = [[item.key for item in dense], [item.key for item in keyword]]
        if self._reads_blindly(question):
            rankings += [rankings[1]] * _KEYWORDS_ABROAD
        fused = reciprocal_rank_fusion(rankings)
        places = {
            "dense": {item.key: (rank, item.score) for rank, item in enumerate(dense, start=1)},
            "keyword": {item.key: (rank, item.score) for rank, item in enumerate(keyword, start=1)},
        }
        keys = list(fused)
        hits: list[Hit] = []
        for key, (passage, article) in zip(keys, self.reader.passages(keys), strict=True):
            why: dict[str, float | int | str] = {"key": key, "fused": round(fused[key], 5)}
            for name, ranked in places.items():
                if key in ranked:
                    why[f"{name}_rank"] = ranked[key][0]
                    why[name] = round(ranked[key][1], 4)
            hits.append(Hit(passage, article, fused[key], len(hits) + 1, why))
        return hits

    def _reads_blindly(self, question: Question) -> bool:
        """Whether the embedder does not know the question's language."""
        known = self._embedder.languages
        return known is not None and language_of(question.text) not in {*known, None}

    def _evidence(
        self, question: Question, hits: Sequence[Hit], *, recent: bool, about: str
    ) -> list[Evidence]:
        """All sentences of `hits`, best first; `recent`: newer articles count more; `about`: the conversation, in
        words."""
        if not hits:
            return []
        candidates: list[tuple[Hit, Sentence, str]] = []
        runs = [self.reader.sentences(hit.article, hit.passage.start, hit.passage.end) for hit in hits]
        texts = [
            scored_text(hit.article, tuple(" ".join(item.text.split()) for item in run))
            for hit, run in zip(hits, runs, strict=True)
        ]
        relevance = self._relevance(question.text, texts)
        for hit, run in zip(hits, runs, strict=True):
            for index, sentence in enumerate(run):
                before = [item.text for item in run[max(0, index - _CONTEXT_SENTENCES) : index]]
                candidates.append((hit, sentence, " ".join([hit.article.title, *before])))
        wanted = self._analyzer.weighted_terms(question.text)
        weights = dict(zip(wanted, self.reader.inverse_frequencies(wanted), strict=True))
        asked = self._embedder.encode([question.text])[0]
        sentence_cosines = self._embedder.encode([item.text for _, item, _ in candidates]) @ asked
        sentence_terms = self._analyzer.terms([item.text for _, item, _ in candidates])
        context_terms = self._analyzer.terms([context for _, _, context in candidates])
        script = script_of(question.text)
        abroad = {hit.article.id for hit in hits if script_of(hit.article.text) != script}
        heard = self._sounds(question) if abroad else {}
        for index, (hit, sentence, context) in enumerate(candidates):
            if heard and hit.article.id in abroad:
                sentence_terms[index] = [*sentence_terms[index], *_names_heard(heard, sentence.text)]
                context_terms[index] = [*context_terms[index], *_names_heard(heard, context)]
        recency = _recency([hit.article for hit in hits]) if recent else {}
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
                relevance=relevance[index],
                sentence_cosine=float(sentence_cosines[index]),
                passage_rank=hit.rank,
                article=hit.article,
                recency=recency.get(hit.article.id, 0.0),
            )
            for index, (hit, sentence, context) in enumerate(candidates)
        ]
        foreign = {hit.article.id: self._is_foreign(question, hit.article) for hit in hits}
        scores = strength(found, [foreign[hit.article.id] for hit, _, _ in candidates])
        off_topic = {
            hit.article.id
            for hit in hits
            if _is_off_topic(question, hit.article) or self._misses_context(about, hit.article)
        }
        scores *= [_OFF_TOPIC if hit.article.id in off_topic else 1.0 for hit, _, _ in candidates]
        scores *= [_PLANTED if _reports_nothing(sentence.text) else 1.0 for _, sentence, _ in candidates]
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
        return _distinct(ranked)

    def _sounds(self, question: Question) -> dict[str | None, str]:
        """The first term of each of the question's names, by how the name sounds."""
        terms = self._analyzer.terms(question.names)
        return {sound(name): found[0] for name, found in zip(question.names, terms, strict=True) if found}

    def _misses_context(self, about: str, article: Article) -> bool:
        """Whether an article holds too little of what the conversation is about, by the weight of its words."""
        if not about or script_of(about) != script_of(article.text):
            return False
        wanted = self._analyzer.weighted_terms(about)
        told = set(self._analyzer.terms([f"{article.title} {article.text}"])[0])
        weights = self.reader.inverse_frequencies(wanted)
        held = sum(weight for term, weight in zip(wanted, weights, strict=True) if term in told)
        return held < _HOLDS_CONTEXT * sum(weights)

    def _is_foreign(self, question: Question, article: Article) -> bool:
        """Whether the scorer does not know the language of the article, or of the question."""
        known = self._scorer.languages
        return known is not None and not {article.language, language_of(question.text)} <= {*known, None}

    def _relevance(self, question: str, texts: Sequence[ScoredText]) -> list[float]:
        """The scorer's probability for each sentence of `texts`, in order.

        What a follow-up carries along in brackets finds the article, but in it the sentence that has been told
        already: such a question counts half with and half without them, as a mean of log odds.
        """
        asked = dict.fromkeys((question, without_context(question)))
        rows = [[value for row in self._scorer.relevance(text, texts) for value in row] for text in asked]
        odds = np.log(np.clip(rows, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(rows, 1e-9, 1 - 1e-9))
        return [float(value) for value in 1 / (1 + np.exp(-odds.mean(axis=0)))]


def _names_heard(heard: Mapping[str | None, str], text: str) -> list[str]:
    """The terms of the question's names that sound like words of `text`, which is in another script."""
    return [heard[told] for word in _WORD.findall(text) if (told := sound(word)) and told in heard]


def _reports_nothing(sentence: str) -> bool:
    """Whether it is written for a machine, or for the page's readers: an instruction, a disclaimer, an appeal."""
    return is_planted(sentence) or is_appeal(sentence)


def _is_off_topic(question: Question, article: Article) -> bool:
    """Whether an article in the question's script holds none of the names that the question gives, or not the name of
    him whose words it asks for.

    Of a name of several words the last one counts: "Rusk" for Matei Rusk, but not "world" for World Cup.
    """
    lasts = [
        name
        for name, following in zip_longest(question.names, question.names[1:])
        if not (following and f"{name} {following}" in question.text)
    ]
    if not lasts or script_of(question.text) != script_of(article.text):
        return False
    told = f"{article.title} {article.outlet or ''} {article.author or ''} {article.text}"
    speaker = (speaker_of(question.text) or "").split()[-1:]
    if speaker and not speaker[0].isupper() and anyascii(speaker[0]).lower() not in anyascii(told).lower():
        return True
    if any(re.search(rf"\b{re.escape(name.rstrip(_POSSESSIVE))}", told, re.IGNORECASE) for name in lasts):
        return False
    spelled = expansions(article.text)
    return not any(name in spelled for name in question.acronyms)


def _asked_first(question: Question, hits: Sequence[Hit]) -> list[Hit]:
    """Passages of an outlet or author that the question asks for come first, as many as half of those read."""
    asked = {item.name for item in (*question.outlets, *question.authors) if item.explicit}
    if not asked:
        return list(hits)
    theirs = [hit for hit in hits if asked & {hit.article.outlet, hit.article.author}][: _READ_PASSAGES // 2]
    keys = {hit.passage.id for hit in theirs}
    first = [replace(hit, why={**hit.why, "asked_for": hit.article.outlet or ""}) for hit in theirs]
    return [*first, *(hit for hit in hits if hit.passage.id not in keys)]


def _recency(articles: Sequence[Article]) -> dict[str, float]:
    """From 0 for the oldest day to 1 for the newest, by article; without a date 0."""
    days = sorted({article.published for article in articles if article.published})
    most = max(1, len(days) - 1)
    place = {day: number / most for number, day in enumerate(days)}
    return {item.id: place[item.published] if item.published else 0.0 for item in articles}


def _by_evidence(hits: Sequence[Hit], sentences: Sequence[Evidence]) -> list[Hit]:
    """The passages that were read in the order of their best sentences, then the others."""
    best: dict[str, float] = {}
    for item in sentences:
        best.setdefault(item.hit.passage.id, item.score)
    read = sorted(
        (hit for hit in hits if hit.passage.id in best), key=lambda hit: (-best[hit.passage.id], hit.rank)
    )
    scored = [
        replace(
            hit, score=1.0 + best[hit.passage.id], why={**hit.why, "evidence": round(best[hit.passage.id], 4)}
        )
        for hit in read
    ]
    ordered = [*scored, *(hit for hit in hits if hit.passage.id not in best)]
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1)]


def _one_per_cluster(ranked: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
    """The hits of each cluster's best article, and apart from them those of its copies, both in order.

    `why` tells: `copies` is how many other articles of the cluster were found, or for a hit of one of those
    `copy_of` the id of the article that is shown in its place.
    """
    shown: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    for hit in ranked:
        shown.setdefault(_cluster(hit), hit.article.id)
        members.setdefault(_cluster(hit), set()).add(hit.article.id)
    first: list[Hit] = []
    copies: list[Hit] = []
    for hit in ranked:
        name = _cluster(hit)
        if hit.article.id != shown[name]:
            copies.append(replace(hit, why={**hit.why, "copy_of": shown[name]}))
        elif len(members[name]) > 1:
            first.append(replace(hit, why={**hit.why, "copies": len(members[name]) - 1}))
        else:
            first.append(hit)
    return first, copies


def _spread(hits: Sequence[Hit]) -> list[Hit]:
    """The hits in order, but those beyond the third of an article after all others."""
    kept: list[Hit] = []
    spare: list[Hit] = []
    per_article: dict[str, int] = {}
    for hit in hits:
        name = hit.article.id
        per_article[name] = per_article.get(name, 0) + 1
        (kept if per_article[name] <= _MAX_PER_ARTICLE else spare).append(hit)
    return [*kept, *spare]


def _cluster(hit: Hit) -> str:
    return hit.article.duplicate_of or hit.article.id


def _distinct(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best of each group of sentences with the same words, in copies also with nearly the same.

    Articles that are no copies of each other may say much the same and differ in the word that counts.
    """
    kept: list[Evidence] = []
    seen: set[str] = set()
    told: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for item in ranked:
        text = " ".join(item.sentence.text.lower().split())
        words = frozenset(_WORD.findall(text))
        others = told.setdefault(_cluster(item.hit), [])
        name = item.hit.article.id
        if text in seen or any(other != name and _alike(words, known) for other, known in others):
            continue
        seen.add(text)
        others.append((name, words))
        kept.append(item)
    return kept


def _alike(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether two sentences of copies are one edited sentence: few other words, and no other figure."""
    figures = any(word[0].isdigit() for word in first ^ second)
    return not figures and len(first & second) >= _SAME_SENTENCE * len(first | second)
