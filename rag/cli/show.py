"""Answers, hits and lists for people: rich renderables, plain enough for a pipe."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.contract import shown_path
from rag.schema import (
    CONFLICT_WORDS,
    Answer,
    Article,
    ArticleRow,
    Conflict,
    Hit,
    IngestReport,
    SearchResult,
    long_date,
)

_SUPPORT = {"verbatim": "the source's own words", "supported": "worded by the model, checked"}


def answer(of: Answer) -> RenderableType:
    """An answer with its footnotes: who said it, where, when, in which words."""
    parts: list[RenderableType] = []
    if of.rewritten != of.question:
        parts.append(Text(f"read as: {of.rewritten}", style="dim"))
    if of.abstention is not None:
        parts.append(Text(of.abstention.text, style="yellow"))
    verbatim = {statement.text for statement in of.statements if statement.support == "verbatim"}
    for statement in of.statements:
        line = Text(statement.text)
        line.append("".join(f" [{number}]" for number in statement.citations), style="bold cyan")
        line.append(f"  ({_SUPPORT[statement.support]})", style="dim")
        parts.append(line)
    parts.extend(_conflict(of, row) for row in of.conflicts)
    if of.timeline:
        parts.append(_timeline(of))
    for citation in of.citations:
        article = citation.article
        head = Text.assemble((f"[{citation.number}] ", "bold cyan"), (byline(article), "bold"))
        head.append(f"  {article.title}")
        where = shown_path(article.source_path)
        if citation.source_start is not None:
            where += f", characters {citation.source_start}-{citation.source_end}"
        elif (page := article.page_of(citation.start)) is not None:
            where += f", page {page}"
        lines = [head, Text(where, style="dim")]
        quote = " ".join(citation.quote.split())
        if quote not in verbatim:  # else the statement above is the quotation
            lines.insert(1, Text(f"“{quote}”", style="italic"))
        if citation.days:
            lines.insert(-1, Text("; ".join(map(str, citation.days)), style="dim"))
        parts.append(Padding(Group(*lines), (1, 0, 0, 2)))
    parts.extend(Text(f"Note: {note}", style="dim") for note in of.notes)
    if of.citations:
        sources = "1 source" if of.independent_sources == 1 else f"{of.independent_sources} sources"
        parts.append(Text(f"{sources} · {of.seconds.total:.1f} s", style="dim"))
    return Group(*parts)


def _conflict(of: Answer, row: Conflict) -> RenderableType:
    """A disagreement as a table: each value, and who gave it when."""
    articles = {citation.number: citation.article for citation in of.citations}
    table = Table(box=None, pad_edge=False, show_header=False)
    for value in row.values:
        table.add_row(
            Text(value.value, style="bold"),
            Text(byline(articles[value.citation])),
            Text(f"[{value.citation}]", style="bold cyan"),
        )
    return Group(Text(f"\n{CONFLICT_WORDS[row.kind]}: {row.about}"), Padding(table, (0, 0, 0, 2)))


def _timeline(of: Answer) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False)
    for entry in of.timeline:
        markers = "".join(f"[{number}]" for number in entry.statement.citations)
        table.add_row(Text(long_date(entry.date), style="bold"), Text(f"{entry.statement.text} {markers}"))
    return Group(Text("\nIn order of time"), Padding(table, (0, 0, 0, 2)))


def byline(article: Article) -> str:
    """Outlet and date, or that they are unknown."""
    return f"{article.outlet or 'outlet unknown'}, {long_date(article.published)}"


def hits(result: SearchResult) -> RenderableType:
    """Ranked passages."""
    if not result.hits:
        return Text("Nothing found. " + " ".join(result.notes))
    return Group(*(_hit(hit) for hit in result.hits), *(Text(f"Note: {note}") for note in result.notes))


def _hit(hit: Hit) -> RenderableType:
    head = Text.assemble(
        (f"{hit.rank:>2} ", "bold cyan"), (byline(hit.article), "bold"), f"  {hit.article.title}"
    )
    text = " ".join(hit.passage.text.split())
    return Group(head, Padding(Text(text if len(text) < 400 else text[:399] + "…"), (0, 0, 1, 3)))


def library(rows: Iterable[ArticleRow]) -> RenderableType:
    """The list of articles."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, least in (("id", 16), ("published", 10), ("outlet", 12), ("title", 24)):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in rows:
        article = row.article
        published = article.published.isoformat() if article.published else "unknown"
        cells = (article.id, published, article.outlet or "unknown", article.title)
        table.add_row(*map(Text, cells))
    return table


def ingested(report: IngestReport) -> str:
    """One line on what an ingest did."""
    changes = [
        f"{count} {word}"
        for count, word in (
            (report.added, "added"),
            (report.updated, "updated"),
            (report.unchanged, "unchanged"),
            (report.removed, "removed"),
        )
        if count
    ]
    if report.skipped:
        changes.append(f"{len(report.skipped)} {'file' if len(report.skipped) == 1 else 'files'} skipped")
    return (
        f"{', '.join(changes) or 'nothing changed'}; the index holds {report.articles} articles "
        f"in {report.passages} passages ({report.seconds:.1f} s)"
    )


def console(*, error: bool = False) -> Console:
    """A console for standard output, or for standard error."""
    return Console(stderr=error, highlight=False, soft_wrap=False, emoji=False, markup=False)
