"""What is seen at each word of a digest that can name an article, for the model that tells which do (`mentions.py`).

The word and its neighbours, the part of the line it belongs to ("Harbour Post | 3 May | By Ana Lim") and of the article
(`parts`), in how many articles it stands, and what the rules took it for. A second reading (`compared`) adds what the
first found in the same place of the other articles.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.articles.chain import Chain
from rag.articles.dates import find_date, find_month_day
from rag.articles.kinds import Kind, Line
from rag.articles.looks import level
from rag.articles.metadata import Head
from rag.articles.names import is_name, is_outlet, is_person

FIELDS = "TOAD"
"""Title, outlet, author, date: the first word of one is labelled "B" and its letter, the others "I"."""
_TOKEN = re.compile(r"\w+(?:['’ʼ-]\w+)*|[^\w\s]")
_LONG = re.compile(r"\w{4,}")
_PARTING = set('|•·,،;()[]–—/«»"“”:')
_EDGE = 14
"""Words of the first and of the last line of a body that are read: datelines, signatures."""
_MAX_WORDS = 60
_MAX_DATED = 400
_SHORT, _BRIEF = 100, 60


def tokens(text: str) -> list[str]:
    """The words and signs of a text."""
    return [match[0] for match in _TOKEN.finditer(text)]


class Word(NamedTuple):
    """A word or sign of line `line`: where in its text, what it says, and the how manieth it is."""

    line: int
    start: int
    end: int
    text: str
    place: int


def words_of(lines: Sequence[Line], tags: Sequence[str]) -> list[Word]:
    """The words that can name an article: those of lines that are no body text, and the edges of bodies."""
    found: list[Word] = []
    for index, (line, tag) in enumerate(zip(lines, tags, strict=True)):
        if line.kind is Kind.SEPARATOR:
            continue
        told = [
            Word(index, match.start(), match.end(), match[0], place)
            for place, match in enumerate(_TOKEN.finditer(line.text))
        ]
        if not tag.endswith("B"):
            found += told[:_MAX_WORDS]
            continue
        first = tag != "B" or index == 0 or tags[index - 1] != "B"
        last = index + 1 == len(lines) or tags[index + 1] != "B"
        if not (first or last):
            near = (index > 1 and tags[index - 2] != "B") or (
                index + 2 < len(lines) and tags[index + 2] != "B"
            )
            found += told if len(line.text) < _BRIEF and near else []
        elif len(line.text) < _SHORT or (first and last and len(told) <= 2 * _EDGE):
            found += told
        else:
            found += (told[:_EDGE] if first else []) + (told[-_EDGE:] if last else [])
    return found


class Place(NamedTuple):
    """Where a line stands: in which article (below 0 in none), how many lines from its first and from its last."""

    number: int
    top: int
    bottom: int


def places_of(tags: Sequence[str]) -> list[Place]:
    """Where each line stands, by its tag."""
    numbers, tops = [], []
    number, top = -1, 0
    for index, tag in enumerate(tags):
        if tag.startswith("S"):
            number, top = number + 1, 0
        numbers.append(number if tag != "X" else -1 - index)
        tops.append(top)
        top += 1
    bottoms = [0] * len(tags)
    bottom = 0
    for index in range(len(tags) - 1, -1, -1):
        ends = index + 1 == len(tags) or tags[index + 1].startswith("S") or tags[index + 1] == "X"
        bottom = 0 if ends else bottom + 1
        bottoms[index] = bottom
    return [Place(*told) for told in zip(numbers, tops, bottoms, strict=True)]


def _pieces(line: Line, words: Sequence[Word]) -> list[int | None]:
    """Which part of its line each word belongs to, None for what parts them ("Harbour Post | 3 May | By Ana Lim")."""
    found: list[int | None] = []
    piece = 0
    for place, word in enumerate(words):
        between = line.text[words[place - 1].end : word.start] if place else ""
        if re.search(r"\s{3,}|\t", between):
            piece += 1
        dash = word.text == "-" and line.text[word.start - 1 : word.start] in (" ", "")
        parts = word.text in _PARTING or dash
        found.append(None if parts else piece)
        piece += parts
    return found


def _members(pieces: Sequence[int | None]) -> dict[int, list[int]]:
    """The words of each part of a line, by their places."""
    found: dict[int, list[int]] = defaultdict(list)
    for place, piece in enumerate(pieces):
        if piece is not None:
            found[piece].append(place)
    return found


def _told(lines: Sequence[Line], where: Sequence[Place], words: Sequence[Word]) -> Counter[str]:
    """In how many articles each part of a line stands."""
    seen = {
        (lines[index].text[own[places[0]].start : own[places[-1]].end].casefold(), where[index].number)
        for index, own in _by_line(words).items()
        for places in _members(_pieces(lines[index], own)).values()
    }
    return Counter(text for text, _ in seen)


def sights_of(
    lines: Sequence[Line], tags: Sequence[str], words: Sequence[Word], ruled: Mapping[int, Head] | None
) -> list[list[str]]:
    """What is seen at each word. `ruled` are the heads that the rules read, for each line of an article; None where
    they shall not be asked."""
    where = places_of(tags)
    bodies: dict[int, set[str]] = defaultdict(set)
    for line, tag, at in zip(lines, tags, where, strict=True):
        if tag.endswith("B") and len(line.text) > _BRIEF:
            bodies[at.number].update(match[0].casefold() for match in re.finditer(r"\w+", line.text))
    articles = Counter(
        word for word, _ in {(word.text.casefold(), where[word.line].number) for word in words}
    )
    known = _told(lines, where, words)
    found: list[list[str]] = []
    for index, own in _by_line(words).items():
        shared = _of_line(lines, tags, where, index)
        body = bodies.get(where[index].number, set())
        marks = _ruled(lines[index], own, ruled.get(index)) if ruled is not None else [["norule"]] * len(own)
        pieces = _of_pieces(lines[index], own, body, known)
        for place, word in enumerate(own):
            low = word.text.casefold()
            items = [
                *_of_word(own, place),
                *shared,
                *pieces[place],
                *marks[place],
                f"ia={level(articles[low], (2, 3, 5, 9))}",
                "inb" if low in body else "notinb",
            ]
            found.append(items)
    return found


def _by_line(words: Sequence[Word]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        found[word.line].append(word)
    return found


def _of_word(own: Sequence[Word], place: int) -> list[str]:
    word = own[place]
    low = word.text.casefold()
    found = [f"w={low[:12]}", f"s={_shape(word.text)}", f"suf={low[-3:]}"]
    for step in (-2, -1, 1, 2):
        if 0 <= place + step < len(own):
            other = own[place + step].text
            found += [f"w{step}={other.casefold()[:12]}", f"s{step}={_shape(other)}"]
        else:
            found.append(f"w{step}=^")
    return [*found, f"x={min(place, 4)}", f"z={min(len(own) - 1 - place, 4)}"]


def _shape(text: str) -> str:
    if text.isdigit():
        return "0" * min(len(text), 4)
    if not text[0].isalpha():
        return text[:1]
    if text.isupper():
        return "AA" if len(text) > 1 else "A."
    if text.islower():
        return "aa"
    return "Aa" if text[0].isupper() else "l" if not text.isascii() else "m"


def _of_line(lines: Sequence[Line], tags: Sequence[str], where: Sequence[Place], index: int) -> list[str]:
    line, tag = lines[index], tags[index]
    found = [
        f"t={tag}",
        f"k={line.kind.value}",
        f"t={tag}/{line.kind.value}",
        f"h={min(where[index].top, 6)}",
        f"f={min(where[index].bottom, 4)}",
        f"ll={level(len(line.text), (20, 40, 70, 110, 160))}",
        f"bb={min(line.blank_before, 2)}",
    ]
    if line.label:
        found.append(f"lab={line.label}")
    if index:
        found.append(f"t-={tags[index - 1]}")
    if index + 1 < len(tags):
        found.append(f"t+={tags[index + 1]}")
    if line.text.isupper():
        found.append("LCAPS")
    if any(above.endswith("T") for above in tags[max(0, index - 6) : index]):
        found.append("belowT")
    return found


def _of_pieces(line: Line, own: Sequence[Word], body: set[str], known: Counter[str]) -> list[list[str]]:
    """What the part of the line says that each word belongs to, and whether it dates; `known` has in how many articles
    each part stands."""
    when = find_date(line.text) if len(line.text) < _MAX_DATED else None
    near = find_month_day(line.text) if when is None and len(line.text) < _MAX_DATED else None
    day = (when.start, when.end) if when else (near.start, near.end) if near else None
    pieces = _pieces(line, own)
    members = _members(pieces)
    told: dict[int, list[str]] = {}
    for rank, (piece, places) in enumerate(members.items()):
        text = line.text[own[places[0]].start : own[places[-1]].end]
        long = [match[0].casefold() for match in _LONG.finditer(text)]
        items = [
            f"Pinb={level(sum(word in body for word in long) / len(long) if long else 0, (0.01, 0.4, 0.8))}",
            f"Pw={level(len(text.split()), (2, 3, 4, 6, 9))}",
            f"Pr={min(rank, 4)}",
            f"Pl={min(len(members) - 1 - rank, 4)}",
            f"Pn={min(len(members), 6)}",
            f"P0w={own[places[0]].text.casefold()[:12]}",
            f"P1w={own[places[-1]].text.casefold()[:12]}",
            f"P1s={own[places[-1]].text.casefold()[-4:]}",
            f"Pia={level(known[text.casefold()], (2, 3, 5, 9))}",
        ]
        if len(text) < 70:
            asked = (("Pout", is_outlet), ("Pper", is_person), ("Pname", is_name))
            items += [name for name, holds in asked if holds(text)]
        if places[0]:
            items.append(f"Psep={own[places[0] - 1].text}")
        if places[0] > 1:
            items.append(f"Pbef={own[places[0] - 2].text.casefold()[:12]}")
        told[piece] = items
    found: list[list[str]] = []
    for place, word in enumerate(own):
        items = []
        if day and day[0] <= word.start and word.end <= day[1]:
            items = ["date" if when else "mday", "dateB" if word.start == day[0] else "dateI"]
        if (part := pieces[place]) is None:
            items.append("sep")
        else:
            places = members[part]
            items += [*told[part], "P0" if place == places[0] else "P-1" if place == places[-1] else "Pi"]
        found.append(items)
    return found


def _ruled(line: Line, own: Sequence[Word], head: Head | None) -> list[list[str]]:
    """What the rules took each word of a line for."""
    if head is None:
        return [[] for _ in own]
    stated = [
        f"r{name}{'yes' if value else 'no'}"
        for name, value in (("O", head.outlet), ("A", head.author), ("D", head.published))
    ]
    found = [list(stated) for _ in own]
    words = [word.text.casefold() for word in own]
    for name, value in (("T", head.title), ("O", head.outlet), ("A", head.author)):
        wanted = [token.casefold() for token in tokens(value or "")]
        starts = range(len(words) - len(wanted) + 1) if wanted else ()
        begin = next((place for place in starts if words[place : place + len(wanted)] == wanted), None)
        if begin is not None:
            for step in range(len(wanted)):
                found[begin + step] += [f"r{name}", f"r{name}{'I' if step else 'B'}"]
    when = find_date(line.text) if head.published and len(line.text) < _MAX_DATED else None
    if when and when.day == head.published:
        for place, word in enumerate(own):
            if when.start <= word.start and word.end <= when.end:
                found[place].append("rD")
    return found


def compared(
    lines: Sequence[Line],
    tags: Sequence[str],
    words: Sequence[Word],
    sights: Sequence[Sequence[str]],
    guesses: npt.NDArray[np.float32],
) -> list[list[str]]:
    """What is seen at each word, with what a first reading found there and in the same place of the other articles.

    `guesses` (words x `FIELDS`) are how likely each word is of each field.
    """
    where = places_of(tags)
    keys = _alike(lines, tags, where, words)
    everywhere: dict[Hashable, npt.NDArray[np.float32]] = defaultdict(lambda: np.zeros(5, np.float32))
    here: dict[Hashable, npt.NDArray[np.float32]] = defaultdict(lambda: np.zeros(5, np.float32))
    for word, told, guess in zip(words, keys, guesses, strict=True):
        counted = np.append(guess, np.float32(1.0))
        for key in told:
            everywhere[key] += counted
            here[key, where[word.line].number] += counted
    found = []
    for word, told, guess, items in zip(words, keys, guesses, sights, strict=True):
        whole = [*items]
        whole += [
            f"p{name}={level(share, (0.05, 0.3, 0.5, 0.7, 0.95))}"
            for name, share in zip(FIELDS, guess.tolist(), strict=True)
        ]
        for key in told:
            others = everywhere[key] - here[key, where[word.line].number]
            if others[4] < 0.5:
                whole.append(f"2{key[0]}=alone")
                continue
            whole += [
                f"2{key[0]}{name}={level(share, (0.05, 0.2, 0.4, 0.6, 0.85))}"
                for name, share in zip(FIELDS, (others[:4] / others[4]).tolist(), strict=True)
            ]
        found.append(whole)
    return found


def _alike(
    lines: Sequence[Line], tags: Sequence[str], where: Sequence[Place], words: Sequence[Word]
) -> list[list[tuple[Hashable, ...]]]:
    """The places of each word that other articles have too: from the top, from the bottom, of its line, behind its
    label; and the word itself."""
    found: list[list[tuple[Hashable, ...]]] = []
    for index, own in _by_line(words).items():
        line, place = lines[index], where[index]
        part = tags[index][-1]
        pieces = _pieces(line, own)
        last = max((piece for piece in pieces if piece is not None), default=0)
        label = own[0].text.casefold() if any(word.text == ":" for word in own[:3]) else None
        piece = 0
        for word, told in zip(own, pieces, strict=True):
            piece = piece if told is None else told
            keys: list[tuple[Hashable, ...]] = [
                ("h", part, place.top, piece, told is None),
                ("t", part, line.kind, piece, last, told is None),
                ("w", word.text.casefold()),
                ("k", part, line.label, label, piece),
            ]
            if place.bottom < 4:
                keys.append(("f", part, place.bottom, last - piece, told is None))
            found.append(keys)
    return found


def guesses_of(read: Chain, shares: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a first reading says of each word, as `compared` wants it: words x `FIELDS`."""
    columns = [[place for place, label in enumerate(read.labels) if label[1:] == name] for name in FIELDS]
    return np.stack([shares[:, places].sum(axis=1) for places in columns], axis=1).astype(np.float32)
