"""What the verified extract of an answer is: the best sentence, the sides of a conflict, a timeline, quotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.assistant.steps import with_statements
from rag.attribution import (
    Checked,
    Dated,
    Disagreement,
    Ground,
    Quoted,
    asks_development,
    entries,
    extract,
    find_conflicts,
    quoted,
    rows,
    sides,
    timeline,
)
from rag.index.words import Analyzer
from rag.retrieval import Question
from rag.schema import Answer

_OF_A_STORY = 0.3
"""Which share of the best sentence's strength makes another part of its story."""


@dataclass(frozen=True, slots=True)
class Composition:
    """Verbatim sentences in the order to show; of the sides of a disagreement the first `said` are statements.

    The others stand in its table only. With a disagreement, a timeline, a summary or quotations asked for no
    model rewords anything.
    """

    checked: Sequence[Checked]
    said: int | None = None
    disagreements: Sequence[Disagreement] = ()
    dated: Sequence[Dated] = ()
    quoted: Quoted | None = None
    summary: bool = False

    @property
    def is_final(self) -> bool:
        """Whether code alone writes this answer."""
        return bool(self.disagreements or self.dated or self.quoted or self.summary)

    def applied(self, answer: Answer) -> Answer:
        """`answer` with these statements, and the tables that belong to them."""
        shown = with_statements(answer, self.checked)
        return replace(
            shown,
            statements=shown.statements[: self.said],
            conflicts=rows(self.disagreements, shown.citations),
            timeline=entries(self.dated, shown.citations),
            notes=(*shown.notes, *(self.quoted.notes if self.quoted else ())),
        )


def compose(question: Question, found: Sequence[Ground], analyzer: Analyzer) -> Composition:
    """The extract for `question`; empty when no evidence is strong enough."""
    if question.speaker and (words := quoted(question.text, question.speaker, found, analyzer)):
        return Composition(words.checked, quoted=words)
    if question.summary:
        return Composition([Checked(item.text, "verbatim", (item.span,)) for item in found], summary=True)
    best = extract(found, several=question.wants_several, things=question.things)
    if not best:
        return Composition(())
    if asks_development(question.text):
        dated = timeline(found, strong=found[0].strength * _OF_A_STORY)
        if len(dated) > 1:
            return Composition([item.checked for item in dated], dated=dated)
    for item in find_conflicts(question.text, found, analyzer):
        shown = sides(item)
        answers = shown and any(found[0].span in side.spans for side in shown)
        # Days differ for many reasons: only who asks for versions wants them side by side.
        several = question.wants_several or question.things > 1
        if answers and (several or question.asks != "time"):
            updated = item.kind == "updated" and not several
            shown += [item for item in best if question.things > 1 and item not in shown]
            return Composition(shown, said=1 if updated else None, disagreements=(item,))
    return Composition(best)
