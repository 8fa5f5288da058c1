"""Who says each quotation of an article: named beside it, before it, by a pronoun, or by going on from the last one."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from rag.quotations import marks, tags
from rag.quotations.people import NAME, People, bare_words
from rag.quotations.tags import Named
from rag.quotations.wording import ALSO, FEMALE, GROUPS, MALE, NEVER_SPEECH, VERB
from rag.schema import Sentence

_BLANK = "\ue000"
_MOST_TEXT = 400_000
"""In a longer text quotations are not looked for: it is no article."""
_SPACES = {0xA0: " ", 0x202F: " ", 0x2009: " ", 0x09: " "}
_TAG_REACH = 260
_PRONOUN_REACH = 900
_DESCRIBES = re.compile(r"\W*(?:The|A|An|One|Another|Le|La|Un|Une)\s+\w+")
_INSIDE_TAG = re.compile(r"[,!?…]\s*[—–-]\s*(?P<tag>[^—–«»]{4,120}?)[.,]\s*(?:[—–-]\s*|$)")
_ENDS_OPEN = frozenset(",!?…—–-،")


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words that an article gives as somebody's: `article.text[start:end]`, with its marks.

    `speaker` is the fullest name that the article gives them, or how it describes them; None where it does not
    say. `tag` is where it says so. Of a report of what somebody said in other words (`direct` is False) start and
    end are those of the sentence.
    """

    start: int
    end: int
    speaker: str | None = None
    tag: tuple[int, int] | None = None
    direct: bool = True


@lru_cache(maxsize=64)
def quoted_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of each quotation of an article with its marks, whoever says it."""
    return tuple(marks.spans(text)) if len(text) <= _MOST_TEXT else ()


def quotations(text: str, sentences: Sequence[Sentence], *, reported: bool = False) -> list[Quotation]:
    """The quotations of an article in order; `sentences` are those of `text`. What is nobody's speech has no speaker.

    The sentences of a transcript are their speakers', each by itself. `reported`: with the sentences that report in
    other words what somebody said ("Ana Lim said it would open").

    >>> text = "Ana Lim opened the mill. “It hums,” she said."
    >>> [(text[item.start : item.end], item.speaker) for item in quotations(text, [])]
    [('“It hums,”', 'Ana Lim')]
    """
    if len(text) > _MOST_TEXT:
        return []
    article = _Article(text, sentences)
    found = article.quoted()
    if reported:
        found += article.reported(found)
    return sorted([*found, *article.turns()], key=lambda item: item.start)


class _Article:
    """One text with its quotations blanked, read from the beginning on."""

    def __init__(self, text: str, sentences: Sequence[Sentence]) -> None:
        self.text = text
        self.spans = quoted_spans(text)
        self.masked = _masked(text, self.spans)
        self.people = People(self.masked)
        self._sentences = sentences
        ends = [end for _, end in self.spans]
        self._starts = [0]
        for item in sentences:
            index = bisect_right(ends, item.start)
            inside = index < len(self.spans) and self.spans[index][0] < item.start
            if not inside and item.start:
                self._starts.append(item.start)
        self._said: list[tuple[int, str]] = []
        """Who spoke, with the place where the text says so."""

    def quoted(self) -> list[Quotation]:
        found: list[Quotation] = []
        for index, (start, end) in enumerate(self.spans):
            following = self.spans[index + 1][0] if index + 1 < len(self.spans) else len(self.text)
            previous = found[-1] if found else None
            found.append(self._read(start, end, previous, following))
            speaker, tag = found[-1].speaker, found[-1].tag
            if speaker:
                self._said.append((tag[0] if tag else start, speaker))
        return found

    def reported(self, quoted: Sequence[Quotation]) -> list[Quotation]:
        self._said.sort()
        found: list[Quotation] = []
        starts = [item.start for item in quoted]
        for item in self._sentences:
            index = bisect_left(starts, item.end)
            if item.speaker or (index and quoted[index - 1].end > item.start):
                continue
            named = tags.reporter(self.masked, item.start, item.end)
            speaker = self._resolved(named) if named else None
            if named and speaker:
                found.append(Quotation(item.start, item.end, speaker, (named.start, named.end), direct=False))
        return found

    def turns(self) -> list[Quotation]:
        """The sentences of a transcript, each by whose turn it is."""
        return [
            Quotation(
                item.start, item.end, self.people.full(" ".join(bare_words(item.speaker)) or item.speaker)
            )
            for item in self._sentences
            if item.speaker
        ]

    def _read(self, start: int, end: int, previous: Quotation | None, following: int) -> Quotation:
        quotation = Quotation(start, end)
        frame = self._starts[bisect_right(self._starts, start) - 1]
        left = max(frame, previous.end if previous else 0)
        if NEVER_SPEECH.search(self.masked, max(left, start - 40), start):
            return quotation
        inner = self.text[start + 1 : end - 1].strip()
        same_frame = previous is not None and previous.end > frame
        named = self._inside(start, end) or self._after(start, end, frame, following)
        if named is None and not _is_title(inner):
            named = self._before(left, start, previous if same_frame else None)
        if named is not None:
            speaker = self._resolved(named)
            if speaker is None and (other := self._before(left, start, None)) is not None:
                speaker, named = self._resolved(other), other
            return replace(quotation, speaker=speaker, tag=(named.start, named.end))
        if _is_title(inner):
            return quotation
        if inner.endswith(",") and not same_frame:
            return quotation  # who says it follows, in words that are not understood
        if previous is not None and previous.speaker and self._goes_on(previous, start, end, same_frame):
            return replace(quotation, speaker=previous.speaker)
        if not same_frame and _is_whole(inner) and (lead := self._led_in(start)):
            return replace(quotation, speaker=lead)
        return quotation

    def _inside(self, start: int, end: int) -> Named | None:
        """A tag between dashes within one pair of marks, as Russian sets it."""
        for match in _INSIDE_TAG.finditer(self.text, start, end):
            verb = VERB.match(match["tag"])
            if verb is None and not VERB.search(match["tag"]):
                continue
            opened = self.masked[: match.start("tag")] + match["tag"] + self.masked[match.end("tag") :]
            return tags.right_after(opened, match.start("tag"), match.end("tag"))
        return None

    def _after(self, start: int, end: int, frame: int, following: int) -> Named | None:
        last = self.text[end - 2 : end - 1].strip() or self.text[max(start, end - 4) : end - 1].strip()[-1:]
        rest = self.masked[end : end + 3].lstrip()
        opens = last in _ENDS_OPEN or rest[:1] in tuple(",—–،")
        begins = not self.masked[frame:start].strip(" \n" + _BLANK)
        if not opens and not (begins and last not in ".:;"):
            return None
        limit = min(following, end + _TAG_REACH, self._sentence_end(end, further=last in "!?…"))
        named = tags.right_after(self.masked, end, limit)
        if named is None:
            return None
        if (
            last in "!?…"
            and rest[:1] not in tuple(",—–،")
            and re.match(r"\s+that\b", self.masked[named.end : named.end + 8])
        ):
            return None  # "“Why?” Lim said that nobody knew.": a sentence of its own
        return named

    def _before(self, left: int, start: int, previous: Quotation | None) -> Named | None:
        if previous is not None and previous.tag and previous.tag[0] >= previous.end:
            left = max(left, previous.tag[1])
        if named := tags.right_before(self.masked, left, start):
            return named
        lead = self.masked[left:start]
        if previous is None and (ALSO.search(lead) or lead.rstrip().endswith(":")):
            named_here = self.people.before(start, left)
            names = list(dict.fromkeys(self.people.full(" ".join(item.words)) for item in named_here))
            if len(names) == 1:
                return Named("name", names[0], named_here[0].start, named_here[-1].end)
        return None

    def _goes_on(self, previous: Quotation, start: int, end: int, same_frame: bool) -> bool:
        """Whether a quotation without a tag continues `previous`."""
        gap = self.masked[previous.end : start]
        if same_frame:
            return True
        breaks = gap.count("\n")
        inner = self.text[start + 1 : end - 1].strip()
        if not _is_whole(inner) or (breaks and gap.strip(" \n") and "\n" in gap.strip(" ").rstrip("\n ")):
            return False
        begin = max(previous.end, previous.tag[1] if previous.tag else 0)
        parts = [place for place in self._starts if begin < place <= start]
        if breaks:
            # a paragraph that is nothing but a quotation goes on with the one that ended the paragraph before
            ends = self._paragraph_end(end)
            return len(parts) <= 1 and not self.masked[end:ends].strip()
        return len(parts) <= 1 or self._only_about(previous.speaker or "", begin, start)

    def _only_about(self, speaker: str, begin: int, start: int) -> bool:
        """Whether the sentences between two quotations name nobody but the speaker, and go on about them."""
        places = [place for place in self._starts if begin < place < start]
        named = self.people.before(start, places[0]) if places else []
        if any(self.people.full(" ".join(item.words)) != speaker for item in named):
            return False
        opens = re.match(r"\W*(\w+)", self.masked[places[0] : start]) if places else None
        known = FEMALE | MALE | GROUPS
        return bool(named) or bool(opens and opens.group(1).lower() in known)

    def _led_in(self, start: int) -> str | None:
        """Who is reported to have spoken in the sentence right before a quotation without a tag."""
        index = bisect_left(self._starts, start) - 1
        if index < 0:
            return None
        begin = self._starts[index]
        lead = self.masked[begin:start]
        if _BLANK in lead or lead.count("\n") > (2 if lead.rstrip().endswith(":") else 0):
            return None
        verb = VERB.search(self.masked, begin, start)
        named = tags.before_verb(self.masked, verb, begin) if verb else None
        if named is None or named.kind == "office":
            return None
        return self._resolved(named)

    def _sentence_end(self, place: int, *, further: bool) -> int:
        """The end of the sentence that holds `place`; `further`: of the next one, where it ends right there."""
        index = bisect_left(self._starts, place)
        if further and index < len(self._starts) and not self.masked[place : self._starts[index]].strip(" "):
            index += 1 if "\n" not in self.masked[place : self._starts[index]] else 0
        return self._starts[index] if index < len(self._starts) else len(self.masked)

    def _paragraph_end(self, place: int) -> int:
        """The end of the line that holds `place`; the lines of a wrapped paragraph are one."""
        while (found := self.masked.find("\n", place)) >= 0:
            following = self.masked[found + 1 : found + 2]
            if not following or following == "\n" or self.masked[found - 1] in ".!?…:" + _BLANK:
                return found
            place = found + 1
        return len(self.masked)

    def _resolved(self, named: Named) -> str | None:
        if named.kind == "name":
            return self.people.full(named.text)
        if named.kind == "office":
            return self.people.called(named.text) or " ".join(named.text.split())
        return self._meant(named)

    def _meant(self, named: Named) -> str | None:
        """The nearest fitting person before a pronoun: of a sentence the first, of other sentences the last."""
        if named.text in GROUPS - {"it"}:
            return None
        wanted = "f" if named.text in FEMALE | {"هي"} else "m" if named.text in MALE | {"هو"} else ""
        since = max(0, named.start - _PRONOUN_REACH)
        spoke = [(place, who) for place, who in self._said if since <= place < named.start]
        if named.text in ("هو", "هي"):
            return spoke[-1][1] if spoke else None
        if named.text == "it":
            return None
        named_before = [
            (item.start, self.people.full(" ".join(item.words)))
            for item in self.people.before(named.start, since)
        ]
        candidates = sorted({*spoke, *named_before})
        bounds = [since, *(place for place in self._starts if since < place < named.start), named.start]
        for likely in (True, False):
            for begin, stop in reversed(list(pairwise(bounds))):
                here = [who for place, who in candidates if begin <= place < stop]
                genders = [self.people.gender(who, likely=likely) for who in here]
                fitting = [who for who, gender in zip(here, genders, strict=True) if gender == wanted]
                open_ = [who for who, gender in zip(here, genders, strict=True) if not gender]
                if fitting or open_:
                    return (fitting or open_)[0]
                if _DESCRIBES.match(self.masked, begin, stop) and (stop == named.start or not here):
                    own = stop == named.start or self.masked[begin].lower() in "ao"
                    if own:
                        return None  # somebody who is described and not named
        return None


def _masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts: list[str] = []
    last = 0
    for start, end in spans:
        parts += [text[last:start], _BLANK * (end - start)]
        last = end
    return "".join([*parts, text[last:]]).translate(_SPACES)


def _is_title(inner: str) -> bool:
    """Whether it is a name in quotation marks: a few words, the chief ones capitalised, without a mark at its end."""
    words = inner.split()
    if len(words) > 5 or not words or inner[-1:] in ".,!?…;":
        return False
    capital = [word for word in words if word[:1].isupper() or word[:1].isdigit()]
    return bool(NAME.match(inner)) and bool(bare_words(inner)) and len(capital) * 2 > len(words)


def _is_whole(inner: str) -> bool:
    """Whether it is a sentence of its own rather than a few words within another."""
    return inner[-1:] in ".!?…,؟" and not inner[:1].islower() and len(inner) > 2
