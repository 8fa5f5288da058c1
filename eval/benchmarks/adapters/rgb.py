"""RGB (Chen et al., AAAI 2024): answers among noisy documents, and silence when all of them are noise.

Protocol: the authors' `evalue.py`. Each question comes with its own documents; of five, the share `noise` does not
hold the answer. Noise robustness is the share of questions whose answer holds every part of the gold answer (any
wording of it, case ignored); a reply without one, or an abstention, is wrong. Negative rejection is the share of
abstentions when all documents are noise; a right answer, which the authors' script counts there too, is none.
`*_int.json` (several facts to put together) is measured alike. The documents are taken in the order of the file:
the authors' shuffle says nothing to an index. Counterfactual files (`*_fact.json`) ask for factual errors to be
pointed out, which rag does not do, so they are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError

from .bench import Bench, Document, Reply, Result
from .files import Record, find, read_lines
from .measures import mean

NOISE_RATES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DOCUMENTS = 5


class Question(Record):
    """A line of the file; `positive` documents hold the answer, in `*_int.json` one group of them a fact."""

    id: str
    query: str
    answer: str | tuple[str | tuple[str, ...], ...]
    positive: tuple[str | tuple[str, ...], ...]
    negative: tuple[str, ...]
    positive_wrong: tuple[str, ...] = ()


def run(bench: Bench, data: Path, *, noise_rates: Sequence[float] = NOISE_RATES) -> Result:
    """Accuracy by noise rate, and negative rejection (noise rate 1). `data` is a file such as en_refine.json."""
    path = find(data, "en_refine.json", "en.json")
    questions = list(read_lines(path, Question))
    if any(question.positive_wrong for question in questions):
        raise InputError(
            f"{path}: counterfactual robustness is not measured; give en.json, en_refine.json or en_int.json"
        )
    spaced = not path.name.startswith("zh")
    right: dict[float, list[float]] = {rate: [] for rate in noise_rates}
    records: list[dict[str, Any]] = []
    for question in bench.each(questions):
        for rate in noise_rates:
            texts = documents(question, rate)
            reply = Reply(abstained=True)  # an index without documents has nothing to say
            if texts:
                bench.swap(Document(str(number), text) for number, text in enumerate(texts))
                reply = bench.ask(question.query)
            said = reply.text if spaced else reply.text.replace(" ", "")
            good = reply.abstained if rate == 1 else reply.answered and holds(said, question.answer)
            right[rate].append(float(good))
            records.append(
                {
                    "id": question.id,
                    "question": question.query,
                    "noise": rate,
                    "right": good,
                    **reply.record(),
                }
            )
    accuracy = {f"{rate:g}": mean(right[rate]) for rate in noise_rates if rate != 1}
    scores: dict[str, Any] = {"accuracy": accuracy} if accuracy else {}
    if 1 in right:
        scores["negative_rejection"] = mean(right[1])
    return Result(scores, records)


def documents(question: Question, noise: float) -> list[str]:
    """The five documents at a noise rate; where one kind runs short the other fills up, except at rate 1.

    >>> few = Question(id="1", query="?", answer="a", positive=("p", "q"), negative=tuple("vwxyz"))
    >>> documents(few, 0.2), documents(few, 1)
    (['p', 'q', 'v', 'w', 'x'], ['v', 'w', 'x', 'y', 'z'])
    """
    negatives = math.ceil(_DOCUMENTS * noise)
    positives = _DOCUMENTS - negatives
    groups = [item for item in question.positive if not isinstance(item, str)]
    if groups:
        chosen = [] if noise == 1 else list(_by_turns(groups))[: max(positives, len(groups))]
        return [*chosen, *question.negative[: max(_DOCUMENTS - len(chosen), 0)]]
    plain = [item for item in question.positive if isinstance(item, str)]
    if noise != 1:
        if negatives > len(question.negative):
            positives = _DOCUMENTS - len(question.negative)
        elif positives > len(plain):
            negatives = _DOCUMENTS - len(plain)
    return [*plain[:positives], *question.negative[:negatives]]


def holds(said: str, answer: str | Sequence[str | Sequence[str]]) -> bool:
    """Whether every part of the answer is said, each in one of its wordings.

    >>> holds("Ada and Bo won.", [["ada", "adah"], "bo"]), holds("Ada won.", [["ada", "adah"], "bo"])
    (True, False)
    """
    said = said.lower()
    parts = [answer] if isinstance(answer, str) else answer
    return all(
        any(wording.lower() in said for wording in ([part] if isinstance(part, str) else part))
        for part in parts
    )


def _by_turns(groups: Sequence[Sequence[str]]) -> Iterable[str]:
    """The first of each group, then the second of each, and so on."""
    for place in range(max(map(len, groups))):
        yield from (group[place] for group in groups if place < len(group))
