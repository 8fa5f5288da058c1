"""Which words of a digest are an article's title, outlet, author and date.

A trained chain (`chain`) reads what is seen at the words of all lines that are no body text (`sights`), twice: the
second time it knows what was found in the same place of the other articles. What it is unsure of counts only if the
rules read the same. A name or day above several articles holds for those below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from rag.articles.chain import Chain
from rag.articles.dates import find_date, find_month_day
from rag.articles.kinds import Line
from rag.articles.metadata import Head
from rag.articles.sights import Word, compared, guesses_of, places_of, sights_of, tokens

_SURE = {"T": 0.0, "O": 0.7, "A": 0.7, "D": 0.0}
"""How likely the words of a field must be, on average, unless the rules read the same: a wrong outlet or author is
worse than none (decision 0017)."""


def labels_of(
    lines: Sequence[Line],
    tags: Sequence[str],
    words: Sequence[Word],
    ruled: Mapping[int, Head] | None,
    first: Chain,
    second: Chain,
) -> list[tuple[str, float]]:
    """The label of each word and how likely it is: "BO" where the name of an outlet begins, "IO" where it goes on,
    "O" for no field."""
    sights = sights_of(lines, tags, words, ruled)
    guesses = guesses_of(first, first.shares(first.scores(sights)))
    scores = second.scores(compared(lines, tags, words, sights, guesses))
    labels, shares = second.best(scores), second.shares(scores)
    at = {label: place for place, label in enumerate(second.labels)}
    return [(label, float(shares[place, at[label]])) for place, label in enumerate(labels)]


def heads_of(
    text: str,
    lines: Sequence[Line],
    tags: Sequence[str],
    words: Sequence[Word],
    labels: Sequence[tuple[str, float]],
    ruled: Sequence[Head],
    resolve: Callable[[int, int], date | None],
) -> list[Head]:
    """The heads of the articles in order, as the labels of the words say; `ruled` are those of the rules, which keep
    their days, and what no label could say: what stands in none of the article's words.

    `text` is what was pasted, `resolve` gives the day for a month and a day without a year.
    """
    where = places_of(tags)
    found: list[dict[str, _Mention]] = [{} for _ in ruled]
    headings: dict[int, list[_Mention]] = defaultdict(list)
    for mention in _mentions(text, lines, words, labels):
        number = where[mention.line].number
        if not _is_sure(mention, ruled[number] if number >= 0 else None):
            continue
        if number < 0:
            headings[mention.line].append(mention)
        else:
            found[number].setdefault(mention.field, mention)
    above: list[dict[str, _Mention]] = []
    held: dict[str, _Mention] = {}
    for index, tag in enumerate(tags):
        held.update((mention.field, mention) for mention in headings.get(index, ()))
        if tag.startswith("S"):
            above.append(dict(held))
    read: dict[int, list[str]] = defaultdict(list)
    for word in words:
        read[where[word.line].number].append(word.text)
    heads = []
    for number, (own, upper, head) in enumerate(zip(found, above, ruled, strict=True)):
        said = " ".join(read[number]).casefold()
        day = head.published or _day(own.get("D"), resolve) or _day(upper.get("D"), resolve)
        outlet = _named(own.get("O"), head.outlet, said) or ("O" in upper and upper["O"].text) or None
        heads.append(
            replace(
                head,
                title=own["T"].text if "T" in own else head.title,
                outlet=outlet,
                author=_named(own.get("A"), head.author, said),
                published=day,
            )
        )
    return heads


class _Mention(NamedTuple):
    """Words that name something: which field, on which line, and for a date they and their line with every date in one
    form."""

    field: str
    line: int
    text: str
    dated: tuple[str, str]
    sure: float


def _mentions(
    text: str, lines: Sequence[Line], words: Sequence[Word], labels: Sequence[tuple[str, float]]
) -> list[_Mention]:
    """What the labels name, in order; a title may go on in the next line."""
    found: list[_Mention] = []
    begin = 0
    while begin < len(words):
        if labels[begin][0] == "O":
            begin += 1
            continue
        name, end = labels[begin][0][1], begin + 1
        while (
            end < len(words) and labels[end][0] == f"I{name}" and words[end].line - words[end - 1].line <= 1
        ):
            end += 1
        first, last = words[begin], words[end - 1]
        # From the text itself: the lines have its dates in one form.
        told = text[lines[first.line].start + first.start : lines[last.line].start + last.end]
        sure = sum(share for _, share in labels[begin:end]) / (end - begin)
        line = lines[first.line].text
        dated = line[first.start : last.end if first.line == last.line else None]
        found.append(_Mention(name, first.line, " ".join(told.split()), (dated, line), sure))
        begin = end
    return found


def _is_sure(mention: _Mention, head: Head | None) -> bool:
    """Whether a mention counts: it is likely enough, or the rules read the same."""
    read = {"O": head.outlet, "A": head.author}.get(mention.field) if head else None
    same = read is not None and read.casefold() == mention.text.casefold()
    return same or mention.sure >= _SURE[mention.field]


def _day(mention: _Mention | None, resolve: Callable[[int, int], date | None]) -> date | None:
    """The day that words name: a date, or one without its year."""
    if mention is None:
        return None
    for text in mention.dated:
        if (when := find_date(text)) is not None:
            return when.day
    near = find_month_day(mention.dated[1])
    return resolve(near.month, near.day) if near else None


def _named(mention: _Mention | None, ruled: str | None, said: str) -> str | None:
    """The name that a mention gives, spelled as the rules spell it; without one, what the rules found elsewhere than in
    words of the article that stand in a row: in an address, say."""
    if mention is not None:
        return ruled if ruled and ruled.casefold() == mention.text.casefold() else mention.text
    told = " ".join(tokens(ruled or "")).casefold()
    return None if f" {told} " in f" {said} " else ruled
