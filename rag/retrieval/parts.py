"""Of how many things a question asks at once: "what did they ask for, and what did they get?" """

from __future__ import annotations

import re

_ASKING = r"(?:what|which|who|whom|whose|when|where|why|how(?: (?:much|many|long|old|far|big|large|high|often|soon))?)"
_CLAUSE = re.compile(rf"(?:\s*[,;]\s*(?:and\s+|but\s+)?|\s+(?:and|but)\s+)(?={_ASKING}\b)", re.I)
_BEGINS = re.compile(rf"^\W*{_ASKING}\b", re.I)
_TELLS_WHEN = re.compile(
    r"^\W*(?:when|where|while)\s+(?!(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must)\b)",
    re.I,
)
"""A clause that says when something else happened, and asks nothing."""
_LISTED = re.compile(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|versus|vs\.?)\s+", re.I)
_LEAST_WORDS, _LONGEST_ITEM = 3, 6
_TOPIC = re.compile(r"^(?P<topic>[^:?]{8,120}):\s+(?P<asked>[^?]+)\??$")
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|spring|summer|autumn|"
    r"fall|winter)"
)
_TIME = (
    r"(?:(?:early|mid|late|the (?:start|beginning|end) of)[\s-]+)?(?:\d{1,2}\s+)?"
    rf"(?:{_MONTH}|(?:19|20)\d\d)(?:\s+\d{{1,2}},?)?(?:\s+(?:19|20)\d\d)?"
)
_TIMES = re.compile(
    rf"\b(?:between|from|in)\s+({_TIME}(?:(?:,\s*(?:and\s+)?|\s+(?:and|to)\s+)(?:in\s+)?{_TIME}){{1,3}})(?=\W|$)",
    re.I,
)
_BETWEEN_TIMES = re.compile(r",\s*(?:and\s+)?|\s+(?:and|to)\s+")
_SOURCES = re.compile(
    r"\baccording to [^?.,]{2,50}?,? and (?:according )?(?:to )?[^?.,]{2,50}(?=[?.,]|$)", re.I
)
_MOST = 4


def things_asked(question: str) -> int:
    """How many answers `question` asks for side by side, from 1 to 4; what is not clearly several is one.

    >>> things_asked("Wages at the mill: what did they ask for, and what did they get?")
    2
    >>> things_asked("How many voted in May, June and July 2024?"), things_asked("Who sold the mill and when?")
    (3, 1)
    """
    text = " ".join(question.split())
    return min(
        _MOST, max(1, _of_topic(text), _of_clauses(text), _of_times(text), 2 * bool(_SOURCES.search(text)))
    )


def _of_topic(text: str) -> int:
    """ "Topic: first, second and third?": questions, or the moments and voices of which the topic is asked."""
    match = _TOPIC.match(text)
    if match is None or re.fullmatch(_TIME, match["topic"].strip(), re.I):
        return 1
    clauses = _CLAUSE.split(match["asked"])
    if all(_BEGINS.match(item) for item in clauses):
        return len(clauses)
    listed = [item for item in _LISTED.split(match["asked"]) if item]
    if _BEGINS.match(text) or _BEGINS.match(match["asked"]):
        return 1
    return len(listed) if all(len(item.split()) <= _LONGEST_ITEM for item in listed) else 1


def _of_clauses(text: str) -> int:
    clauses = _CLAUSE.split(text)
    whole = all(len(item.split()) >= _LEAST_WORDS and not _TELLS_WHEN.match(item) for item in clauses)
    return len(clauses) if whole and _BEGINS.match(text) else 1


def _of_times(text: str) -> int:
    match = _TIMES.search(text)
    return len(_BETWEEN_TIMES.split(match.group(1))) if match else 1
