"""The people and bodies that an article names: their fullest names, what they are called, and whom a pronoun means."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.quotations.wording import (
    CALENDAR,
    FEMALE,
    MALE,
    MEN_IN_A,
    NO_NAME,
    OFFICES,
    PLACE_OR_BODY,
    TITLES,
    VERB,
)

_CAPITAL = r"[A-ZÀ-ÞĀ-ŽА-ЯЁ]"
_SHORT = rf"(?:{_CAPITAL}|Mr|Mrs|Ms|Dr|Prof|St|Sen|Gov|Rep|Gen|Col|Lt|Capt|Sgt|Rev|Maj|Mme|Jr|Hon)\.(?= +{_CAPITAL})"
_WORD = rf"(?:{_SHORT}|{_CAPITAL}[\w’'-]*|(?:al|el|an|ar|as|ash|d|l)[-’']{_CAPITAL}[\w’'-]*)"
_JOINT = r"(?:de la|de los|de|da|dos|du|di|del|della|van der|van den|van|von|der|den|la|le|el|al|bin|ibn|ben|ter|y)"
NAME = re.compile(rf"(?<![\w’'-]){_WORD}(?:(?<!['’]s) +(?:{_JOINT} +)?{_WORD})*")
_OF_BODY = re.compile(rf"\s+(?:of|for|des|du|de la)\s+(?:the\s+)?{_WORD}(?:\s+{_WORD})*")
_PATRONYMIC = re.compile(r"(?:вич|вна|вичем|вичу|вной|вны)$")
_APPOSED = re.compile(
    r",\s+(?:(?P<age>\d{1,2})\s*[,.]|(?P<who>who|qui|котор\w+)(?!\w)|(?P<role>[^,.;:!?\n\ue000]{3,80})(?=[,.;\n]|$))"
)
_ROLE_BEFORE = re.compile(r"(?<!\S)((?:[a-zà-ÿа-яё][\w’'-]*\s+){1,5})$")
_APPOSITION_BEFORE = re.compile(
    r"(?:^|[.;,:\n\ue000]\s*|\s)((?:[Tt]he|[Ll]a|[Ll]e|[Tt]heir|[Ii]ts|[Hh]er|[Hh]is|[^\W\d_]+['’]s)\s[^,.;:!?\n\ue000]{2,60}),\s*$"
)
_AT_PLACE = re.compile(
    r"(?:^|\s)(?:in|at|near|to|off|across|outside|à|en|в|на|из)\s+(?:the\s+)?$", re.IGNORECASE
)
_ARTICLE = re.compile(r"(?:^|\s)(?:the|la|le|les)\s+$", re.IGNORECASE)
_LINE = re.compile(r"[^\n]+")
_MOSTLY = 0.6
_LOWER = re.compile(r"[a-zà-ÿа-яё][\w’'-]*")
_COMPLEMENT = re.compile(r"\s(?:of|for|at|from|in|with|on|de|du|des|à|pour|chez)\s")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text: its words without titles, where it stands, what is told about it there.

    `owns`: it is a possessive ("Ostrand's mayor"). `sign`: 1 where it must be a person's, -1 where it must be
    something else's, 0 where neither is told.
    """

    words: tuple[str, ...]
    start: int
    end: int
    gender: str
    sign: int
    roles: frozenset[str]
    owns: bool


def bare_words(name: str) -> tuple[str, ...]:
    """The words of a name without titles, opening words and possessive endings.

    >>> bare_words("Prime Minister Ana Lim's"), bare_words("The President")
    (('Ana', 'Lim'), ())
    """
    words = [re.sub(r"['’]s?$", "", word) for word in name.split()]
    held = [index for index, word in enumerate(words[:-1]) if word.lower() in OFFICES]
    words = words[held[-1] + 1 :] if held else words
    while words and (words[0].lower().rstrip(".") in TITLES | NO_NAME | CALENDAR):
        words.pop(0)
    while words and words[-1].lower() in CALENDAR:
        words.pop()
    if len(words) > 2 and _CYRILLIC.match(words[0]) and not _PATRONYMIC.search(words[1]):
        words = words[-2:]  # "президент России Олег Дроздов"
    return () if all(word.lower() in PLACE_OR_BODY for word in words) else tuple(words)


class People:
    """The names of one text, in order. `masked` is the text with its quotations blanked."""

    def __init__(self, masked: str) -> None:
        prose = _LINE.sub(
            lambda line: " " * len(line.group()) if _is_headline(line.group()) else line.group(), masked
        )
        self.mentions: list[Mention] = []
        for match in NAME.finditer(prose):
            for start, end in _parts(prose, *match.span()):
                mention = _mention(prose, start, end)
                if mention is not None:
                    self.mentions.append(mention)
        runs = Counter(item.words for item in self.mentions if len(item.words) > 1)
        # "Prime Minister of Ostrand Ana Lim": what stands before a name that is known without it is no part of it
        self._full: dict[str, str] = {}
        self._long = [
            words
            for words, count in runs.items()
            if not any(runs[words[cut:]] > count for cut in range(1, len(words) - 1))
        ]
        self._starts = [item.start for item in self.mentions]
        signs: dict[str, list[int]] = {}
        for item in self.mentions:
            signs.setdefault(self.full(" ".join(item.words)), []).append(item.sign)
        self._persons = {name for name, told in signs.items() if _is_person(name, told)}
        self._roles: dict[str, frozenset[str]] = {}
        self._genders: dict[str, str] = {}
        for item in self.mentions:
            name = self.full(" ".join(item.words))
            if name in self._persons:
                self._roles[name] = self._roles.get(name, frozenset()) | item.roles
                if item.gender:
                    self._genders.setdefault(name, item.gender)

    def full(self, name: str) -> str:
        """The fullest form in which the text names `name`; the name itself where that is not clear."""
        if name not in self._full:
            self._full[name] = self._fullest(name)
        return self._full[name]

    def _fullest(self, name: str) -> str:
        words = tuple(name.split())
        if words not in self._long:
            words = next(
                (words[cut:] for cut in range(1, len(words) - 1) if words[cut:] in self._long), words
            )
        name = " ".join(words)
        if len(words) == 1:
            for place in (-1, 0):
                longer = [item for item in self._long if _same_word(item[place], words[0])]
                if longer:
                    return " ".join(_clearest(longer)) if _one_bearer(longer) else name
            return name
        longer = [
            item
            for item in self._long
            if (len(item) > len(words) and item[0] == words[0] and item[-1] == words[-1])
            or (item != words and _inflected(item, words))
        ]
        if _CYRILLIC.match(name) and longer:
            return " ".join(_clearest([words, *longer]))
        return " ".join(_clearest(longer)) if longer and _one_bearer(longer) else name

    def called(self, description: str) -> str | None:
        """The one person whom the text gives the office in `description` ("the mayor"), by full name."""
        match = re.match(r"(?:the|la|le|l['’])\s*(.+)", description, re.IGNORECASE)
        office = match.group(1) if match else description if _CYRILLIC.match(description) else ""
        core = _COMPLEMENT.split(f"{office} ")[0].lower().split()
        if not core or core[-1] in PLACE_OR_BODY:
            return None
        fitting = [name for name, roles in self._roles.items() if set(core) <= roles]
        return fitting[0] if len(fitting) == 1 else None

    def gender(self, name: str, *, likely: bool = True) -> str:
        """ "f", "m", or empty where nothing tells; `likely`: the endings of names tell too."""
        if name in self._genders or not likely:
            return self._genders.get(name, "")
        words = name.lower().split()
        first, last = words[0], words[-1]
        if re.search(r"(?:[oe]v|in|sk)a(?:ya)?$|(?:[оеё]в|ин)(?:а|ой)$|ская$", last):
            return "f"
        if re.search(r"(?:[оеё]в|ин|ский|[oe]v|sky)$", last):
            return "m"
        return "f" if " " in name and first not in MEN_IN_A and re.search(r"(?:[aа]|ия|ья)$", first) else ""

    def before(self, place: int, since: int) -> list[Mention]:
        """The mentions of people between two places, in order."""
        first, last = (bisect_left(self._starts, bound) for bound in (since, place))
        near = (item for item in self.mentions[first:last] if item.end <= place and not item.owns)
        return [item for item in near if self.full(" ".join(item.words)) in self._persons]


def _parts(masked: str, start: int, end: int) -> list[tuple[int, int]]:
    """A run of capitals, cut where a calendar word or an opening word parts it ("On Monday Petrov")."""
    found: list[tuple[int, int]] = []
    begin = start
    for match in re.finditer(r"\S+", masked[start:end]):
        if match.group().lower().rstrip(".") in CALENDAR:
            if begin < start + match.start():
                found.append((begin, start + match.start()))
            begin = start + match.end()
    if begin < end:
        found.append((begin, end))
    return [(a + len(masked[a:b]) - len(masked[a:b].lstrip()), b) for a, b in found if masked[a:b].strip()]


def _mention(masked: str, start: int, end: int) -> Mention | None:
    written = masked[start:end]
    words = bare_words(written)
    if not words or (len(words) == 1 and len(words[0]) < 2):
        return None
    at = start + max(0, written.rfind(words[0]) if len(words) == 1 else written.find(words[0]))
    titles = {word.lower().rstrip(".") for word in masked[start:at].split()}
    lead = masked[max(0, start - 80) : start]
    roles = {word for word in titles if word not in NO_NAME}
    before = _ROLE_BEFORE.search(lead)
    lower = (
        {word.lower() for word in before.group(1).split()}
        if before and not VERB.search(before.group())
        else set()
    )
    opening = re.search(rf"({_CAPITAL}[\w’'-]*\s)(?=(?:[a-zа-яё][\w’'-]*\s+){{1,4}}$)", lead)
    if opening and before and opening.end() == before.start():
        lower.add(opening.group(1).strip().lower())
    is_body = bool({word.lower() for word in words} & PLACE_OR_BODY)
    apposed = _APPOSED.match(masked, end)
    if apposed and apposed["role"] and not VERB.search(apposed["role"]):
        roles |= {word.lower() for word in _LOWER.findall(apposed["role"])}
        roles |= {word.lower() for word in re.findall(r"\w+", apposed["role"])} & TITLES
    led = _APPOSITION_BEFORE.search(lead)
    if led and (len(words) < 2 or VERB.search(led.group(1))):
        led = None
    if led:
        roles |= {word.lower() for word in re.findall(r"[\w’'-]+", led.group(1))}
    tells = titles | lower | roles
    gender = "f" if tells & FEMALE else "m" if tells & MALE else ""
    told = bool(apposed and (apposed["age"] or apposed["who"])) or bool(titles - NO_NAME) or bool(led)
    thing = is_body or bool(_AT_PLACE.search(lead)) or (bool(_ARTICLE.search(lead)) and not titles)
    sign = -1 if is_body else 1 if told else -1 if thing else 0
    return Mention(
        words, at, end, gender, sign, frozenset(roles | lower), written.endswith(("'s", "’s", "s'", "s’"))
    )


def _is_person(name: str, signs: Sequence[int]) -> bool:
    if signs.count(1) > signs.count(-1):
        return True
    return 1 < len(name.split()) < 5 and -1 not in signs


def _is_headline(line: str) -> bool:
    """Whether a line is a heading or a byline: no mark at its end, most words with a capital."""
    words = [word for word in line.split() if len(word) > 3 or word[0].isupper()]
    if not words or line.rstrip()[-1:] in tuple(".!?…:;,\ue000"):
        return False
    return sum(not word[0].islower() for word in words) >= _MOSTLY * len(words)


def _same_word(one: str, other: str) -> bool:
    return one == other or (bool(_CYRILLIC.match(one)) and _stem(one) == _stem(other))


def _inflected(one: Sequence[str], other: Sequence[str]) -> bool:
    return (
        len(one) == len(other)
        and bool(_CYRILLIC.match(one[0]))
        and all(_stem(a) == _stem(b) for a, b in zip(one, other, strict=True))
    )


def _stem(word: str) -> str:
    """A Russian name without its case ending: "Ивана Громова" and "Иван Громов" are one."""
    bare = re.sub(r"(?:ого|ому|ой|ым|ом|ем|ью|ии|ий|ая|ую|а|у|ы|и|е|я|ю|й|ь)$", "", word.lower())
    return bare if len(bare) > 2 else word.lower()


def _clearest(forms: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest form; of inflected ones the shortest, which is the nominative of a man's name."""
    if _CYRILLIC.match(forms[0][0]):
        return min(forms, key=lambda item: (-len(item), len(" ".join(item))))
    return max(forms, key=len)


def _one_bearer(forms: Sequence[tuple[str, ...]]) -> bool:
    return all(
        one[0] == other[0] or _inflected(one, other) or set(one) <= set(other) or set(other) <= set(one)
        for one in forms
        for other in forms
    )


def same_speaker(one: str, other: str) -> bool:
    """Whether two names may be those of one speaker: the words of one are all in the other, titles aside.

    >>> same_speaker("Minister Ana Lim", "Lim"), same_speaker("Ana Lim", "Ivo Lim"), same_speaker("Lima", "Lim")
    (True, False, False)
    """
    first, second = (
        [re.sub(r"['’]s?$", "", word).lower().replace("’", "'") for word in bare_words(name) or name.split()]
        for name in (one, other)
    )
    few, many = sorted(
        ([word for word in words if word not in NO_NAME] for words in (first, second)), key=len
    )
    return bool(few) and all(any(_same_word(word, known) for known in many) for word in few)
