"""What the verified extract of an answer is made of: the best sentence, the sides of a conflict, or a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.assistant.steps import with_statements
from rag.attribution import (
    Checked,
    Dated,
    Disagreement,
    Ground,
    asks_development,
    entries,
    extract,
    find_conflicts,
    rows,
    sides,
    timeline,
)
from rag.index.words import Analyzer
from rag.retrieval import Question
from rag.schema import Answer


@dataclass(frozen=True, slots=True)
class Composition:
    """Verbatim sentences in the order to show; of the sides of a disagreement the first `said` are statements.

    The others stand in its table only. With a disagreement or a timeline no model rewords anything.
    """

    checked: Sequence[Checked]
    said: int | None = None
    disagreements: Sequence[Disagreement] = ()
    dated: Sequence[Dated] = ()

    @property
    def is_final(self) -> bool:
        """Whether code alone writes this answer."""
        return bool(self.disagreements or self.dated)

    def applied(self, answer: Answer) -> Answer:
        """`answer` with these statements, and the tables that belong to them."""
        shown = with_statements(answer, self.checked)
        return replace(
            shown,
            statements=shown.statements[: self.said],
            conflicts=rows(self.disagreements, shown.citations),
            timeline=entries(self.dated, shown.citations),
        )


def compose(question: Question, found: Sequence[Ground], analyzer: Analyzer) -> Composition:
    """The extract for `question`; empty when no evidence is strong enough."""
    best = extract(found, several=question.wants_several)
    if not best:
        return Composition(())
    if asks_development(question.text):
        dated = timeline(found, strong=_share_of_best(found))
        if len(dated) > 1:
            return Composition([item.checked for item in dated], dated=dated)
    for item in find_conflicts(question.text, found, analyzer):
        shown = sides(item)
        answers = shown and any(found[0].span in side.spans for side in shown)
        # Days differ for many reasons: only who asks for versions wants them side by side.
        if answers and (question.wants_several or question.asks != "time"):
            updated = item.kind == "updated" and not question.wants_several
            return Composition(shown, said=1 if updated else None, disagreements=(item,))
    return Composition(best)


def _share_of_best(found: Sequence[Ground]) -> float:
    """From which strength on a sentence is part of a story: a fair share of the best one's."""
    return max(item.strength for item in found) * 0.3
