"""Lines that a margin broke out of a paragraph: they are body text however short they are.

A mail breaks its paragraphs at seventy characters, a newspaper's page at thirty, often in the middle of a word. Such a
line is told by its neighbours: the next one goes on in small letters, or what a hyphen cut off stands on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from rag.articles.kinds import URL
from rag.articles.names import SENTENCE_END

_RAW_LINE = re.compile(r"(?P<line>[^\r\n]*)(?:\r\n|\r|\n|\Z)")
_CUT_WORD = re.compile(r"[^\W\d_]-$")
_CAPITALS = re.compile(
    r"^[\"“«„']?(?:[A-ZÀ-Þ]['’.]?\s)?(?:[A-ZÀ-Þ][A-ZÀ-Þ'’-]{4,}|[A-ZÀ-Þ'’-]{2,}\s[A-ZÀ-Þ][A-ZÀ-Þ'’-]+|(?<=[AI]\s)[A-ZÀ-Þ]{4,})"
    r"[,-]?(?:\s[^\W\d_A-ZÀ-Þ]|\s?$|-$)|^[A-ZÀ-Þ]{4,}\s[a-zà-þ]+\s"
)
_WORD = re.compile(r"^[\"“«„']?(?:[A-ZÀ-Þ]\s)?[A-ZÀ-Þ][A-ZÀ-Þ'’-]+(?![a-zà-þ])")
_MAX_COLUMN = 80
_MIN_LINES = 4
_MIN_FILLED = 0.5
"""A column is at most so wide and at least so many lines long, each at least half full if no sentence ends on it."""
_MAX_OVER = 1.2
"""By so much the first line of a column may be wider than the others."""
_MIN_RUNNING_ON = 0.4
"""The share of the lines of a column that go on in the next; the others begin sentences and names."""


def raw_lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its offset, whatever kind of newline ends it."""
    for match in _RAW_LINE.finditer(text):
        yield match.start(), match["line"]


def broken_lines(text: str, stands_alone: Callable[[str], bool]) -> set[int]:
    """Starts of the lines that a margin broke out of a paragraph. `stands_alone` tells the lines that are no part of a
    column although they stand in it: a byline, furniture."""
    starts: set[int] = set()
    paragraph: list[tuple[int, str]] = []
    short: list[list[tuple[int, str]]] = []
    width = 0
    for position, line in [*raw_lines(text), (len(text), "")]:
        if line.strip():
            paragraph.append((position, line.strip()))
            continue
        if _is_broken([line for _, line in paragraph]):
            starts.update(start for start, _ in paragraph)
        elif places := _column([line for _, line in paragraph], stands_alone):
            starts.update(paragraph[place][0] for place in places)
            width = max(width, *(len(paragraph[place][1]) for place in places))
        else:
            short.append(paragraph)
        paragraph = []
    for paragraph in short:
        if _ends_column([line for _, line in paragraph], width):
            starts.update(start for start, _ in paragraph)
    return starts


def _ends_column(lines: Sequence[str], width: int) -> bool:
    """Whether a paragraph of two or three lines stands in a column so wide as others of the text, as its last often
    does."""
    return (
        1 < len(lines) < _MIN_LINES
        and max(map(len, lines)) <= width
        and SENTENCE_END.search(lines[-1]) is not None
        and any(_runs_on(*pair) for pair in pairwise(lines))
        and all(len(line) >= width * _MIN_FILLED for line in lines[:-1])
    )


def opens_in_capitals(text: str) -> bool:
    """Whether a text opens as the first paragraph of an article on a newspaper's page: its first word or name is in
    capitals.

    >>> opens_in_capitals("FOUR shops were destroyed and"), opens_in_capitals("The FBI said that four shops")
    (True, False)
    """
    return _CAPITALS.match(text) is not None


def word_in_capitals(text: str) -> bool:
    """Whether the first word is in capitals, after an article of one letter.

    >>> word_in_capitals("THE wall that protects"), word_in_capitals("A BUS driver"), word_in_capitals("A bus driver")
    (True, True, False)
    """
    return _WORD.match(text) is not None


def _is_broken(lines: Sequence[str]) -> bool:
    """Whether all lines of a paragraph are about as long, and many go on in small letters."""
    lengths = [len(line) for line in lines]
    if (
        len(lengths) < 3
        or any(map(URL.match, lines))
        or not 50 < max(lengths) <= 120
        or min(lengths[:-1]) < max(lengths) - 30
    ):
        return False
    running = [line.lstrip()[:1].islower() for line in lines[1:]]
    return sum(running) >= len(running) / 3


def _column(lines: Sequence[str], stands_alone: Callable[[str], bool]) -> list[int]:
    """The places of the lines of a narrow column that stands below a headline, without a blank line between."""
    if len(lines) < _MIN_LINES or max(map(len, lines)) > _MAX_COLUMN * 2:
        return []
    begin = max((place + 1 for place, line in enumerate(lines[:8]) if stands_alone(line)), default=0)
    first = next(
        (place for place in range(begin, len(lines) - 1) if _runs_on(*lines[place : place + 2])), None
    )
    if first is None:
        return []
    above = lines[first - 1] if first > begin else ""
    below_byline = first - 1 == begin > 0 and len(above) >= len(lines[first]) * _MIN_FILLED * 1.5
    whole = first == 1 and not begin and _fills(above, lines[first:])
    if above and not above.isupper() and (below_byline or whole or opens_in_capitals(above)):
        first -= 1
    end = len(lines)
    while end - first > _MIN_LINES and SENTENCE_END.search(lines[end - 2]) and stands_alone(lines[end - 1]):
        end -= 1
    column = lines[first:end]
    width = max(map(len, column))
    running = sum(_runs_on(*pair) for pair in pairwise(column))
    filled = all(len(line) >= width * _MIN_FILLED or SENTENCE_END.search(line) for line in column[:-1])
    if len(column) < _MIN_LINES or width > _MAX_COLUMN or not filled:
        return []
    return list(range(first, end)) if running >= (len(column) - 1) * _MIN_RUNNING_ON else []


def _fills(line: str, column: Sequence[str]) -> bool:
    """Whether a line is the first of a column: about as wide, and what follows does not open an article."""
    width = max(map(len, column))
    return width * _MIN_FILLED * 1.5 <= len(line) <= width * _MAX_OVER and not opens_in_capitals(column[0])


def _runs_on(line: str, following: str) -> bool:
    """Whether a sentence or a word goes on in the next line."""
    if SENTENCE_END.search(line):
        return False
    return following[:1].islower() or _CUT_WORD.search(line) is not None
