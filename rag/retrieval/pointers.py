"""Does a question point back to an earlier one, and to which name: pronouns, ellipses, the names around them."""

from __future__ import annotations

import re

PERSON = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.I)

_OPENS = re.compile(
    r"^\W*(?:and|but|а|и|но|et|mais|und|aber|so(?!\s+far|-called)|also|what about|how about)\b", re.I
)
_AUX = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|must|n['’]t)"
_TOLD = (
    r"(?:said|say|says|claim(?:s|ed)?|thinks?|thought|argue[sd]?|"
    r"admit(?:s|ted)?|insist(?:s|ed)?|complain(?:s|ed)?|believe[sd]?|"
    r"warn(?:s|ed)?|expect(?:s|ed)?|promise[sd]?|write|wrote|writes|that)"
)
_THING = re.compile(r"\b(?:it|its|they|them|their|theirs)\b", re.I)
_NOBODY = re.compile(
    r"\b(?:is|was|be|does|did|would|will|could|can|has)\s+it\s+(?:(?:true|possible|likely|legal|clear|known|"
    r"necessary|worth|forbidden)\s+\w|rain|snow|take\s+to\b)|"
    r"\bwhat (?:is|was) it about\b",
    re.I,
)
_POINTS = (
    # "that" as a pronoun or with a noun, not as a conjunction: after a preposition, an auxiliary, or at the end.
    re.compile(
        r"\b(?:with|to|about|of|by|after|before|from|for|like|than|despite|behind|on|in|was|is|did|does|do|"
        r"were|are|what|how much)\s+"
        r"(?:that|this|those|these)\b(?!\s+(?:the|a|an|he|she|it|they|there|week|month|year|morning|summer|"
        r"autumn|spring|winter|time|day)\b)",
        re.I,
    ),
    re.compile(r"\b(?:that|this|those|these)(?:\s+(?:out|up|down|off|away|back))?\W*$", re.I),
    re.compile(
        r"\b(?:on|at|in|by|before|after|until|since)\s+that\s+(?:day|time|date|year|week|month|point)\b", re.I
    ),
    re.compile(r"\b(?:by|since|until|till|before|back|from)\s+then\b|\bthen\W*$", re.I),
    re.compile(r"\bthere\W*$|\bthere\s+(?:now|then|instead|before|since)\b", re.I),
    re.compile(r"\b(?:this|that)\s+ones?\b|\bwhich ones?\b(?!\s+of\b)|\bwhy not\W*$|\bhow so\b", re.I),
    re.compile(
        r"^\W*(?:is|was|are|were|does|did|do|will|has|have|can)(?:n['’]t)?\s+(?:that|this|those|these)\b",
        re.I,
    ),
    re.compile(
        r"\b(?:how many|how much|some|any|all|none|most|which|one|two)\s+(?:\w+\s+)?(?:of|among)\s+(?:them|"
        r"those|these|it)\b",
        re.I,
    ),
)
_POINTS_IF_NAMELESS = (
    re.compile(
        r"\b(?:next|second|other|new|old|another|last|first)\s+ones?\b(?!\s+of\b)|\bthe others\b|"
        r"\bthe former\W*$|\bthe latter\b|"
        r"\bthe other (?:side|two|three|four|five|twelve|party|camp|ones?|man|woman)\b|\bthe rest\W*$|"
        r"\bthe rest of (?:it|them)\b|"
        r"\b(?:instead|too|as well|else|in exchange|in return|eventually|in the end)\W*$|"
        r"\bthe same (?:figure|thing|amount|one|number|person|reason|day|time)\b|^\W*how many\s+(?:had|has|"
        r"have|were|are|did|do|will)\b",
        re.I,
    ),
    re.compile(
        rf"^\W*{_AUX}\s+(?:the\s+)?\w+\W*$|^\W*(?:is|are|was|were)\s+there\s+(?:any\s+)?(?:other\s+)?\w+\W*$",
        re.I,
    ),
)
_BRIEF = re.compile(
    r"^\W*(?:(?:by|for|from|since|until|to|in|on|at|of|with)\s+)?(?:who|whom|whose|what|which|when|where|why|"
    r"how)\b(?:\W+\w+){0,2}\W*$",
    re.I,
)
_SUBJECT_ASKED = re.compile(r"^\W*(?:who|which(?:\s+[\w-]+){1,3}?|whose\s+\w+)\b", re.I)
_TELLER = re.compile(
    rf"\b{_AUX}\s+(?!he\b|she\b|it\b|they\b|that\b|this\b)\w+(?:\s+\w+)?\s+(?:{_TOLD})(?:\s+that)?\s+$", re.I
)
"""Somebody who tells of himself: "when did nordre mutual say it"."""
_PLURAL = re.compile(r"\b(?!was|is|has|does|his|its|this)\w{3,}s\b", re.I)
_NO_PERSON = re.compile(
    r"\b(?:court|paper|newspaper|union|government|council|company|committee|city|club|police|board|state|"
    r"ministry|parliament|bank|"
    r"museum|team|village|school|army|party|commission|agency|authority|inquiry|panel|report|firm|country|"
    r"next|first|end)\b",
    re.I,
)
_NP = re.compile(r"\b(?:the|a|an)\s+(?:[\w-]+\s+)?[\w-]{3,}\b", re.I)

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_RUN = re.compile(
    r"[A-ZÀ-ÞА-ЯЁ][\w’'-]*(?:\.(?=\s[A-Z]))?(?:\s+(?:(?:de|von|van|der|den|la|al|el|bin|ibn|du|da|di|of the|"
    r"of|&)\s+)?"
    r"[A-ZÀ-ÞА-ЯЁ0-9][\w’'-]*)*"
)
_NOT_FIRST = frozenset(
    """yes no the a an in on at by from for since until about around only at nobody none one two three four five six
    seven eight nine ten who whom whose what which when where why how is are was were do does did has have had can
    could will would should may might must and but so also because he she it they his her its their that this these
    those there then after before during according some all both each every not nothing to with of as if or i we you
    january february march april june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday""".split()
)
_BODIES = re.compile(
    r"\b(?:Union|Bank|Federation|Ministry|Company|Board|Court|Party|University|Council|Commission|Committee|"
    r"Authority|Agency|"
    r"Grid|Trust|Group|Association|Institute|Service|Port|Lake|River|Bay|Island|Isle|Street|Bridge|Road|City|"
    r"County|Holdings|"
    r"Post|Courier|Times|Press|Radio|Club|Office|Church|School|Hospital|Army|Parliament|Assembly|Republic|"
    r"Act|Treaty|Fund|"
    r"Hall|Hotel|Station|Airport|North|South|East|West|New|Saint|Upper|Lower|Old|Great|Cup|League|Prize|"
    r"House|Valley|Coast|"
    r"Rovers|Town|Village|Point|Line|Link|Crest|Fen|Bend|Landing|Society|Movement|Front|Forum|Guild|"
    r"Department)\b"
)
_TITLES = (
    r"(?:Mr|Mrs|Ms|Dr|Prof|Professor|Judge|Minister|President|Mayor|Governor|Sir|Dame|Lady|Lord|Captain|"
    r"Colonel|Col|General|"
    r"Sergeant|Councillor|Senator|Ambassador|Bishop|Archbishop|Inspector|Farmer|Widow|Foreign|Deputy|Prime|"
    r"Chief|King|Queen)"
)
_TITLE_ONLY = re.compile(rf"^(?:{_TITLES}\.?\s*)+$")
_STOP = frozenset(
    """about after again also been before being between both could does doing down during each first from further have
    having here into itself just last made make many more most much only other over same should some such than that
    their them then there these they this those through under until very were what when where which while whom whose
    will with would year years people happen happened said says asked long with""".split()
)


def needs_context(text: str, earlier: str, answer: str) -> bool:
    """Whether `text`, asked after the turn of `earlier` and `answer`, says too little alone.

    >>> needs_context("How much do they want?", "Who went to court?", "A group.")
    True
    >>> needs_context("Who said he left?", "Who went to court?", "A group.")
    False
    """
    if _OPENS.search(text) or any(cue.search(text) for cue in _POINTS):
        return True
    named = bool(runs_of_names(text))
    if not named and (_BRIEF.match(text) or any(cue.search(text) for cue in _POINTS_IF_NAMELESS)):
        return True
    someone = bool(PERSON.search(answer) or people(f"{earlier} {answer}", ""))
    pronouns = (*PERSON.finditer(text), *_THING.finditer(text))
    if any(not _bound_inside(text, pronoun, someone=someone) for pronoun in pronouns):
        return True
    if named or re.search(r"\d", text):
        return False
    asked, told = _stems(text), _stems(f"{earlier} {answer}")
    return len(asked & told) >= 2 or 2 * len(asked & told) >= len(asked) > 0


def _bound_inside(text: str, pronoun: re.Match[str], *, someone: bool) -> bool:
    """Whether what a pronoun stands for is named in the same question; `someone`: the turn before names a person."""
    before, after, word = text[: pronoun.start()], text[pronoun.end() :], pronoun.group().lower()
    if word in ("it", "its") and any(
        match.start() <= pronoun.start() < match.end() for match in _NOBODY.finditer(text)
    ):
        return True
    if ":" in before or _named_after_opening(before, after):
        return True
    of_person = bool(PERSON.fullmatch(word))
    names, phrases = runs_of_names(before), _NP.findall(before)
    if of_person:
        phrases = [phrase for phrase in phrases if not _NO_PERSON.search(phrase)]
    # "How many crews went out to give them": the crews are not given.
    doers = re.sub(r"^\W*(?:how many|which|what)\s+\w+", "", before, flags=re.I) if word == "them" else before
    plural = word in ("their", "them", "they", "theirs") and _PLURAL.search(doers)
    ends = not re.sub(r"\W|\b(?:now|then|too|yet|today|anyway)\b", "", after)
    if ends and not plural and word in ("it", "them", "him", "her") and len(names) + len(phrases) <= 1:
        return False
    if names or phrases or _TELLER.search(before):
        return True
    if plural:
        return word != "they" or not re.search(rf"\b{_AUX}\s+$", before, re.I)
    if not _SUBJECT_ASKED.match(text) or (of_person and someone):
        return False
    if word in ("his", "her", "their", "its", "theirs"):
        return not ends and not re.search(rf"\b{_AUX}\s+$", before, re.I) and len(before.split()) >= 2
    return word in ("he", "she", "they") and bool(re.search(rf"\b{_TOLD}\s+$", before, re.I))


def _named_after_opening(before: str, after: str) -> bool:
    """Whether the pronoun stands in an opening phrase and its name follows: "By its own account, did Vell Grid"."""
    opening = re.fullmatch(
        r"\W*(?:by|in|on|for|with|after|before|despite|at|from)\s+(?:\w+\s+)?", before, re.I
    )
    return bool(opening and "," in after and runs_of_names("- " + after.partition(",")[2]))


def runs_of_names(text: str) -> list[str]:
    """The names in `text`: runs of capitalised words, without the word that only begins the sentence.

    >>> runs_of_names("Did Deputy Levko Dorin leave Upper Karsh? No, Dorin's aide did.")
    ['Deputy Levko Dorin', 'Upper Karsh', 'Dorin']
    """
    found: list[str] = []
    for match in _RUN.finditer(text):
        whole = re.sub(r"['’]s?$", "", match.group()).split()
        words = whole
        while words and (words[0].lower().strip(".,'’") in _NOT_FIRST or words[0].isdigit()):
            words = words[1:]
        starts = words == whole and (
            match.start() == 0 or text[: match.start()].rstrip().endswith((".", "?", "!", ":", "(", '"'))
        )
        if not words or (
            len(words) == 1 and (len(words[0]) < 2 or (starts and not _is_name_at_start(words[0], text)))
        ):
            continue
        name = " ".join(words)
        if name not in found:
            found.append(name)
    return found


def _is_name_at_start(word: str, text: str) -> bool:
    """A single capitalised word that opens a sentence is a name if the text is little else, or a possessive."""
    return bool(
        word.isupper()
        or re.fullmatch(rf"\W*{re.escape(word)}(?:['’]s)?\W*", text)
        or re.match(rf"\W*{re.escape(word)}['’]s\b", text)
    )


def people(text: str, known: str, *, spoken: bool = True) -> list[str]:
    """The people that `text` names, by their longest form in `known`; without those only quoted if not `spoken`.

    >>> people("Because of his health, according to Foreign Minister Irma Vashadel.", "", spoken=False)
    []
    >>> people("No, Vantongo resigned.", "Dr. Idris Vantongo. No, Vantongo resigned.")
    ['Idris Vantongo']
    """
    if not spoken:
        text = re.sub(r"\b(?:according to|as reported by|reported by)\s[^.;]*", "", text, flags=re.I)
    full = [
        name for name in map(_without_title, runs_of_names(known)) if " " in name and not _BODIES.search(name)
    ]
    found: list[str] = []
    for run in runs_of_names(text):
        name = _without_title(run)
        if not name or _BODIES.search(name) or re.search(r"\d|\bof\b", name):
            continue
        if " " not in name:
            longer = [other for other in full if other.split()[-1] == name]
            titled = re.search(rf"\b{_TITLES}\.?\s+{re.escape(name)}\b", text)
            acting = re.search(rf"\b(?:did|does|has|had)\s+{re.escape(name)}\s+[a-z]", text)
            if not longer and not titled and not acting:
                continue
            name = longer[-1] if longer else run
        if name not in found:
            found.append(name)
    return found


def fits(pronoun: str, name: str, text: str) -> bool:
    """Whether the title that `text` gives the name, if any, goes with the pronoun.

    >>> fits("she", "Coyle", "the minister, Mr Coyle"), fits("he", "Coyle", "the minister, Mr Coyle")
    (False, True)
    """
    titles = (
        "Mrs|Ms|Miss|Dame|Lady|Queen|Widow"
        if pronoun in ("he", "him", "his", "himself")
        else "Mr|Sir|Lord|King"
    )
    last = re.escape(name.rsplit(maxsplit=1)[-1])
    return not re.search(rf"\b(?:{titles})\.?\s+(?:[A-Z]\S+\s+)*{last}\b", text)


def _without_title(name: str) -> str:
    words = name.split()
    while words and _TITLE_ONLY.match(words[0]):
        words = words[1:]
    return " ".join(words)


def short_name(answer: str) -> str | None:
    """The name that an answer consists of, up to its first comma; None where it says more.

    >>> short_name("The Kingfisher, in November 2024."), short_name("It floated free at Vell.")
    ('the Kingfisher', None)
    """
    first = re.split(r"[,;(]|\.(?:\s|$)", answer.strip(), maxsplit=1)[0].strip()
    words = first.split()
    if not 1 <= len(words) <= 4:
        return None
    article = words[0].lower() == "the"
    rest = words[1:] if article else words
    if (
        not rest
        or not all(word[0].isupper() for word in rest)
        or rest[0].lower() in _NOT_FIRST
        or _TITLE_ONLY.match(first)
    ):
        return None
    return f"the {' '.join(rest)}" if article else " ".join(rest)


def _stems(text: str) -> set[str]:
    return {word.lower()[:5] for word in _WORD.findall(text) if len(word) >= 4 and word.lower() not in _STOP}
