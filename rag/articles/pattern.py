"""The pattern of one file: how its articles begin, learned from the heads that are sure; what it says of the others.

General signs (`signs`) know what heads of all files have in common. A single file is far more regular: the same rule or
the same blank lines above each article, the same kinds of lines in the same order below. Once some are sure, every
place where an article could begin is looked at in the same few ways (`_features`), and the likelihood of what is seen
there under the file's own heads is set against its likelihood under the places of the file that begin nothing, which
start out as they are in any text (`_ORDINARY`). The logarithm of the ratio, in bits, is the weight: positive where a
place looks as the others do, negative where it breaks what all of them keep. A file whose heads do not resemble each
other has no pattern, and says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2

from rag.articles.kinds import Kind, Line, is_link, is_prose
from rag.articles.names import is_outlet, is_person

MIN_HEADS = 2
"""So many other heads make a pattern."""
_MAX_FOR, _MAX_AGAINST = 3.5, 3.0
_SHARED = 0.5
"""What one feature says is half said by the others."""
_FULL_STRENGTH = 2.0
"""Bits by which the heads of a file must, on average, expect each other for its pattern to count in full."""
_OWN, _GENERAL = 1.0, 5.0
"""How many places the expectations before any was seen are worth, for heads and for other places."""
_RARE = 0.08
_ORDINARY: dict[str, dict[str, float]] = {
    "above": {"text": 0.6, "furniture": 0.1, "rule": 0.1},
    "space": {"1": 0.7, "2": 0.15},
    "first": {"title": 0.5, "furniture": 0.15},
    "second": {"/text": 0.5, "text": 0.15},
    "third": {"/text": 0.4, "text": 0.3},
}
"""What stands in any text at places that are no body text and begin nothing: mostly sub-headlines and captions."""

Features = dict[str, str]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the articles of a file begin (`heads`) and how its other places look (`others`), by their features.

    `starts` and `places` are the lines seen as heads and as other places. `strength` is 0 where the heads have nothing
    in common, 1 where on average each is what the others make one expect; `rigour` is 1 where this holds of every
    single one, so that a head which is not begins nothing.
    """

    heads: Counter[tuple[str, str]]
    others: Counter[tuple[str, str]]
    starts: dict[int, Features]
    places: dict[int, Features]
    strength: float
    rigour: float

    def bits(self, lines: Sequence[Line], index: int, *, instead_of: int | None = None) -> float:
        """What the pattern says for an article that begins at a line, in bits; 0 where too few heads are known.

        The line itself is no witness, nor is the head that would not begin if this one did (`instead_of`).
        """
        silent = [self.starts[place] for place in {index, instead_of} if place in self.starts]
        known = len(self.starts) - len(silent)
        if known < MIN_HEADS or not self.strength:
            return 0.0
        seen = self.starts.get(index) or self.places.get(index) or _features(lines, index)
        own = [self.places[index]] if index in self.places else []
        found = sum(
            _bits(
                item,
                _less(self.heads, item, silent),
                known,
                _less(self.others, item, own),
                len(self.places) - len(own),
            )
            for item in seen.items()
        )
        return self.strength * min(_MAX_FOR, found) if found > 0 else self.rigour * max(-_MAX_AGAINST, found)


def pattern_of(lines: Sequence[Line], starts: Iterable[int]) -> Pattern:
    """The pattern of a file whose articles begin at `starts`."""
    begun = {index: _features(lines, index) for index in starts}
    places = {index: _features(lines, index) for index in places_of(lines) if index not in begun}
    heads = Counter(item for seen in begun.values() for item in seen.items())
    others = Counter(item for seen in places.values() for item in seen.items())
    expected = [
        sum(_bits(item, heads[item] - 1, len(begun) - 1, others[item], len(places)) for item in seen.items())
        for seen in begun.values()
    ]
    if len(begun) <= MIN_HEADS:
        expected = [_FULL_STRENGTH / 2]
    mean, least = sum(expected) / len(expected), min(expected)
    return Pattern(heads, others, begun, places, _share(mean), _share(least))


def _share(bits: float) -> float:
    return max(0.0, min(1.0, bits / _FULL_STRENGTH))


def places_of(lines: Sequence[Line]) -> list[int]:
    """Where an article could begin: lines that are no body text and stand apart from what is above them."""
    return [
        index
        for index, line in enumerate(lines)
        if not is_prose(line)
        and line.kind is not Kind.SEPARATOR
        and (line.blank_before or not index or is_prose(lines[index - 1]) or _closes(lines[index - 1]))
    ]


def _closes(line: Line) -> bool:
    return line.kind is Kind.SEPARATOR or line.label in ("end", "source")


def _less(counts: Counter[tuple[str, str]], item: tuple[str, str], silent: Sequence[Features]) -> int:
    """How often a feature was seen, but for the silent witnesses."""
    name, value = item
    return counts[item] - sum(seen.get(name) == value for seen in silent)


def _bits(item: tuple[str, str], in_heads: int, heads: int, in_others: int, others: int) -> float:
    """The logarithm of the likelihood of one feature at a head of the file against that at another place; what no head
    has speaks for none."""
    name, value = item
    ordinary = _ORDINARY[name].get(value.partition(" ")[0], _RARE)
    as_head = (in_heads + _OWN * ordinary) / (heads + _OWN)
    elsewhere = (in_others + _GENERAL * ordinary) / (others + _GENERAL)
    found = log2(as_head / elsewhere)
    return _SHARED * (found if in_heads else min(found, 0.0))


def _features(lines: Sequence[Line], index: int) -> Features:
    """What is seen at a place: what stands above it and how far, and the lines that follow. Above the first line of a
    text there is nothing to see."""
    line = lines[index]
    found = {"first": _token(line)}
    for name, below in (("second", index + 1), ("third", index + 2)):
        if below < len(lines):
            found[name] = ("/" if lines[below].blank_before else "") + _token(lines[below])
    if index:
        above = lines[index - 1]
        found["above"] = _token(above) if above.label or not is_prose(above) else "text"
        if above.kind is Kind.SEPARATOR:
            found["above"] = f"rule {above.text[:3]}"
        else:
            found["space"] = str(min(line.blank_before, 3))
    return found


def _token(line: Line) -> str:
    """What a line is at a glance."""
    if is_prose(line):
        return "text"
    if is_link(line):
        return "link"
    if line.label in ("end", "source", "stamp", "message"):
        return f"{line.label}"
    if line.kind is Kind.LABEL:
        return f"label {line.label}"
    if line.kind not in (Kind.TITLE, Kind.OUTLET):
        return str(line.kind.value)
    if line.number is not None:
        return "number"
    first = line.text[:1]
    if not first.isalnum() and first not in "\"'“«„‘([¿¡":
        return first
    if is_outlet(line.text) and line.kind is Kind.OUTLET:
        return "outlet"
    if line.kind is Kind.OUTLET and is_person(line.text):
        return "name"
    return "capitals" if line.text.isupper() else "title"
