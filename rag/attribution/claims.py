"""What a question wants measured, and the figures in the evidence that may answer it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.attribution import values, wording
from rag.attribution.extract import Ground
from rag.attribution.units import Quantity, quantities, singular
from rag.chunking import sentences
from rag.index.words import STOP_WORDS, Analyzer
from rag.schema import Article


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question wants measured: the kind of value, what is to be counted, its content words."""

    kind: str
    nouns: frozenset[str]
    person: bool
    fate: str
    terms: frozenset[str]
    text: str
    sides: bool
    names: tuple[str, ...]
    phrase: str

    @property
    def about(self) -> str:
        """What is measured, for people: the counted noun or the kind of value, and the question's names."""
        what = self.phrase or _FATED.get(self.fate) or _KINDS.get(self.kind, "figure")
        names: list[str] = []
        for name in dict.fromkeys(self.names):
            if names and re.search(
                rf"{re.escape(names[-1])}\s+{re.escape(name)}\b", self.text, re.IGNORECASE
            ):
                names[-1] += f" {name}"
            elif name not in what:
                names.append(name)
        return f"{what} ({', '.join(names)})" if names else what


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure of a ground that may answer, with the sentence and the clause it stands in."""

    ground: Ground
    quantity: Quantity
    offset: int
    sentence: str
    clause: str
    fate: str
    noun_asked: bool
    reported: bool
    speaker: frozenset[str]
    terms: frozenset[str]
    around: frozenset[str]
    prior: bool
    attributed: bool
    revised: bool
    rivals: int
    names: frozenset[str]
    names_asked: float
    near: float


class Reader:
    """Reads questions and evidence into comparable claims; words of one meaning become one term."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._meaning: dict[str, str] = {}
        self._names: dict[str, frozenset[str]] = {}
        for group in wording.SYNONYMS:
            words = group.split()
            for terms in analyzer.terms(words):
                for term in terms:
                    self._meaning.setdefault(term, words[0])

    def terms(self, text: str) -> frozenset[str]:
        """The content terms of `text`, without its numbers."""
        found = self._analyzer.weighted_terms(values.without_numbers(text))
        return frozenset(self._meaning.get(term, term) for term in found if len(term) > 1)

    def nouns(self, words: frozenset[str]) -> frozenset[str]:
        """Nouns by meaning."""
        stems = [terms[0] for terms in self._analyzer.terms(sorted(words)) if terms]
        return frozenset(self._meaning.get(stem, stem) for stem in stems)

    def asked(self, question: str) -> Asked:
        """What `question` wants measured; its kind is "none" where no figure answers it."""
        kind = next((name for name, pattern in wording.WHOLE_QUESTION if pattern.search(question)), "open")
        many = wording.HOW_MANY.search(question)
        words: list[str] = []
        phrase: list[str] = []
        if many:
            for word in many.group(1).split():
                if word.lower() in wording.VERBS or (words and re.fullmatch(r"\w+(?:ed|ing)", word)):
                    break
                phrase.append(word)
                if word[0].islower():
                    words.append(singular(word))
        if kind == "money" and many:
            kind = "count"
        raw = frozenset(words)
        fate = next((name for name, pattern in wording.FATES if pattern.search(question)), "")
        fated = any(pattern.search(" ".join(words)) for _, pattern in wording.FATES)
        return Asked(
            kind,
            self.nouns(raw),
            fated or any(_is_person(word) for word in raw),
            fate,
            self.terms(question) - _EMPTY_TERMS,
            question,
            wording.ASKS_SIDES.search(question) is not None,
            tuple(name for name in _proper(question) if name.lower() not in STOP_WORDS),
            " ".join(phrase),
        )

    def claims(self, asked: Asked, grounds: Sequence[Ground]) -> list[Claim]:
        """The figures that may answer, in the order of the evidence."""
        return [claim for ground in grounds for claim in self._claims(asked, ground)]

    def _claims(self, asked: Asked, ground: Ground) -> list[Claim]:
        quote = ground.span.quote
        parts = sentences(ground.span.article.id, quote)
        if not parts:
            return []
        within = ground.answers.start - ground.span.start if ground.answers else parts[-1].start
        last = next((part for part in parts if part.end > within), parts[-1])
        text = quote[last.start : last.end]
        every = quantities(text)
        fitting = [item for item in every if self._fits(asked, item, text)]
        around = self.terms(f"{ground.backing.context} {quote}")
        words = self.terms(text)
        article = ground.span.article
        known = self._names_of(article)
        named = {word.lower() for word in re.findall(r"[^\W\d_][\w'’-]+", f"{article.title} {article.text}")}
        unknown = values.missing(asked.names, named)
        asked_names = 1 - len(unknown) / len(asked.names) if asked.names else 0.5
        found: list[Claim] = []
        for item in fitting:
            before, after = text[: item.start], text[item.end :]
            if (
                wording.PART.search(before)
                or wording.DIFFERENCE.match(after)
                or wording.TOTAL.search(before)
                or wording.MEANT.search(before)
            ):
                continue
            if item.dimension == "day" and wording.SINCE.search(before) and "since" not in asked.text.lower():
                continue
            clause = _clause(text, item, every)
            fate = _fate(text, item, every)
            if fate and fate != asked.fate and (asked.fate or asked.kind == "count"):
                continue
            person = any(_is_person(word) for word in item.nouns)
            if asked.fate and not fate and person:
                continue  # "57 people": who they are, but not what befell them
            nouns = self.nouns(item.nouns)
            near = self.terms(text[max(0, item.start - _NEAR_CHARACTERS) : item.end + _NEAR_CHARACTERS])
            found.append(
                Claim(
                    ground,
                    item,
                    ground.span.start + last.start,
                    text,
                    clause,
                    fate,
                    bool(nouns & asked.nouns) or (asked.person and person),
                    wording.REPORTS.search(clause) is not None,
                    _speaker(clause),
                    words,
                    around,
                    bool(
                        wording.PRIOR.search(before)
                        or wording.PRIOR_AFTER.match(after)
                        or (wording.FROM_TO.search(before) and wording.TO.match(after))
                    ),
                    wording.ATTRIBUTED.match(after) is not None
                    or wording.HAD_SAID.search(before) is not None,
                    wording.REVISED.match(after) is not None
                    or wording.REVISED_BEFORE.search(before) is not None,
                    len(fitting) - 1,
                    known,
                    asked_names,
                    len(near & asked.terms) / max(1, len(asked.terms)),
                )
            )
        return found

    def _names_of(self, article: Article) -> frozenset[str]:
        """The names in an article, in lower case."""
        if article.id not in self._names:
            found = _proper(f". {article.title}. {article.text}")
            self._names[article.id] = frozenset(
                name.lower() for name in found if name.lower() not in STOP_WORDS
            )
        return self._names[article.id]

    def _fits(self, asked: Asked, item: Quantity, text: str) -> bool:
        """Whether a value of this kind can answer the question, and the question does not give it itself."""
        written = text[item.start : item.end].strip().lower()
        if written in asked.text.lower():
            return False
        dimension = item.dimension
        if asked.kind in {"date", "clock"}:
            return dimension == ("clock" if asked.kind == "clock" else "day")
        if dimension in wording.TIMES:
            return False
        if asked.kind == "count":
            return dimension in {"bare", "count", "share", "mass", "volume"} or bool(
                self.nouns(item.nouns) & asked.nouns
            )
        if asked.kind == "money":
            return (
                dimension.startswith(wording.MONEY_DIMENSION)
                or dimension == "bare"
                or item.nouns <= asked.nouns
            )
        if asked.kind == "share":
            return dimension in {"share", "bare"}
        if asked.kind == "span":
            return dimension in {"time", "length", "bare"}
        return True


def _is_person(word: str) -> bool:
    return word in wording.PERSON or (
        word not in wording.NOT_PERSONS and wording.PERSON_ENDING.fullmatch(word) is not None
    )


def _proper(text: str) -> list[str]:
    """Capitalised words inside a sentence, without possessives, months and weekdays."""
    found = [re.sub(r"['’]s?$", "", name) for name in wording.INSIDE.findall(text)]
    return [name for name in found if not values.is_calendar_word(name)]


_FATED = {
    "dead": "deaths",
    "injured": "injured",
    "arrested": "arrests",
    "missing": "missing",
    "evacuated": "evacuated",
    "ill": "cases",
}
_KINDS = {"clock": "time", "date": "date", "share": "share", "money": "amount", "span": "length"}
_EMPTY_TERMS = frozenset(
    {"mani", "much", "long", "larg", "big", "high", "differ", "figur", "versu", "vs", "accord"}
)
_NEAR_CHARACTERS = 60
_BREAK = re.compile(r"[;—]|\s–\s|,\s(?=(?:while|whereas|but|against|though|although|and)\b)", re.IGNORECASE)


def _clause(text: str, item: Quantity, every: Sequence[Quantity]) -> str:
    """The part of the sentence around a value: up to a break or the next comparable value."""
    start = max([0, *(match.end() for match in _BREAK.finditer(text, 0, item.start))])
    end = min([len(text), *(match.start() for match in _BREAK.finditer(text, item.end))])
    return text[start:end]


def _fate(text: str, item: Quantity, every: Sequence[Quantity]) -> str:
    """What befell those counted: the nearest word that tells, not beyond the next figure."""
    start = max([0, *(other.end for other in every if other.end <= item.start)])
    end = min([len(text), *(other.start for other in every if other.start >= item.end)])
    nearest: list[tuple[int, str]] = []
    for name, pattern in wording.FATES:
        nearest += [(match.start() - item.end, name) for match in pattern.finditer(text, item.start, end)]
        nearest += [
            (item.start - match.end() + 10, name) for match in pattern.finditer(text, start, item.start)
        ]
    return min(nearest)[1] if nearest else ""


def _speaker(clause: str) -> frozenset[str]:
    match = wording.SPEAKER.search(clause)
    if match is None:
        return frozenset()
    words = next((group for group in match.groups() if group), "")
    return frozenset(
        singular(word) for word in re.findall(r"[^\W\d_][\w’'-]+", words) if word.lower() not in STOP_WORDS
    )
