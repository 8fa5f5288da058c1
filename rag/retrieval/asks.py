"""What kind of answer a question wants, read from its words: a value, yes or no, the latest, several, a quotation.

Patterns are English first, with the plainest words of other languages. A cue has to be clear: where the words
could mean something else, the answer is no.
"""

from __future__ import annotations

import re
from typing import Literal

ValueType = Literal["person", "time", "number", "place", "reason", "none"]

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
_SENTENCE_END = re.compile(r"(?<=[?؟])\s+(?=\S)")

_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|must|shall)(?:n['’]t)?"
_YES_NO = re.compile(
    rf"^\W*(?:(?:and|so|but|also|then)\s+)?(?:(?!{_AUXILIARY}\b|who|what|which|how|why|when|"
    rf"where)[^,?:]{{1,60}},\s+)?{_AUXILIARY}\s+"
    r"(?!not\s*\?)[^\W\d]",
    re.I,
)
_YES_NO_ELSEWHERE = re.compile(r"^\W*(?:est-ce qu|هل\s|[\w-]+(?:\s[\w-]+)?\s+ли\s)", re.I)
_ALSO_ASKED = re.compile(
    r"(?:\b(?:and|or)|[,;?:–—-])\s+(?:(?:by|for|from|since|until|in|to|on|with)\s+)?(?:whom?|what|which|how|"
    r"why|when|where)\b",
    re.I,
)
_ASKS_TO_TELL = re.compile(
    rf"^\W*{_AUXILIARY}\s+(?:you|we|anyone|anybody|i)\b.*\b(?:tell|give|list|explain|name|show|know|say|"
    rf"summari[sz]e|find)\b",
    re.I,
)
_CHOICE = re.compile(r"\bor\b(?!\s+not\b)", re.I)

_RECENT = re.compile(
    r"\b(?:now(?! that)|currently|presently|(?<!at the )latest|newest|most recent(?:ly)?|at (?:the moment|"
    r"present)|right now|up to now|"
    r"so far(?!\s+(?:as|away|from|apart|north|south|east|west|off))|to date(?=\s*(?:$|[?,.!;]))|these days|"
    r"nowadays|"
    r"(?:is|are|has|have|does|do) still|"
    r"(?:has|have|hasn['’]t|haven['’]t|is|are|isn['’]t|aren['’]t)\b[^.?!]*?\byet(?=\s*(?:$|[?,.!;]))|as yet|"
    r"last known|"
    r"(?:the|its|their|his|her|['’]s|what|who|which)\s+current(?!\s+(?:account|affairs|of|in|went|that|"
    r"through))|"
    r"as things stand)\b|"
    r"\b(?:actuellement|en ce moment|aujourd['’]hui|derzeit|aktuell|actualmente|ahora)\b|"
    r"(?<!\w)(?:сейчас|на данный момент|в настоящее время|последн\w+ данн\w+|حاليا|حالياً|الآن|حتى الآن)(?!\w)",
    re.I,
)
_STILL = re.compile(r"^\W*(?:(?:and|so|but)\s+)?(?:is|are|does|do|has|have|can)\b[^.?!]*\bstill\b", re.I)
_TODAY = re.compile(r"\btoday\b(?!['’]s)", re.I)

_VIEWS = (
    r"(?:versions?|accounts?|figures?|numbers?|estimates?|counts?|"
    r"views?|opinions?|readings?|stories|answers?|claims?|dates?|tall(?:y|ies))"
)
_CONFLICT = re.compile(
    r"^\W*compare\b|\bhow (?:do|does|did)\b[^?]*\bcompare\b|\b(?:(?<!who )disagree(?:s|d|ment)?|"
    r"contradict(?:s|ed|ory|ions?)?|conflicting|discrepanc(?:y|ies)|diverge[sd]?|at odds|"
    r"dispute over the (?:number|figure)|"
    r"(?<!who )compared (?:with|to)|in comparison|a comparison of|versus|vs\.?|each (?:side|party|camp|paper|"
    r"outlet)(?:['’]s)?|on the one hand|list (?:them )?all|"
    r"(?:do|does|did|sources?|papers?|newspapers?|reports?|accounts?|figures?|versions?|outlets?|articles?|"
    r"they)\b[^.?!]{0,40}?\bdiffer(?:s|ed)?|"
    rf"both (?:the )?(?:sides|parties|papers|newspapers|outlets|sources|reports|camps|governments|{_VIEWS})|"
    rf"(?:different|differing|various|competing|rival|several|opposing) {_VIEWS}|what {_VIEWS} are there|"
    rf"the two (?:figures|versions|accounts|estimates)|"
    r"in the (?:versions?|view|eyes) of (?:each|both)|depending on wh(?:o|om|ich))\b",
    re.I,
)
_SOURCE_PAIR = re.compile(
    r"\baccording to [^?.]{2,60}?,? and (?:according )?to\b|"
    r"\baccording to [^?.,]{2,40} and (?:the )?[^?.,]{2,40}[,?]|"
    r"\bin the versions? of [^?]{2,60} and of\b|\bthe [\w-]+ tally against\b",
    re.I,
)
_COURSE = re.compile(
    r"\b(?:how (?:did|has|have|had)\b[^?]{2,120}?(?<!\bto )\b(?:develop|change|evolve|move|grow|progress|"
    r"shift|unfold|vary|fluctuate)(?:d|ed|n)?\b|"
    r"time-?line|chronolog\w+|over time|over the (?:weeks|months|years|course)|course of events|"
    r"sequence of events|"
    r"in what order|step by step|stage by stage|(?:one|bit) (?:after|by) (?:another|one|bit)|"
    r"one after the other|"
    r"from one (?:tally|count|report|version|estimate|article|figure|forecast|poll|survey|month|"
    r"year) to the next|what (?:has |have )?(?:changed|happened) (?:since|between|from)|"
    r"(?:trace|retrace) (?:the|how)|history of)\b",
    re.I,
)
_FIRST_AND_LAST = re.compile(
    r"\b(?:what|how (?:much|many|long|big|large|high)|which|when (?=did|was|is|does|will))\b[^?]*(?:\band|"
    r",)\s+(?:in the end\s+)?"
    r"(?:what|how (?:much|many|long|big|large|high))\b(?!\s+(?:else|exactly)\b|\s*(?:\?|$))",
    re.I,
)

_QUOTE = re.compile(
    r"\b(?:what (?:exactly|precisely) (?:did|does|has|had|was|were)\b[^?]*?\b(?:say|said|state|write|wrote|"
    r"call|tell|told|reply|answer|words?)\b|"
    r"what (?:did|does|has|had)\b[^?]*?\b(?:say|tell|reply|answer|write|said|told|"
    r"written)\b[^?]*?\b(?:exactly|verbatim|literally|word for word)\b|"
    r"(?:exact|precise|actual|own|very|literal) (?:words?|wording|quote|phrase)\b|verbatim\b|"
    r"word[- ]for[- ]word\b|"
    r"what (?:did|does|has|had)\b[^?]{2,60}?\b(?:exactly|literally|precisely)\s+(?:say|said|tell|told|write|reply|"
    r"answer)\b|"
    r"what (?:was|were|are) (?:[^?]{2,50}?['’]s? words|the (?:\w+ )?words (?:of|from|by))\b|"
    r"in (?:whose|what|which) words\b|what (?:was|were|are) (?:\S+ ){0,4}?(?:last|final|famous) words\b|"
    r"(?:give|show|find|cite|want|need|have) (?:me |us )?(?:a|the|any|that) (?:direct |exact )?(?:quote|"
    r"quotation)s?\b|"
    r"is there (?:a|any) (?:direct )?(?:quote|quotation)\b|"
    r"^\W*(?:(?:can|could|would|will) you |please )*quote\b|"
    r"^\W*(?:(?:find|give|show|list) )?(?:me |us )?(?:any |all |some )?(?:the )?(?:direct )?"
    r"quot(?:e|ation)s (?:from|by|of)\b|"
    r"how (?:did|does)\b[^?]{2,60}? (?:put it|phrase (?:it|this|that)|word (?:it|this|that))\b)|"
    r"(?<!\w)(?:что (?:именно|дословно|конкретно) (?:сказал|заявил|ответил)|дословно|слово в слово|mot pour mot|"
    r"qu['’](?:a|ont) (?:dit|déclaré|répondu) exactement|ماذا قالت? .*(?:بالضبط|حرفيا|حرفيًا|حرفياً))",
    re.I,
)
_SUMMARY = re.compile(
    r"^\W*(?:please\s+|can you\s+|could you\s+)?(?:summari[sz]e|sum up|recap|outline)\b|"
    r"\b(?:give|write|want|need|show|a|short|brief|quick)\b[^?.]{0,20}\b(?:summary|overview|recap|digest|gist)\b"
    r"(?! execution)|"
    r"\bwhat (?:is|are|was|were|do|does) (?:the |this |that |these |those )?(?:\S+ ){0,4}?(?:articles?|reports?|"
    r"piece|story|interview|transcript|text|coverage) (?:all )?(?:about|say|cover|deal with)\W*$|"
    r"\b(?:main|key|most important) (?:points|facts|messages|statements|takeaways|findings)\b|^\W*tl;?dr\b|"
    r"^\W*(?:résume[zr]?|fasse? zusammen|zusammenfassung|кратко|резюме|لخص|ملخص)\b",
    re.I,
)
_OF_SEVERAL = re.compile(
    r"\b(?:articles|reports|stories|coverage|papers|sources|outlets|news|everything|all)\b", re.I
)
_NAME = (
    r"(?-i:[A-ZÀ-ÞА-ЯЁ][\w’'-]*(?:\.)?"
    r"(?:\s+(?:(?:de|von|van|der|den|la|al|el|bin|ibn|du|da|di)\s+)*[A-ZÀ-ÞА-ЯЁ][\w’-]*(?:'(?!s\b)[\w’-]+)*)*)"
)
_SPEAKERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"\b(?:did|does|has|had)\s+(?:the\s+)?(?-i:(?:[a-z-]+\s+){{0,3}})(?P<who>{_NAME})(?:,[^,?]*,)?\s+(?:\w+ly\s+|ever\s+)?"
        r"(?:say|said|tell|told|call|called|put|write|wrote|reply|replied|answer|answered|state|stated|"
        r"phrase|word|describe)",
        rf"\b(?P<who>{_NAME})['’]s?\s+(?:own\s+|exact\s+|precise\s+|actual\s+|last\s+|final\s+|"
        rf"very\s+)*(?:words?|wording|quote|quotation|phrase)\b",
        rf"\b(?:words?|wording|quote|quotation)s?\s+(?:of|from|"
        rf"by)\s+(?:the\s+)?(?-i:(?:[a-z]+\s+){{0,2}})(?P<who>{_NAME})",
        rf"^\W*(?:(?:can|could|would|will) you |please )*quote\s+(?:the\s+)?(?:what\s+)?(?P<who>{_NAME})",
        rf"(?<!\w)(?:сказал|заявил|ответил|déclaré|dit|répondu)[аи]?(?: exactement)?\s+(?P<who>{_NAME})",
        r"ماذا قالت?\s+(?P<who>[^\W\d_]+(?:\s+(?!عن|في|بالضبط|حول|بشأن|حرفي)[^\W\d_]+){0,2})",
    )
)
_NO_SPEAKERS = frozenset("What Quote Whose In I The And".split())


def value_asked(text: str) -> ValueType:
    """The kind of value `text` asks for; of several questions the last that asks for one.

    >>> value_asked("Who drafted the treaty? And when was it signed?"), value_asked("Did the ferry sink?")
    ('time', 'none')
    """
    for sentence in reversed(_SENTENCE_END.split(text)):
        for kind, pattern in _ASKS:
            if pattern.search(sentence):
                return kind
    return "none"


def asks_yes_no(text: str) -> bool:
    """Whether yes or no answers `text`.

    >>> asks_yes_no("By May, had any crew left?"), asks_yes_no("Did it sink, and when?")
    (True, False)
    """
    if _YES_NO_ELSEWHERE.search(text):
        return True
    return bool(
        _YES_NO.search(text)
        and not _ALSO_ASKED.search(text)
        and not _ASKS_TO_TELL.search(text)
        and not _CHOICE.search(text)
    )


def asks_recent(text: str) -> bool:
    """Whether `text` asks how things stand at the end of what is known, not how they once were.

    >>> asks_recent("How many deaths so far?"), asks_recent("Was she still mayor in 1998?")
    (True, False)
    """
    return any(cue.search(text) for cue in (_RECENT, _STILL, _TODAY))


def asks_several(text: str) -> bool:
    """Whether `text` wants several statements set side by side: views that differ, or the course of something.

    >>> asks_several("How has the toll changed?"), asks_several("Do the papers differ?"), asks_several("Did both sign?")
    (True, True, False)
    """
    return any(cue.search(text) for cue in (_CONFLICT, _SOURCE_PAIR, _COURSE, _FIRST_AND_LAST))


def asks_quote(text: str) -> bool:
    """Whether `text` wants somebody's own words.

    >>> asks_quote("What exactly did Ana Lim say?"), asks_quote("What did those quoted by the Post want?")
    (True, False)
    """
    return bool(_QUOTE.search(text))


def asks_summary(text: str) -> Literal["article", "articles"] | None:
    """Whether `text` wants the gist of one article, or of all on something.

    >>> asks_summary("Summarise the report on the ferry"), asks_summary("Give me an overview of the coverage")
    ('article', 'articles')
    >>> asks_summary("Who wrote the summary of the ferry report?")
    """
    if not _SUMMARY.search(text):
        return None
    return "articles" if _OF_SEVERAL.search(text) else "article"


def speaker_of(text: str) -> str | None:
    """Whose words a question for a quotation wants, where it gives a name.

    >>> speaker_of("What exactly did Minister Ana Lim say about the mill?"), speaker_of("What did the mayor say?")
    ('Minister Ana Lim', None)
    """
    for pattern in _SPEAKERS:
        match = pattern.search(text)
        # "The mayor of Ulm" is nobody called Ulm.
        of_place = match is not None and re.search(
            r"\b(?:of|in|at|for|from)\s+(?:the\s+)?$", text[: match.start("who")]
        )
        words = match["who"].split() if match and not of_place else []
        while words and words[0] in _NO_SPEAKERS:
            words.pop(0)
        if words:
            return re.sub(r"['’]s$", "", " ".join(words))
    return None
