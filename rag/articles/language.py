"""The language of a text, by its script and its commonest words."""

from __future__ import annotations

import re

from rag.articles.kinds import script_of

_FUNCTION_WORDS = {
    "en": frozenset("the of and to in that was for is on with as said by".split()),
    "fr": frozenset("le la les des et une dans que pour est sur qui du au".split()),
    "de": frozenset("der die das und den von mit ist nicht für dem ein zu".split()),
    "es": frozenset("el los las que una por con para del se es al".split()),
    "tr": frozenset("ve bir bu için ile olarak da de daha olan sonra".split()),
}
_LETTERS = {
    "fa": frozenset("پچژگ"),
    "uk": frozenset("іїєґ"),
    "tr": frozenset("ığşİĞŞ"),
}


def language_of(text: str) -> str | None:
    """The ISO 639-1 language of `text` by its script, or for Latin script by its function words."""
    sample = text[:4_000]
    script = script_of(sample)
    if script == "arabic":
        return "fa" if sum(char in _LETTERS["fa"] for char in sample) > len(sample) / 100 else "ar"
    if script == "cyrillic":
        return "uk" if sum(char in _LETTERS["uk"] for char in sample) > len(sample) / 100 else "ru"
    if script != "latin" or not any(map(str.isalpha, sample)):
        return next(
            (code for code, first, last in _BLOCKS if any(first <= char <= last for char in sample)), None
        )
    if sum(char in _LETTERS["tr"] for char in sample) > len(sample) / 50 and "ə" not in sample:
        return "tr"
    words = re.findall(r"[^\W\d_]+", sample.lower())
    counts = {code: sum(word in known for word in words) for code, known in _FUNCTION_WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= max(2, len(words) * 0.05) else None


_BLOCKS = (
    ("hy", "\u0531", "\u0587"),
    ("ka", "\u10a0", "\u10ff"),
    ("he", "\u05d0", "\u05ea"),
    ("el", "\u0391", "\u03c9"),
)
