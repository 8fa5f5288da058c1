"""Where quotations stand: pairs of quotation marks, straight, curly or angled, over sentences and paragraphs.

A paragraph that opens with a mark while the one before was not closed goes on with the same quotation.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"[\"“”„‟«»‘']|\n")
_SPACE = re.compile(r"\s*")
_DOUBLE = frozenset('"“”„‟')
_MOST_CHARACTERS = 6_000
"""A longer "quotation" is a stray mark."""
_BEFORE_OPENING = frozenset("([{—–-:/")
_AFTER_CLOSING = frozenset(".,;:!?)]}—–-…،؛؟/")
_ENDED = frozenset(".!?…,:;—–-؟،")
_CLIPPED = re.compile(r"['‘](?:s|em|tis|twas|til|till|cause|n|round|bout|\d\ds?)\b", re.IGNORECASE)


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each quotation with its marks, in order; what is quoted within one is part of it.

    >>> [text[a:b] for text in ['He said "no" and ‘never’.'] for a, b in spans(text)]
    ['"no"', '‘never’']
    """
    found: list[tuple[int, int]] = []
    start, opener, depth, closed, position = -1, "", 0, 0, 0
    while (match := _MARK.search(text, position)) is not None:
        mark, place = match.group(), match.start()
        position = match.end()
        if start >= 0 and place - start > _MOST_CHARACTERS:
            start = -1  # a stray mark
        if start < 0:
            if mark in "‘'":
                if (end := _single(text, place)) is not None:
                    found.append((place, end))
                    position = end
            elif mark != "\n" and _opens(text, place):
                start, opener, depth, closed = place, mark, 1, 0
            continue
        end = -1
        if mark == "\n":
            position, goes_on = _next_paragraph(text, place, opener)
            if not goes_on:
                end = closed or (place if opener not in '"' else -1)
                if end < 0:
                    start = -1
        elif opener in "«»":
            if mark == ("»" if opener == "«" else "«"):
                depth, closed = depth - 1, place + 1
                end = place + 1 if depth == 0 else -1
            elif mark == opener:
                depth += 1
        elif mark in _DOUBLE:
            if _closes(text, place, opener):
                end = place + 1
            elif mark != "”" and _opens(text, place):
                start = place  # the mark before had no end
                opener = mark
        if end > start >= 0:
            found.append((start, end))
            start, position = -1, max(end, position if mark == "\n" else end)
    if start >= 0 and (closed or opener != '"') and len(text) - start <= _MOST_CHARACTERS:
        found.append((start, closed or len(text.rstrip())))
    return [(start, end) for start, end in found if end - start > 2]


def _around(text: str, place: int) -> tuple[str, str]:
    return text[place - 1 : place] if place else "", text[place + 1 : place + 2]


def _opens(text: str, place: int) -> bool:
    before, after = _around(text, place)
    if text[place] == "«":
        return True
    if text[place] in "“„‟":
        return not (before and not before.isspace() and (not after or after.isspace()))
    free = not before or before.isspace() or before in _BEFORE_OPENING or before in "‘'،؛"
    return free and bool(after) and not after.isspace() and after not in ".,;:!?)"


def _closes(text: str, place: int, opener: str) -> bool:
    before, after = _around(text, place)
    mark = text[place]
    if mark == "“" and opener == "„":
        return True
    if not before or before.isspace():
        return mark == "”" and opener != "”" and (not after or after.isspace() or after in _AFTER_CLOSING)
    if mark == "“":
        return not after or after.isspace() or after in _AFTER_CLOSING
    return mark != "„"


def _next_paragraph(text: str, place: int, opener: str) -> tuple[int, bool]:
    """Where to read on after a line end inside a quotation, and whether the quotation goes on there."""
    following = _skip_space(text, place)
    blank = text.count("\n", place, following) > 1
    if text[following : following + 1] in _repeated(opener):
        return following + 1, text[max(0, place - 9) : place].rstrip()[-1:] in _ENDED
    if not blank:
        return following, True
    later = _MARK.search(text, following)
    while later is not None and later.group() in "\n‘'":
        if later.group() == "\n":
            return following, False
        later = _MARK.search(text, later.end())
    closing = {"«": "»", "»": "«", "„": "“", '"': ""}.get(opener, "”")
    return following, later is not None and later.group() == closing


def _repeated(opener: str) -> tuple[str, ...]:
    return {"«": ("«", "»"), "»": ("»",), '"': ('"', "“")}.get(opener, ("“", '"', "„"))


def _single(text: str, place: int) -> int | None:
    """The end of a quotation in single marks that opens at `place`; None where the mark is an apostrophe."""
    before, after = _around(text, place)
    free = not before or before.isspace() or before in _BEFORE_OPENING
    if not free or not (after.isalnum() or after in '“"…') or _CLIPPED.match(text, place):
        return None
    closing = "’" if text[place] == "‘" else "'"
    limit = min(_paragraph_end(text, place), place + _MOST_CHARACTERS)
    likely: int | None = None
    for match in re.compile(closing).finditer(text, place + 1, limit):
        end = match.end()
        last, following = _around(text, end - 1)
        if last.isspace() or following.isalnum():
            continue
        if likely is not None and text.find(text[place], likely, end - 1) > 0:
            return likely  # another quotation has opened since
        if last in ".,!?…—":
            return end
        # "the residents’ homes": after an s it may be a possessive
        if likely is None and (last != "s" or following in ".,;:!?)" or not text[end:limit].strip()):
            likely = end
            if following in ".,;:!?)" or text[place] == "'":
                return likely
    return likely


def _paragraph_end(text: str, place: int) -> int:
    """The end of the paragraph, or of the last of those that open with the same single mark."""
    limit = text.find("\n", place)
    while limit >= 0:
        following = _skip_space(text, limit)
        if text[following : following + 1] != text[place]:
            return limit
        limit = text.find("\n", following)
    return len(text)


def _skip_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
