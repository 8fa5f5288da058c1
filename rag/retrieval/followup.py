"""Follow-up questions as ones that stand alone, by rules: pronouns get their names, fragments their question.

What cannot be put in place is added in brackets at the end, so that a search finds what the conversation is
about: the earlier question without its question words, and the names of its answer.
"""

from __future__ import annotations

import re

from rag.retrieval.pointers import PERSON, fits, needs_context, people, runs_of_names, short_name
from rag.retrieval.question import MAX_CHARACTERS
from rag.schema import History

_TURNS = 4
"""Earlier turns that are looked at; a follow-up of a follow-up needs the question both follow."""
_MAX_CONTEXT = 300
_MAX_NAMES = 3

_OPENING = re.compile(r"^(?:(?:and|but|so|also|then|ok|okay|well|а|и|но|et|mais|und|aber)\b[,\s]+)+", re.I)
_WHAT_ABOUT = re.compile(r"^(?:what|how) about\s+", re.I)
_EVENT = re.compile(
    r"\b(?:it|that|this|all that) (?:happen|occur|take place|come about|start)(?:ed|s)?\b", re.I
)
_ASKING = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have|had|can|could|"
    r"will|would|should|"
    r"(?-i:may)|might|must)\b",
    re.I,
)
_ATTACHES = re.compile(
    r"^(?:in|on|at|by|before|after|since|until|during|for|with|without|under|among|if|according to|as of|"
    r"from|between|"
    r"last|this|next|a (?:day|week|month|year)|one (?:day|week|month|year)|\w+ (?:days|weeks|months|"
    r"years) (?:later|on|after|earlier))\b",
    re.I,
)
_TIME = re.compile(
    r"\b(?:(?:in|on|by|since|until|before|after|during|for|as of|last|this|next)\s+)(?:(?:early|mid|late|"
    r"the end of)[\s-]+)?"
    r"(?:(?:\d{1,2}\s+)?(?-i:[A-Z][a-z]+)\s+(?:\d{1,2},?\s+)?)?(?:19|20)\d\d\b|"
    r"\b(?:in|on|by|since|until|before|after)\s+(?:(?:early|mid|late)[\s-]+)?(?:\d{1,2}\s+)?(?:January|"
    r"February|March|April|May|June|July|"
    r"August|September|October|November|December)(?:\s+\d{1,2})?\b|\b(?:last|this|next) (?:week|month|year)\b",
    re.I,
)
_HEAD = re.compile(
    r"^\W*(?:(?:and|but|so)\s+)?(?:(?:(?:according to|by|for|from|since|until|in|on|at|to|with|of)\s+)?"
    r"(?:who|whom|whose|what|which|when|where|why|how(?: (?:many|much|long|old|far|big|large|high|often|soon|"
    r"badly))?)\b\s*)?"
    r"(?:(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might)\b\s*)?",
    re.I,
)
_OPENS_WITH_PRONOUN = re.compile(r"^\W*(?:(?:yes|no)\W+)?(?:he|she)\b", re.I)
_POSSESSED = (
    r"(?=\s+(?!(?:to|for|in|at|on|and|"
    r"from|with|by|next|of|about|after|before|when|as|too|now|then|the|a)\b)[a-z])"
)


def rewrite(text: str, history: History) -> str:
    """A follow-up question as one that stands alone; a question that does so already is returned as it is.

    >>> turn = (("Who drafted the Sorrel treaty?", "Ana Lim drafted it."),)
    >>> rewrite("And when was it signed?", turn)
    'When was it signed (drafted the Sorrel treaty; Ana Lim)?'
    >>> rewrite("What does she do now?", turn)
    'What does Ana Lim do now (drafted the Sorrel treaty)?'
    >>> rewrite("And in 2023?", (("What did the Harbour Trust spend in 2022?", "Two million."),))
    'What did the Harbour Trust spend in 2023?'
    >>> rewrite("Who leads the Harbour Trust?", turn)
    'Who leads the Harbour Trust?'
    """
    if not history:
        return text
    asked = " ".join(text.split())
    history = history[-_TURNS:]
    earlier, answer = " ".join(history[-1][0].split()), " ".join(history[-1][1].split())
    if not needs_context(asked, earlier, answer):
        return text
    earlier = rewrite(earlier, history[:-1])[: MAX_CHARACTERS // 2]
    if _EVENT.search(asked):
        return f"{earlier} {asked}"
    core = _OPENING.sub("", asked)
    fragment = _WHAT_ABOUT.sub("", core)
    if not _ASKING.search(fragment) or (_ATTACHES.match(fragment) and fragment.lower().startswith("if ")):
        return _completed(fragment, earlier, answer)
    return _with_context(_with_names(core, earlier, answer, history), earlier, answer)


def _completed(fragment: str, earlier: str, answer: str) -> str:
    """A fragment without a verb, inside the question that it varies."""
    piece = fragment.rstrip(" ?!.")
    base, bracket = _split_bracket(earlier.rstrip(" ?!."))
    if _ATTACHES.match(piece):
        times = list(_TIME.finditer(base))
        new = _TIME.search(piece)
        if times and new and new.span() == (0, len(piece)):
            last = times[-1]
            piece = piece[0].lower() + piece[1:]
            return f"{base[: last.start()]}{piece}{base[last.end() :]}{bracket}?"
        if re.match(r"[A-Z][a-z]+ ", piece) and not runs_of_names(piece[: piece.find(" ")]):
            piece = piece[0].lower() + piece[1:]
        return f"{base} {piece}{bracket}?"
    names, known = runs_of_names(piece), runs_of_names(base)
    if len(names) == 1 and names[0] == piece and len(known) == 1:
        return f"{base.replace(known[0], piece)}{bracket}?"
    return f"{base}, and {piece}{bracket}?"


def _with_names(core: str, earlier: str, answer: str, history: History) -> str:
    """`core` with the first of its pronouns replaced by the name it stands for, where that is clear."""
    pronoun = PERSON.search(core)
    if pronoun:
        known = " ".join(part for turn in history for part in turn)
        told, asked = people(answer, known, spoken=False), people(earlier, known)
        # "He asked Ana Lim": whom the answer begins with is the one the question named.
        named = asked if _OPENS_WITH_PRONOUN.match(answer) or not told else told
        if len(named) == 1 and named[0] not in core and fits(pronoun.group().lower(), named[0], known):
            return _replaced(core, pronoun, named[0])
        return core
    name = None if re.match(r"\W*(?:and\s+)?who", earlier, re.I) else short_name(answer)
    if name and name not in core:
        place = re.search(r"\bthere\b(?!\s+(?:is|are|was|were|any|a|an|been|be|still)\b)", core, re.I)
        if place and not re.search(r"\b(?:is|are|was|were|be|been)\s+$", core[: place.start()], re.I):
            return f"{core[: place.start()]}in {name}{core[place.end() :]}"
        thing = re.search(r"\b(?:it|its)\b", core, re.I)
        if thing:
            return _replaced(core, thing, name)
    return core


def _replaced(core: str, pronoun: re.Match[str], name: str) -> str:
    word = pronoun.group().lower()
    object_of = re.search(r"\bwho\s+\w+ed\s+$", core[: pronoun.start()], re.I)
    owns = word in ("his", "its") or (
        word == "her" and not object_of and re.match(_POSSESSED, core[pronoun.end() :])
    )
    ending = ("'" if name.endswith("s") else "'s") if owns or word == "hers" else ""
    return core[: pronoun.start()] + name + ending + core[pronoun.end() :]


def _with_context(core: str, earlier: str, answer: str) -> str:
    """`core` with what the earlier question was about in brackets, and the names of its answer."""
    base, bracket = _split_bracket(earlier.rstrip(" ?!."))
    topic = _HEAD.sub("", base.replace("?", ";"), count=1)
    parts = [" ".join(re.sub(r"\b(?:did|does|do)\b", " ", topic).split()).strip(" ,;:")]
    if bracket:
        parts.append(bracket.strip(" ()"))
    said = f"{core} {' '.join(parts)}".lower()
    names = [name for name in runs_of_names(answer) if name.split()[-1].lower() not in said][:_MAX_NAMES]
    when = re.search(r"\bthen\b", core, re.I) and _dates(answer)
    if when:
        names.append(when)
    context = "; ".join(part for part in [*parts, ", ".join(names)] if part and part != "there")
    if len(context) > _MAX_CONTEXT:
        context = context[:_MAX_CONTEXT].rsplit(" ", 1)[0]
    core = core[0].upper() + core[1:]
    return f"{core.rstrip(' ?!.')} ({context})?" if context else core


def _dates(answer: str) -> str:
    match = re.search(r"\b(?:\d{1,2}\s+)?(?:[A-Z][a-z]+\s+)?(?:\d{1,2},\s+)?(?:19|20)\d\d\b", answer)
    return match.group() if match else ""


def without_context(question: str) -> str:
    """A rewritten question without the brackets that say what the conversation is about.

    >>> without_context("When was it signed (drafted the Sorrel treaty; Ana Lim)?")
    'When was it signed?'
    """
    base, bracket = _split_bracket(question.rstrip(" ?!."))
    return f"{base}?" if bracket else question


def context_of(question: str) -> str:
    """What a rewritten question says in brackets of the conversation; empty where it stands alone.

    >>> context_of("When was it signed (drafted the Sorrel treaty; Ana Lim)?")
    'drafted the Sorrel treaty; Ana Lim'
    """
    return _split_bracket(question.rstrip(" ?!."))[1].strip(" ()")


def _split_bracket(question: str) -> tuple[str, str]:
    """A question and the context in brackets that an earlier rewriting gave it."""
    match = re.search(r"\s\([^()]*\)$", question)
    return (question[: match.start()], match.group()) if match else (question, "")
