"""Checked sentences -> statements and citations: quotes are cut from the article, markers are numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.schema import Article, Citation, Statement, Support


@dataclass(frozen=True, slots=True)
class Span:
    """A place in an article that a statement rests on."""

    article: Article
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The exact words."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence that may be shown, with the places it rests on."""

    text: str
    support: Support
    spans: tuple[Span, ...]


def assemble(checked: Sequence[Checked]) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Statements and citations, numbered from 1 in the order of their first mention."""
    numbers: dict[tuple[str, int, int], int] = {}
    citations: list[Citation] = []
    statements: list[Statement] = []
    for item in checked:
        cited: list[int] = []
        for span in item.spans:
            key = (span.article.id, span.start, span.end)
            if key not in numbers:
                numbers[key] = len(numbers) + 1
                citations.append(Citation(numbers[key], span.article, span.start, span.end, span.quote))
            cited.append(numbers[key])
        statements.append(Statement(item.text, item.support, tuple(dict.fromkeys(cited))))
    return tuple(statements), tuple(citations)
