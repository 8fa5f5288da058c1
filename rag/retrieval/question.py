"""What a question asks for, read from its words: values, names and figures, its time and its sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rag.errors import InputError
from rag.retrieval.asks import (
    ValueType,
    asks_quote,
    asks_recent,
    asks_several,
    asks_summary,
    asks_yes_no,
    speaker_of,
    value_asked,
)
from rag.retrieval.parts import things_asked
from rag.retrieval.press import Named, named_authors, named_outlets
from rag.retrieval.when import Period, period_of

MAX_CHARACTERS = 4_000

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_HOLDS: dict[ValueType, re.Pattern[str]] = {
    "number": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|"
        r"half|third|quarter|twice|million|billion|nobody|no one|none|neither|zero)\b",
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
_NOT_NAMES = frozenset(
    """who whom whose what when where which why how is are was were do does did has have had can could will would
    should may might the a an in on at for from to of by with and or if as after before during according i tell
    give show list name describe explain summarise summarize please compare between""".split()
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what can be read from its words; what is not clear from them is None, empty or False.

    `period`: the days it asks about. `outlets`, `authors`: the known ones it names, each with whether it asks
    for what they say. `is_yes_no`; `wants_recent`: the latest state rather than a past one; `wants_several`:
    statements side by side, as views that differ or the course of something; `wants_quote`: somebody's own
    words, of `speaker` where it gives a name; `things`: of how many it asks at once;
    `summary`: whether it wants the gist of an article, or of several.
    """

    text: str
    asks: ValueType
    names: tuple[str, ...]
    figures: tuple[str, ...]
    period: Period | None = None
    outlets: tuple[Named, ...] = ()
    authors: tuple[Named, ...] = ()
    is_yes_no: bool = False
    wants_recent: bool = False
    wants_several: bool = False
    wants_quote: bool = False
    speaker: str | None = None
    things: int = 1
    summary: Literal["article", "articles"] | None = None

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        outlets: Sequence[str] = (),
        authors: Sequence[str] = (),
        today: date | None = None,
    ) -> Question:
        """Read `text`. `outlets` and `authors` are those the index knows.

        `today` is the day relative words count from: the as-of day or the newest article's; without it
        "last week" and dates without a year say nothing. Raises `InputError` when `text` is empty or too long.

        >>> question = Question.parse("When did Ostrava's council meet in 2023?")
        >>> question.asks, question.names, question.figures, question.period.last
        ('time', ('Ostrava',), ('2023',), datetime.date(2023, 12, 31))
        >>> Question.parse("What exactly did Ana Lim say, according to the Post?", outlets=["Ulm Post"]).outlets
        (Named(name='Ulm Post', explicit=True),)
        """
        text = " ".join(text.split())
        if not any(character.isalnum() for character in text):
            raise InputError("the question is empty; ask something about the articles")
        if len(text) > MAX_CHARACTERS:
            raise InputError(f"the question has {len(text)} characters; {MAX_CHARACTERS} are the most")
        # The first word is capitalised anyway: it counts as a name only if it is not a question word.
        names = [match.group().removesuffix("'s").removesuffix("’s") for match in _NAME.finditer(text)]
        names = [name for name in names if name.lower() not in _NOT_NAMES and len(name) > 1]
        sources = named_outlets(text, outlets), named_authors(text, authors)
        wants_quote = asks_quote(text)
        return cls(
            text=text,
            asks=value_asked(text),
            names=tuple(dict.fromkeys(names)),
            figures=tuple(dict.fromkeys(re.findall(r"\d+", text))),
            period=period_of(
                text, today=today, by_press=any(source.explicit for kind in sources for source in kind)
            ),
            outlets=sources[0],
            authors=sources[1],
            is_yes_no=asks_yes_no(text),
            wants_recent=asks_recent(text),
            wants_several=asks_several(text),
            wants_quote=wants_quote,
            speaker=speaker_of(text) if wants_quote else None,
            things=things_asked(text),
            summary=asks_summary(text),
        )

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
