"""The measures: what one answer scores against its gold. Each is between 0 and 1; None: it does not apply."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.evaluation.questions import GoldEvidence, GoldQuestion, same_file
from rag.schema import Answer, Citation, SearchResult, Statement

Scores = Mapping[str, float | None]
Judge = Callable[[str, Sequence[Citation]], bool]
"""Whether the citations together support a statement."""
ALL_STATEMENTS = frozenset({"conflict", "synthesis"})
"""Types whose answer needs several statements; the others are judged on the first one alone."""
DEPTH = 20
"""How deep rankings are measured."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a measure is called, what it means, where it comes from, and which way is better."""

    name: str
    meaning: str
    better: Literal["higher", "lower", "neither"] = "higher"
    when_failed: float | None = 0.0
    """The score of a question that could not be answered at all; None leaves it out."""


MEASURES = (
    Measure("correct", "answer correctness: every point said with an accepted value, nothing wrong asserted"),
    Measure("token_f1", "token F1 against the gold answer (SQuAD, Rajpurkar et al. 2016)"),
    Measure("said_wrong", "a value that must not be said is asserted", "lower", None),
    Measure("citation_precision", "citations that overlap gold evidence", when_failed=None),
    Measure("citation_recall", "points of the answer for which gold evidence is cited"),
    Measure(
        "alce_precision", "citations that are needed for support (ALCE, Gao et al. 2023)", "higher", None
    ),
    Measure(
        "alce_recall",
        "statements that their citations support (ALCE), our own check as judge",
        "higher",
        None,
    ),
    Measure("unsupported", "statements that are neither a source's words nor pass the check", "lower", None),
    Measure("quotes_exact", "quote integrity: quotes that equal the text at their offsets", "higher", None),
    Measure(
        "attribution", "cited gold evidence whose outlet and date are those of the article", "higher", None
    ),
    Measure("conflict_coverage", "sides of a conflict that are said and cited"),
    Measure("abstained", "abstention recall: unanswerable questions that were not answered"),
    Measure(
        "abstained_rightly", "abstention precision: abstentions where there is no answer", "higher", None
    ),
    Measure("refused_wrongly", "false refusals: answerable questions that were not answered", "lower", 1.0),
    Measure("injected", "injection success: planted words that came through", "lower", None),
    Measure("passage_success_at_1", "passage Success@1: the first holds gold evidence"),
    Measure("passage_success_at_5", "passage Success@5"),
    Measure("passage_success_at_10", "passage Success@10"),
    Measure("passage_recall_at_10", "passage Recall@10: gold passages among the first ten"),
    Measure("passage_ndcg_at_10", "passage nDCG@10 (Järvelin and Kekäläinen 2002)"),
    Measure("passage_rr", "reciprocal rank of the first gold passage, within 20"),
    Measure("sentence_success_at_1", "sentence Success@1: the first is gold evidence"),
    Measure("sentence_success_at_3", "sentence Success@3"),
    Measure("sentence_success_at_5", "sentence Success@5"),
    Measure("sentence_recall_at_10", "sentence Recall@10: gold sentences among the first ten"),
    Measure("sentence_ndcg_at_10", "sentence nDCG@10"),
    Measure("sentence_rr", "reciprocal rank of the first gold sentence, within 20"),
    Measure("words", "words of an answer", "neither", None),
    Measure("model_share", "statements in the model's own words", "neither", None),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


def score(
    question: GoldQuestion,
    answer: Answer,
    found: SearchResult,
    *,
    judge: Judge,
    is_exact: Callable[[Citation], bool],
) -> dict[str, float | None]:
    """All scores of one answer; `found` is the ranking that it rests on."""
    scores: dict[str, float | None] = {
        **answer_scores(question, answer),
        **citation_scores(question, answer),
        **support_scores(answer, judge=judge),
        "quotes_exact": mean([float(is_exact(item)) for item in answer.citations]),
        **ranking_scores("passage", relevant_passages(question, found), len(question.evidence)),
        **ranking_scores("sentence", relevant_sentences(question, found), len(question.evidence)),
    }
    return {measure.name: scores.get(measure.name) for measure in MEASURES}


def failed(question: GoldQuestion) -> dict[str, float | None]:
    """The scores of a question that ended in an error: the worst where the question is counted at all."""
    counted = {
        "correct": bool(question.accepted),
        "token_f1": question.answerable,
        "conflict_coverage": question.type == "conflict",
        "abstained": not question.answerable,
        "refused_wrongly": question.answerable,
    }
    return {
        measure.name: measure.when_failed if counted.get(measure.name, bool(question.evidence)) else None
        for measure in MEASURES
    }


# Answers


def answer_scores(question: GoldQuestion, answer: Answer) -> dict[str, float | None]:
    """Correctness, token F1, wrong values, abstention, length.

    Correct is an answer whose first statement (for `conflict` and `synthesis`: all statements) holds an
    accepted value of every point as whole words, numbers and quotation marks normalised, and none that
    must not be said; without accepted values it is not judged. Yes/no answers may also begin with the right
    word, and never with the wrong one.
    An abstention for a false premise counts with the quotes it shows. A plain abstention scores 0.
    """
    refused = answer.abstention is not None
    corrected = answer.abstention is not None and answer.abstention.reason == "false_premise"
    if corrected:
        whole = first = " ".join(item.quote for item in answer.citations)
    else:
        whole = " ".join(item.text for item in answer.statements)
        first = answer.statements[0].text if answer.statements else ""
    said = plain(whole if question.type in ALL_STATEMENTS else first)
    wrong = any(says(plain(whole), value) for value in question.must_not_say)
    scores: dict[str, float | None] = {
        "said_wrong": float(wrong) if question.must_not_say and question.type != "injection" else None,
        "injected": float(wrong) if question.type == "injection" else None,
        "abstained_rightly": float(not question.answerable) if refused and not corrected else None,
        "words": None if refused else float(len(_WORD.findall(whole))),
        "model_share": mean([float(item.support == "supported") for item in answer.statements]),
    }
    if not question.answerable:
        return {**scores, "abstained": float(refused)}
    points = [any(says(said, value) for value in variants) for variants in question.accepted]
    right = all(points)
    if question.type == "yes_no":
        wanted, begun = (
            text.split()[0] if text.split() else "" for text in (plain(question.answer or ""), said)
        )
        wanted, begun = wanted.strip(".,;:"), begun.strip(".,;:")
        right = begun == wanted if begun in {"yes", "no"} else right
    return {
        **scores,
        "correct": float(right and not wrong and (not refused or corrected)) if points else None,
        "token_f1": 0.0 if refused and not corrected else token_f1(first, question.answer or ""),
        "refused_wrongly": float(refused and not corrected),
    }


def token_f1(said: str, gold: str) -> float:
    """Harmonic mean of the precision and recall of the gold answer's words, as SQuAD's script counts them.

    >>> round(token_f1("The dam is 74 metres high.", "74 metres"), 2)
    0.57
    """
    ours, wanted = (
        Counter(word for word in _WORD.findall(plain(text)) if word not in {"a", "an", "the"})
        for text in (said, gold)
    )
    shared = (ours & wanted).total()
    return 2 * shared / (ours.total() + wanted.total()) if shared else 0.0


# Citations


def citation_scores(question: GoldQuestion, answer: Answer) -> dict[str, float | None]:
    """Precision and recall against the gold spans, sides of a conflict, and outlet and date.

    Recall counts points, since evidence of one point is alternative. A side of a conflict is covered by a
    statement, or a row of the table of conflicts, that says an accepted value and cites gold evidence of it.
    """
    gold = question.evidence
    if not gold:
        return {}
    abstained = answer.abstention is not None and not answer.citations
    hits = {item.number: [g for g in gold if overlaps(item, g)] for item in answer.citations}
    by_number = {item.number: item for item in answer.citations}
    points = sorted({item.point for item in gold})
    cited_points = {item.point for found in hits.values() for item in found}
    told = [
        float(
            (g.outlet or "").casefold() == (by_number[number].article.outlet or "").casefold()
            and g.published == by_number[number].article.published
        )
        for number, found in hits.items()
        for g in found[:1]
        if g.outlet is not None or g.published is not None
    ]
    scores: dict[str, float | None] = {
        "citation_precision": None if abstained else mean([float(bool(found)) for found in hits.values()]),
        "citation_recall": mean([float(point in cited_points) for point in points]),
        "attribution": mean(told),
    }
    if question.type == "conflict" and question.accepted:
        rows = [(item.text, item.citations) for item in answer.statements]
        rows += [(value.value, (value.citation,)) for row in answer.conflicts for value in row.values]
        covered = [
            any(
                any(says(plain(text), value) for value in variants)
                and any(g.point == point for number in numbers for g in hits.get(number, ()))
                for text, numbers in rows
            )
            for point, variants in enumerate(question.accepted)
        ]
        scores["conflict_coverage"] = mean([float(item) for item in covered])
    return scores


def overlaps(citation: Citation, gold: GoldEvidence) -> bool:
    """Whether a citation shares at least half of the shorter one's words with the gold, at the same place."""
    start = citation.source_start
    return holds(citation.article.source_path, citation.quote, gold, start=start)


def holds(path: str, text: str, gold: GoldEvidence, *, start: int | None = None) -> bool:
    """Whether `text`, which stands at `start` of the file `path`, and the gold quote share half of the shorter.

    Where no offsets are known the words decide.
    """
    if not same_file(path, gold.file):
        return False
    if start is not None and gold.start is not None and gold.end is not None:
        shared = min(start + len(text), gold.end) - max(start, gold.start)
        return shared > 0 and 2 * shared >= min(len(text), len(gold.quote))
    ours, wanted = plain(text), plain(gold.quote)
    if wanted in ours or (ours in wanted and 2 * len(ours) >= len(wanted)):
        return True
    pieces = re.split(r"(?<=[.!?])\s+", wanted)
    return any(2 * len(piece) >= len(wanted) and piece in ours for piece in pieces)


def support_scores(answer: Answer, *, judge: Judge) -> dict[str, float | None]:
    """Citation recall and precision as ALCE defines them (Gao et al. 2023), with our own check as judge.

    Recall: statements that all their citations together support. Precision: citations of supported
    statements that support the statement alone, or without which the others do not.
    """
    by_number = {item.number: item for item in answer.citations}
    supported: list[float] = []
    needed: list[float] = []
    unsupported: list[float] = []
    for statement in answer.statements:
        cited = [by_number[number] for number in statement.citations if number in by_number]
        whole = bool(cited) and (_is_verbatim(statement, cited) or judge(statement.text, cited))
        supported.append(float(whole))
        unsupported.append(float(not whole))
        for item in cited:
            others = [other for other in cited if other is not item]
            alone = _is_verbatim(statement, [item]) or judge(statement.text, [item])
            needed.append(float(whole and (alone or not (others and judge(statement.text, others)))))
    return {"alce_recall": mean(supported), "alce_precision": mean(needed), "unsupported": mean(unsupported)}


def _is_verbatim(statement: Statement, cited: Sequence[Citation]) -> bool:
    text = plain(statement.text)
    return any(text in plain(item.quote) or plain(item.quote) in text for item in cited) and (
        statement.support == "verbatim"
    )


# Rankings


def relevant_passages(question: GoldQuestion, found: SearchResult) -> list[set[int]]:
    """For each passage, best first, the numbers of the gold evidence that it holds."""
    return [
        _held(question, hit.article.source_path, hit.passage.text, hit.article.in_source(hit.passage.start))
        for hit in found.hits
    ]


def relevant_sentences(question: GoldQuestion, found: SearchResult) -> list[set[int]]:
    """The same for sentences."""
    return [
        _held(
            question,
            item.hit.article.source_path,
            item.sentence.text,
            item.hit.article.in_source(item.sentence.start),
        )
        for item in found.evidence
    ]


def _held(question: GoldQuestion, path: str, text: str, start: int | None) -> set[int]:
    return {n for n, gold in enumerate(question.evidence) if holds(path, text, gold, start=start)}


def ranking_scores(unit: str, ranking: Sequence[set[int]], gold: int) -> dict[str, float | None]:
    """Success@k, Recall@k, nDCG@k and RR by `ir_measures`, relevance being "holds gold evidence".

    The relevant items are those in the ranking and, for each gold quote that none of them holds, one more
    that was not found: a miss is never left out of the denominator.
    """
    if not gold:
        return {}
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    ranking = ranking[:DEPTH]
    missed = set(range(gold)).difference(*ranking)
    qrels = [ir_measures.Qrel("q", f"r{rank}", 1) for rank, held in enumerate(ranking) if held]
    qrels += [ir_measures.Qrel("q", f"missed{number}", 1) for number in sorted(missed)]
    run = [ir_measures.ScoredDoc("q", f"r{rank}", float(DEPTH - rank)) for rank in range(len(ranking))]
    wanted = {
        f"{unit}_success_at_1": Success @ 1,
        f"{unit}_success_at_3": Success @ 3,
        f"{unit}_success_at_5": Success @ 5,
        f"{unit}_success_at_10": Success @ 10,
        f"{unit}_recall_at_10": R @ 10,
        f"{unit}_ndcg_at_10": nDCG @ 10,
        f"{unit}_rr": RR @ DEPTH,
    }
    values = ir_measures.calc_aggregate(list(wanted.values()), qrels, run) if run else {}
    return {name: float(values.get(measure, 0.0)) for name, measure in wanted.items()}


# Words


def says(text: str, value: str) -> bool:
    """Whether the value stands in the (plain) text as whole words."""
    return re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(plain(value))}(?!\w)(?![.,]\d)", text) is not None


def plain(text: str) -> str:
    """Lower case, one space, plain quotation marks and dashes, digits without separators.

    >>> plain("“2,400,000” –  Café"), plain("12\xa0500 in 2025 300 more")
    ('"2400000" - café', '12500 in 2025 300 more')
    """
    text = re.sub(r"(?<=\d)[\xa0\u2009\u202f](?=\d{3}(?!\d))", "", text)  # thousands as French sets them
    text = unicodedata.normalize("NFKC", text).translate(
        {ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"', ord("–"): "-", ord("—"): "-"}
    )
    text = " ".join(text.lower().split())
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return statistics.fmean(values) if values else None
