"""Whose words they are: the quotations of articles as the check and the answers read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.attribution import values
from rag.chunking import sentences
from rag.index.words import Analyzer
from rag.quotations import Quotation, quotations, same_speaker

_TOLD = 0.6
"""Share of a report's content words that somebody's words must hold to be what it reports."""
_CLEARLY = 0.2
_NAMED = re.compile(r"[A-ZÀ-ÞĀ-ŽА-ЯЁ]")


@lru_cache(maxsize=64)
def voices(text: str) -> tuple[Quotation, ...]:
    """What an article quotes and what it reports in other words, each with its speaker, in order."""
    return tuple(quotations(text, sentences("", text), reported=True))


def is_named(speaker: str | None) -> bool:
    """Whether a speaker is known by name, not only described ("a spokesman")."""
    words = (speaker or "").split()
    return bool(words) and all(_NAMED.match(word) for word in (words[0], words[-1]))


def _is_name_in(speaker: str, claim: str, articles: Sequence[str]) -> bool:
    """Whether the claim names its speaker; what only opens it with a capital may be any word."""
    if not is_named(speaker) or " " in speaker or not claim.startswith(speaker):
        return is_named(speaker)
    return any(re.search(rf"[\w,] {re.escape(speaker)}\b", text) for text in articles)


def other_voice(
    claim: str, told: str, articles: Sequence[str], outlets: set[str], analyzer: Analyzer
) -> bool:
    """Whether the claim gives words to somebody, by name, that an article gives to somebody else by name.

    `told` are the cited sentences. Words are told apart literally where the claim quotes them, else by what they hold.
    """
    for said in voices(claim):
        speaker = said.speaker or ""
        if not _is_name_in(speaker, claim, articles) or any(
            same_speaker(speaker, outlet) for outlet in outlets if outlet
        ):
            continue
        wanted = values.plain(claim[said.start : said.end]).strip("\"'«» .,")
        tag = claim[slice(*said.tag)] if said.tag else ""
        terms = set(analyzer.weighted_terms(claim[said.start : said.end])) - set(
            analyzer.weighted_terms(f"{tag} {speaker}")
        )
        shares: list[tuple[float, str]] = []
        for text in articles:
            for item in voices(text):
                words = values.plain(text[item.start : item.end])
                if said.direct and item.direct and wanted in words:
                    shares.append((1.0, item.speaker or ""))
                elif not said.direct and terms and words.strip("\"'«»") in values.plain(told):
                    held = set(analyzer.weighted_terms(text[item.start : item.end]))
                    shares.append((len(terms & held) / len(terms), item.speaker or ""))
        best = max((share for share, _ in shares), default=0.0)
        owners = [owner for share, owner in shares if share > best - _CLEARLY]
        if best >= _TOLD and all(is_named(owner) and not same_speaker(speaker, owner) for owner in owners):
            return True
    return False
