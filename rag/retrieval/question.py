"""What a question asks for, read from its words: the kind of value, its names, its figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.errors import InputError
from rag.schema import History

ValueType = Literal["person", "time", "number", "place", "reason", "none"]

MAX_CHARACTERS = 4_000

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ASKS: tuple[tuple[ValueType, re.Pattern[str]], ...] = (
    ("number", re.compile(r"\bhow (?:many|much|long|old|far|big|large|high|deep|wide|fast)\b", re.I)),
    (
        "number",
        re.compile(r"\bwhat (?:percentage|share|proportion|number|price|amount|figure|size|cost)\b", re.I),
    ),
    (
        "time",
        re.compile(
            r"\b(?:when|what (?:date|day|year|month|time)|which (?:date|day|year|month)|how soon)\b", re.I
        ),
    ),
    ("person", re.compile(r"\b(?:who|whom|whose)\b", re.I)),
    (
        "place",
        re.compile(
            r"\b(?:where|which (?:city|country|town|region|place)|what (?:city|country|town))\b", re.I
        ),
    ),
    ("reason", re.compile(r"\b(?:why|how come|what (?:caused|led|prompted)|for what reason)\b", re.I)),
)
_HOLDS: dict[ValueType, re.Pattern[str]] = {
    "number": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|"
        r"half|third|quarter|twice|million|billion)\b",
        re.I,
    ),
    "time": re.compile(
        rf"\b(?:{_MONTH}\.? \d|\d{{1,2}} {_MONTH}|(?:19|20)\d\d|(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday|"
        r"today|tomorrow|last (?:week|month|year|night)|next (?:week|month|year)|\d{1,2}(?::\d\d)? ?[ap]\.?m)",
        re.I,
    ),
    "person": re.compile(r"(?<=\S )[A-ZÀ-ÞА-Я][\w'’-]+|\b(?:he|she|they)\b"),
    "place": re.compile(r"\b(?:in|at|near|from|to|of|on) (?:the )?[A-ZÀ-ÞА-Я]"),
    "reason": re.compile(
        r"\b(?:because|due to|owing to|after|over|in order|so that|caused?|blam\w+|reason|since|led to|to protest)\b",
        re.I,
    ),
}
_NAME = re.compile(r"[A-ZÀ-ÞА-Я][\w’'-]*(?:\.[A-Z])*")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what can be read from its words."""

    text: str
    asks: ValueType
    names: tuple[str, ...]
    figures: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Question:
        """Read `text`. Raises `InputError` when it is empty or too long.

        >>> Question.parse("When did Ostrava's council meet in 2023?")
        Question(text="When did Ostrava's council meet in 2023?", asks='time', names=('Ostrava',), figures=('2023',))
        """
        text = " ".join(text.split())
        if not any(character.isalnum() for character in text):
            raise InputError("the question is empty; ask something about the articles")
        if len(text) > MAX_CHARACTERS:
            raise InputError(f"the question has {len(text)} characters; {MAX_CHARACTERS} are the most")
        asks: ValueType = next((kind for kind, pattern in _ASKS if pattern.search(text)), "none")
        # The first word is capitalised anyway: it counts as a name only if it is not a question word.
        names = [match.group().removesuffix("'s").removesuffix("’s") for match in _NAME.finditer(text)]
        names = [name for name in names if name.lower() not in _NOT_NAMES and len(name) > 1]
        return cls(text, asks, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(re.findall(r"\d+", text))))

    @property
    def acronyms(self) -> tuple[str, ...]:
        """Names in capitals throughout."""
        return tuple(name for name in self.names if name.isupper())

    def answered_in_kind(self, sentence: str) -> bool:
        """Whether `sentence` holds a value of the kind asked for that the question does not give itself."""
        pattern = _HOLDS.get(self.asks)
        if pattern is None:
            return False
        known = self.text.lower()
        return any(match.group().lower().strip() not in known for match in pattern.finditer(sentence))


_NOT_NAMES = frozenset(
    """who whom whose what when where which why how is are was were do does did has have had can could will would
    should may might the a an in on at for from to of by with and or if as after before during according i tell
    give show list name describe explain summarise summarize please compare between""".split()
)

_REFERS_BACK = re.compile(
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|this|that|these|those|there|then|one|ones|same)\b|"
    r"^(?:and|but|so|also|what about|how about)\b|^\W*(?:\w+\W*){1,3}$",
    re.IGNORECASE,
)


def rewrite(text: str, history: History) -> str:
    """A follow-up question as one that stands alone: what it refers back to is put in front.

    >>> rewrite("And when was it signed?", (("Who drafted the Sorrel treaty?", "Ana Lim drafted it."),))
    'Who drafted the Sorrel treaty? And when was it signed?'
    >>> rewrite("Who leads the Harbour Trust?", (("Who drafted the Sorrel treaty?", "Ana Lim drafted it."),))
    'Who leads the Harbour Trust?'
    """
    if not history or not _REFERS_BACK.search(text.strip()):
        return text
    earlier = " ".join(history[-1][0].split())
    return f"{earlier[: MAX_CHARACTERS // 2]} {text.strip()}"
