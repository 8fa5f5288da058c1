"""No answer, said so that a reader can go on: what was looked for, and how near the articles came."""

from __future__ import annotations

from rag.schema import NO_FILTERS, Abstention, Article, Filters, SearchResult, long_date

_NEAREST = 3


def abstain(result: SearchResult, *, filters: Filters, articles: int) -> Abstention:
    """The typed abstention for a question whose evidence does not answer it."""
    searched = "the one indexed article" if articles == 1 else f"the {articles} indexed articles"
    if filters != NO_FILTERS:
        searched = f"what your filters leave of {searched}"
    if not result.hits:
        if filters.by_date:
            return Abstention(
                "outside_dates",
                f"No article within the dates you set {_window(filters)} says anything about this. "
                "Widen the dates, or add articles from that time.",
            )
        return Abstention(
            "nothing_found", f"I found nothing about this in {searched}. Add articles that cover it."
        )
    nearest: list[Article] = []
    for hit in result.hits:
        if hit.article.id not in (article.id for article in nearest):
            nearest.append(hit.article)
    near = "; ".join(named(article) for article in nearest[:_NEAREST])
    return Abstention(
        "not_supported",
        f"I found no sentence that answers this in {searched}. It may be told there in other words.",
        f"The nearest passages are in {near}.",
    )


def named(article: Article) -> str:
    """An article for people: “title” (outlet, date)."""
    return f"“{article.title}” ({article.outlet or 'outlet unknown'}, {long_date(article.published)})"


def _window(filters: Filters) -> str:
    parts = []
    if filters.date_from:
        parts.append(f"from {filters.date_from.isoformat()}")
    if filters.latest:
        parts.append(f"up to {filters.latest.isoformat()}")
    return f"({' '.join(parts)})"
