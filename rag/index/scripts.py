"""Words in other scripts than Latin: their stems, and how names sound across scripts.

FTS5 folds case and accents and stems English. Snowball's stemmers (PyStemmer, MIT and BSD) do the rest by script, since
a word alone does not tell its language; Latin-script words stay as FTS5 made them. Romanisation: anyascii (ISC).
"""

from __future__ import annotations

import re
from functools import cache
from threading import Lock
from typing import Any

_BY_SCRIPT = (
    ("\u0370", "\u03ff", "greek"),
    ("\u0400", "\u04ff", "russian"),
    ("\u0530", "\u058f", "armenian"),
    ("\u0600", "\u06ff", "arabic"),
    ("\u0900", "\u097f", "hindi"),
)
FIRST_FOREIGN = "\u0370"
"""Every term that begins with this letter or a later one is in another script than Latin."""
_ATTACHED = re.compile("^(?:[وفبكل]?ال|لل|[وف](?=..))(?=...)")
"""The article and the conjunctions that Arabic writes as one with the word, and the stemmer mostly leaves."""
_LEAST_CONSONANTS = 3
_SAME_SOUND = str.maketrans("cqxzvjp", "kkksfgb")
_SILENT = re.compile(r"[^a-z]|[aeiouyhw]")
_lock = Lock()


def fold(term: str) -> str:
    """`term` by its stem where it is in another script than Latin, else as it is.

    >>> fold("школами") == fold("школы"), fold("harbours")
    (True, 'harbours')
    """
    language = _language(term)
    if language is None:
        return term
    if language == "arabic":
        term = _ATTACHED.sub("", term)
    with _lock:  # a stemmer keeps its last word in a buffer of its own
        stem: str = _stemmer(language).stemWord(term)
    return stem


def sound(word: str) -> str | None:
    """The consonants of a word as heard, the same for a name in any script; None if too few to tell names apart.

    >>> sound("Джорене"), sound("Dzhoren"), sound("Oslo")
    ('dsrn', 'dsrn', None)
    """
    from anyascii import anyascii

    romanised = _ATTACHED.sub("", word) if _language(word) == "arabic" else word
    heard = _SILENT.sub("", anyascii(romanised).lower().translate(_SAME_SOUND))
    heard = re.sub(r"(.)\1+", r"\1", heard)
    return heard if len(heard) >= _LEAST_CONSONANTS else None


def _language(term: str) -> str | None:
    first = term[:1]
    return next((name for low, high, name in _BY_SCRIPT if low <= first <= high), None)


@cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(language)
