"""What is seen at each line of a pasted text, for the model that tells its parts (`parts.py`).

Four sorts: the line by itself, what its file has elsewhere that looks like it and whether text stands between, which
words it shares with the text below and above, and whether the rules (`digest`) begin an article there. A second reading
(`echoes`) adds what the first thought of the lines that look alike. All are strings; their weights are learned
(`training/train_digests.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.articles.digest import Boundary
from rag.articles.kinds import Kind, Line, is_link, script_of
from rag.articles.marks import announces_digest
from rag.articles.names import SENTENCE_END, is_outlet, is_person

AROUND = (-2, -1, 1, 2, 3)
"""How far from a line its neighbours are seen too."""
GUESSES = "STMEX"
"""What the first reading says of a line: it begins an article, is its title, says who or when above or below the text,
is no article's."""
_SHORT = 110
"""Characters up to which a line has a form; longer ones are text."""
_TOLD = 200
_NEAR = 900
"""Characters of text below and above with which a line is compared."""
_BETWEEN = 150
_READ = 2_000
"""So many characters of a line are looked at."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d\d\b")
_PAGE = re.compile(r"\b(?:p|pp|page|s|seite|стр|с|pag|sayfa|ص)\.?\s?[A-Z]?\d{1,3}\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_STEM = re.compile(r"[^\W\d_]{4,}")
_FIRST = re.compile(r"^\W*([^\W\d_]+)")
_NAMES = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CLOSING = ':,;-–—)]»”"'
_MARKS = '|·•–—:/"“«[(\t?!'
_CARRIED = re.compile(
    r"(?:k|lab|len|end|bb|c0|co)=|(?:day|mday|outletname|name|isoutlet|isperson|caps|number|link|author|gwid)$|"
    r"(?:look|form|w0|ctx|sep)#|per|widest|q="
)
"""What of a line its neighbours see."""


def level(value: float, bounds: Sequence[float]) -> int:
    """How many of the bounds a value reaches: numbers become a few strings."""
    return bisect_right(bounds, value)


def form_of(text: str) -> tuple[str, str] | None:
    """A short line without its words and figures, with and without their capitals; None for a long one.

    >>> form_of("Harbour Post, 3 May 2024, p. 12")
    ('T, 0 T 0000, a. 0', 'w, 0 w 0000, w. 0')
    """
    if len(text) > _SHORT:
        return None
    figures = re.sub(r"\d+", lambda match: "0" if len(match[0]) < 3 else "0000", text)
    letters = _NAMES.sub(
        lambda match: (
            "A" if match[0].isupper() and len(match[0]) > 1 else "a" if match[0][0].islower() else "T"
        ),
        figures,
    )
    found = re.sub(r"(?:[aTA] )+(?=[aTA])", "", letters)
    return found, re.sub(r"[aTA]", "w", found)


def _advice(lines: Sequence[Line], ruled: Sequence[Boundary] | None) -> list[list[str]]:
    """What the rules say at each line: whether an article begins there, how surely, by which signs, and whether the
    articles they see are long. None where they shall not be asked."""
    if ruled is None:
        return [["norules"] for _ in lines]
    ends = [line.end for line in lines]
    at = {min(bisect_right(ends, item.start), len(lines) - 1): item for item in ruled}
    long = level(sum(len(line.text) for line in lines) / max(1, len(ruled)), (500, 1000, 2000, 4000))
    found = []
    for index in range(len(lines)):
        item = at.get(index)
        sure = "no" if item is None else level(item.score, (3.9, 5, 6.5, 8.5, 11)) if index else "first"
        told = [f"R={sure}", *([f"R={sure}/{long}"] if item else [])]
        told += [f"R{step}" for step in AROUND if index + step in at]
        told += [f"Rsign={name}" for name in item.signs] if item else []
        found.append(told)
    return found


def carried(seen: Sequence[Sequence[str]]) -> list[list[str]]:
    """What is seen at each line with what is seen at its neighbours, each with how far it stands."""
    told = [[item for item in items if _is_carried(item)] for items in seen]
    found = []
    for place, items in enumerate(seen):
        whole = list(items)
        for step in AROUND:
            if 0 <= place + step < len(seen):
                whole += [f"{step}:{item}" for item in told[place + step]]
            else:
                whole.append(f"{step}:none")
        found.append(whole)
    return found


@lru_cache(maxsize=100_000)
def _is_carried(item: str) -> bool:
    return _CARRIED.match(item) is not None


def looks_of(lines: Sequence[Line], ruled: Sequence[Boundary] | None) -> list[list[str]]:
    """What is seen at each line, without its neighbours, and what the rules say of it, if asked."""
    file, advice = _File(lines), _advice(lines, ruled)
    return [_itself(line) + file.seen(index) + advice[index] for index, line in enumerate(lines)]


def _itself(line: Line) -> list[str]:
    text = line.text[:_READ]
    words = text.split()
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    end = line.text[-1]
    found = [
        f"k={line.kind.value}",
        f"len={level(len(line.text), (12, 25, 45, 70, 100, 140, 200, 320))}",
        f"wd={level(len(words), (2, 3, 5, 8, 12, 20, 40))}",
        f"end={'.' if SENTENCE_END.search(line.text[-_READ:]) else end if end in _CLOSING else 'x'}",
        f"c0={_sort(text[0])}",
        f"cap={level(sum(word[:1].isupper() for word in words) / len(words), (0.2, 0.4, 0.6, 0.8, 0.99))}",
    ]
    if line.label:
        found.append(f"lab={line.label}")
    if digits:
        found.append(f"dig={level(digits / len(text), (0.05, 0.15, 0.3, 0.6))}")
    if len(text) < _SHORT + 10:
        if line.name:
            found.append("outletname" if is_outlet(line.name) else "name")
        found += [name for name, holds in (("isoutlet", is_outlet), ("isperson", is_person)) if holds(text)]
    told = {
        "caps": letters > 3 and sum(map(str.isupper, text)) / letters > 0.8,
        "day": line.day is not None,
        "mday": line.month_day is not None,
        "year": _YEAR.search(text) is not None,
        "time": _TIME.search(text) is not None,
        "page": _PAGE.search(text) is not None,
        "mail": "@" in text,
        "link": is_link(line),
        "haslink": ("http" in text or "www." in text) and not is_link(line),
        "author": line.author is not None,
        "number": line.number is not None,
        "dateline": line.dateline is not None,
    }
    found += [name for name, holds in told.items() if holds]
    found += [f"has{mark}" for mark in _MARKS if mark in text]
    if match := _FIRST.match(text):
        found.append(f"w0={match[1].casefold()[:8]}")
    if len(words) > 1:
        found.append("wl=" + re.sub(r"\W", "", words[-1]).casefold()[:8])
    if len(text) < 60 and len(words) <= 6:
        found += [f"w={word[:10]}" for word in _WORD.findall(text.casefold())[:6]]
    return found


def _sort(char: str) -> str:
    if char.isupper():
        return "A"
    if char.islower():
        return "a"
    return "0" if char.isdigit() else "l" if char.isalpha() else char


class _File:
    """What the lines of one file have in common, and where each stands among them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        forms = [form_of(line.text) for line in lines]
        self.short = [len(line.text) <= _SHORT for line in lines]
        self.forms = [form[0] if form else None for form in forms]
        self.looks = [form[1] if form else None for form in forms]
        self.firsts = [
            match[1].casefold() if (match := _FIRST.match(line.text)) else line.text[0] for line in lines
        ]
        self.contexts = [self._context(index) for index in range(len(lines))]
        kinds = [(line.kind, line.label) for line in lines]
        self.times: dict[str, Counter[Any]] = {
            "look": Counter(self.looks),
            "form": Counter(self.forms),
            "same": Counter(line.text.casefold() for line in lines),
            "w0": Counter(word for word, short in zip(self.firsts, self.short, strict=True) if short),
            "kind": Counter(kinds),
            "ctx": Counter(self.contexts),
            "sep": Counter(line.text[:3] for line in lines if line.kind is Kind.SEPARATOR),
        }
        self.spaces: Counter[int] = Counter(min(line.blank_before, 6) for line in lines[1:])
        self.widest = max(self.spaces, default=0)
        between_text = Counter(
            min(line.blank_before, 6)
            for (above, line), short in zip(pairwise(lines), pairwise(self.short), strict=True)
            if not any(short)
        )
        self.usual = between_text.most_common(1)[0][0] if between_text else 1
        self.stems = [{word[:6].casefold() for word in _STEM.findall(line.text[:_READ])} for line in lines]
        self.scripts = [script_of(line.text) for line in lines]
        self.announced = announces_digest([line.text for line in lines[:8]])
        self.gaps = self._gaps()
        written = [
            len(line.text) if not short or line.kind is Kind.PROSE else 0
            for line, short in zip(lines, self.short, strict=True)
        ]
        self.written = list(accumulate(written, initial=0))
        self.runs = sum(
            not short and (index == 0 or self.short[index - 1]) for index, short in enumerate(self.short)
        )
        short_firsts = [word if short else None for word, short in zip(self.firsts, self.short, strict=True)]
        short_kinds = [
            (*kind, min(line.blank_before, 2)) if short else None
            for kind, line, short in zip(kinds, lines, self.short, strict=True)
        ]
        self.returning = {
            "l": self._returning(self.looks),
            "f": self._returning(self.forms),
            "w": self._returning(short_firsts),
            "x": self._returning(self.contexts),
            "k": self._returning(short_kinds),
        }

    def _context(self, index: int) -> tuple[Hashable, ...]:
        line = self.lines[index]
        above = self.lines[index - 1].kind if index else None
        below = self.lines[index + 1] if index + 1 < len(self.lines) else None
        return (
            above,
            min(line.blank_before, 3),
            line.kind,
            below and below.kind,
            min(below.blank_before, 3) if below else 0,
        )

    def _gaps(self) -> list[tuple[int, int, bool] | None]:
        """For each short line: its place from the top and from the bottom of its run of short lines, and whether it is
        the first below the widest space in it."""
        found: list[tuple[int, int, bool] | None] = [None] * len(self.lines)
        begin = 0
        while begin < len(self.lines):
            end = begin
            while end < len(self.lines) and self.short[end]:
                end += 1
            spaces = [line.blank_before for line in self.lines[begin:end]]
            most = max(spaces, default=0)
            parted = begin + spaces.index(most) if most else None
            for index in range(begin, end):
                found[index] = (index - begin, end - 1 - index, index == parted)
            begin = end + 1
        return found

    def _returning(self, keys: Sequence[Hashable]) -> list[tuple[float, float] | None]:
        """For each line: how often text stands between it and the next that looks alike, and how many those are for
        each stretch of text; None where it is alone."""
        places: dict[Hashable, list[int]] = defaultdict(list)
        for index, key in enumerate(keys):
            if key is not None:
                places[key].append(index)
        told = {
            key: (
                sum(self.written[low] - self.written[up] > _BETWEEN for up, low in pairwise(found))
                / (len(found) - 1),
                len(found) / max(1, self.runs),
            )
            for key, found in places.items()
            if len(found) > 1
        }
        return [told.get(key) for key in keys]

    def seen(self, index: int) -> list[str]:
        """What the file says of a line."""
        line, count = self.lines[index], len(self.lines)
        below = self.lines[index + 1] if index + 1 < count else None
        space, space_below = line.blank_before, below.blank_before if below else 9
        found = [
            f"bb={min(space, 4)}",
            f"nb={min(space_below, 4)}",
            f"bb={min(space, 2)}nb={min(space_below, 2)}k={line.kind.value}",
            f"ctx#{level(self.times['ctx'][self.contexts[index]], (2, 3, 5, 9))}",
        ]
        told = {
            "wide": space > self.usual,
            "widebelow": self.usual < space_below < 9,
            "BOS": index == 0,
            "top": index < 4,
            "EOS": index == count - 1,
            "bottom": count - index < 4,
            "ann": self.announced,
            "anntop": self.announced and index < 10,
        }
        found += [name for name, holds in told.items() if holds]
        if self.widest > self.usual and min(space, 6) == self.widest:
            found += ["widest", f"widest#{level(self.spaces[self.widest], (2, 3, 5, 9, 20))}"]
        if (gap := self.gaps[index]) is not None:
            top, bottom, parted = gap
            found += [f"ga={min(top, 5)}", f"gb={min(bottom, 5)}"]
            found += [f"gn={level(top + bottom + 1, (2, 3, 4, 6, 9, 14))}", *(["gwid"] if parted else [])]
        for name, returning in self.returning.items():
            if (pair := returning[index]) is not None:
                found.append(f"per{name}={level(pair[0], (0.3, 0.6, 0.85, 0.99))}")
                found.append(f"pc{name}={level(pair[1], (0.2, 0.5, 0.9, 1.2))}")
        if self.short[index]:
            found += self._times(index)
        if len(line.text) <= _TOLD and self.stems[index]:
            found += self._shared(index)
        if index:
            above = self.lines[index - 1]
            if self.scripts[index] != self.scripts[index - 1]:
                found.append("script")
            if above.kind is Kind.SEPARATOR:
                found.append(f"belowsep#{level(self.times['sep'][above.text[:3]], (2, 3, 5, 9))}")
            if below:
                found.append(
                    f"tri={above.kind.value}/{min(space, 2)}{line.kind.value}/"
                    f"{min(space_below, 2)}{below.kind.value}"
                )
        if line.kind is Kind.SEPARATOR:
            found.append(f"sep#{level(self.times['sep'][line.text[:3]], (2, 3, 5, 9))}")
        return found

    def _times(self, index: int) -> list[str]:
        """How often the file has lines like a short one."""
        line, times = self.lines[index], self.times
        return [
            f"look#{level(times['look'][self.looks[index]], (2, 3, 5, 9, 20))}",
            f"form#{level(times['form'][self.forms[index]], (2, 3, 5, 9))}",
            f"w0#{level(times['w0'][self.firsts[index]], (2, 3, 5, 9, 20))}",
            f"kind#{level(times['kind'][line.kind, line.label], (2, 3, 5, 9, 20))}",
            f"same#{level(times['same'][line.text.casefold()], (2, 3, 5))}",
        ]

    def _shared(self, index: int) -> list[str]:
        """Which share of a line's words stands in the text below and above, and how alike the two are."""
        own = self.stems[index]
        after, before = self._text(index, 1), self._text(index, -1)
        below, above = len(own & after) / len(own), len(own & before) / len(own)
        alike = len(after & before) / max(1, min(len(after), len(before)))
        return [
            f"coa={level(below, (0.01, 0.2, 0.4, 0.7))}",
            f"cob={level(above, (0.01, 0.2, 0.4, 0.7))}",
            f"co={level(below - above, (-0.3, -0.05, 0.05, 0.3, 0.6))}",
            f"shift={level(alike, (0.03, 0.06, 0.1, 0.15, 0.25))}",
        ]

    def _text(self, index: int, step: int) -> set[str]:
        """The words of the text that follows a line, or stands above it."""
        found: set[str] = set()
        read, place = 0, index + step
        while 0 <= place < len(self.lines) and read < _NEAR:
            if len(self.lines[place].text) > 60:
                found |= self.stems[place]
                read += len(self.lines[place].text)
            place += step
        return found


def echoes(
    lines: Sequence[Line], seen: Sequence[Sequence[str]], guesses: npt.NDArray[np.float32]
) -> list[list[str]]:
    """What is seen at each line, with what a first reading thinks of it and of the lines of the file that look like it.

    `guesses` (lines x `GUESSES`) are how likely each line is what they name.
    """
    keys = [_alike(lines, index) for index in range(len(lines))]
    sums: dict[Hashable, npt.NDArray[np.float32]] = defaultdict(lambda: np.zeros(len(GUESSES), np.float32))
    times: Counter[Hashable] = Counter()
    for told, guess in zip(keys, guesses, strict=True):
        for key in told:
            sums[key] += guess
            times[key] += 1
    begun = float(guesses[:, 0].sum()) if len(guesses) else 0.0
    found = []
    for items, told, guess in zip(seen, keys, guesses, strict=True):
        whole = [
            *items,
            f"p={level(guess[0], (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98))}",
            f"q={level(guess[0], (0.1, 0.5, 0.9))}",
        ]
        for key in told:
            name, others = key[0], times[key] - 1
            if not others:
                whole.append(f"2{name}=alone")
                continue
            mean = (sums[key] - guess) / others
            whole += [
                f"2{name}{what}={level(share, (0.05, 0.2, 0.4, 0.6, 0.8, 0.95))}"
                for what, share in zip(GUESSES, mean.tolist(), strict=True)
            ]
            whole.append(
                f"2{name}S={level(mean[0], (0.05, 0.2, 0.4, 0.6, 0.8, 0.95))}#{level(others, (2, 4, 8))}"
            )
            share = float(sums[key][0] - guess[0]) / max(0.5, begun - float(guess[0]))
            whole.append(f"2{name}V={level(share, (0.1, 0.3, 0.6, 0.85))}")
        found.append(whole)
    return found


def _alike(lines: Sequence[Line], index: int) -> list[tuple[Hashable, ...]]:
    """In which ways lines of a file can look like this one."""
    line = lines[index]
    above = lines[index - 1].kind if index else None
    below = lines[index + 1] if index + 1 < len(lines) else None
    space, space_below = min(line.blank_before, 3), min(below.blank_before, 3) if below else 9
    kind = below.kind if below else None
    form = form_of(line.text)
    found: list[tuple[Hashable, ...]] = [
        ("b", line.kind, line.label, space, above, kind, space_below),
        ("d", line.kind, space, space_below),
        ("e", above, space, line.kind, kind),
    ]
    if form:
        found.append(("a", form[1]))
    if form and (match := _FIRST.match(line.text)):
        found.append(("c", match[1].casefold()))
    return found
