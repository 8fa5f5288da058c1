"""The questions that a page opens with: made of its own articles by code, so that the articles answer each of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from rag.quotations import quotations
from rag.retrieval.pointers import runs_of_names
from rag.schema import Article, ArticleRow

_COUNT = 4
_FEWEST = 3
"""Made up to with the main points of further articles, where there is nothing else to ask."""
_ARTICLES = 12
"""So many of the newest are read for it."""
_LONGEST_TEXT = 40_000
_LONGEST_TITLE = 90
_SHORTEST_QUOTE = 40
_CALENDAR = re.compile(
    r"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|"
    r"September|October|November|December)\b"
)


def examples_from(rows: Sequence[ArticleRow], article: Callable[[str], Article | None]) -> list[str]:
    """Questions of different kinds; `article` gives an article with its text by its id.

    What an article says in the main, what somebody says there word for word, what an outlet reports, and the latest
    about something. Names are looked for in English texts alone.
    """
    first_with: dict[str, Article] = {}
    for row in rows:
        title = " ".join(row.article.title.split())
        if title and row.article.duplicate_of is None:
            short = title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…"
            first_with.setdefault(short, row.article)
    summaries = [f"What are the main points of “{title}”?" for title in list(first_with)[:_FEWEST]]
    # What is in the newest is asked for by its title already.
    newest = list(first_with.values())[:_ARTICLES]
    found = [article(item.id) for item in (*newest[1:], *newest[:1]) if item.language in {None, "en"}]
    texts = [item for item in found if item is not None and len(item.text) <= _LONGEST_TEXT]
    names = {item.id: _names(item) for item in texts}
    more: list[str] = []
    for kind in (_said(texts), _reported(texts, names), _latest(texts, names)):
        fresh = (question for question, about in kind if not any(about in other for other in more))
        more.extend(islice(fresh, 1))
    return [*summaries[:1], *more, *summaries[1 : max(1, _FEWEST - len(more))]][:_COUNT]


def _said(texts: Sequence[Article]) -> Iterator[tuple[str, str]]:
    """Questions, each with the name that it is about."""
    for article in texts:
        speakers = Counter(
            item.speaker
            for item in quotations(article.text, [])
            if item.direct and item.end - item.start >= _SHORTEST_QUOTE and _is_full_name(item.speaker)
        )
        for speaker, _ in speakers.most_common(1):
            yield f"What exactly did {speaker} say?", str(speaker)


def _reported(texts: Sequence[Article], names: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    # From the other end, so that it is not about what the newest ones are.
    for article in reversed(texts[:-1] or texts):
        for name in names[article.id] if article.outlet else ():
            yield (
                f"What does {' '.join(str(article.outlet).split())} report about {_called(name, texts)}?",
                name,
            )


def _latest(texts: Sequence[Article], names: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    dated = [article for article in texts if article.published]
    held = Counter(name for article in dated for name in names[article.id])
    for name, count in held.most_common():
        if (
            count > 1 and " " in name
        ):  # of one word it is a country more often than not, and much is the latest there
            yield f"What is the latest on {_called(name, texts)}?", name


def _names(article: Article) -> list[str]:
    """What an article is about: names that its text repeats, those of several words and those of the title first."""
    count = {
        name: article.text.count(name)
        for name in runs_of_names(article.text)
        if not _CALENDAR.search(name) and name not in (article.outlet or "")
    }
    repeated = [name for name in count if count[name] > 1 and (" " in name or name in article.title)]
    return sorted(repeated, key=lambda name: (-(" " in name) - (name in article.title), -count[name]))


def _called(name: str, texts: Sequence[Article]) -> str:
    """The name as it mostly stands: with "the", or without."""
    alone = sum(article.text.count(name) for article in texts)
    preceded = sum(article.text.count(f"{the} {name}") for article in texts for the in ("the", "The"))
    return f"the {name}" if 2 * preceded > alone else name


def _is_full_name(speaker: str | None) -> bool:
    words = (speaker or "").split()
    return len(words) > 1 and words[0][0].isupper() and words[-1][0].isupper()
