"""How text becomes search terms: the index's own analysis, also for texts that are not indexed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from threading import Lock

from rag.index.scripts import fold

TOKENIZER = "porter unicode61 remove_diacritics 2"
"""FTS5's analysis: Unicode words, lower case, no diacritics, Porter stems."""

STOP_WORDS = frozenset(
    """a about after again all also am an and any are as at be because been before being between both but by
    can could did do does doing down during each few for from further had has have having he her here hers him
    his how i if in into is it its just me more most my no nor not of off on once only or other our out over
    own s same she should so some such t than that the their them then there these they this those through to
    too under until up very was we were what when where which while who whom whose why will with would you
    your said say says according tell ever exactly actually""".split()
)


_MAX_KNOWN = 20_000
"""Texts whose terms are remembered: enough for the passages that questions keep coming back to."""
_ACRONYM = re.compile(r"\(\s*([A-Z]{2,8})s?\s*\)")


def expansions(text: str) -> dict[str, frozenset[str]]:
    """Acronyms that the text spells out, with the lower-case words of the long form.

    >>> {k: sorted(v) for k, v in expansions("the River Water Authority (RWA) said").items()}
    {'RWA': ['authority', 'river', 'water']}
    """
    found: dict[str, frozenset[str]] = {}
    for match in _ACRONYM.finditer(text):
        acronym = match.group(1)
        before = re.findall(r"\w[\w'’-]*", text[max(0, match.start() - 120) : match.start()])
        capitalised = [word for word in before[-12:] if word[:1].isupper()][-len(acronym) :]
        if [word[0] for word in capitalised] == list(acronym):
            found[acronym] = frozenset(word.lower() for word in capitalised)
    return found


class Analyzer:
    """Splits texts into terms as the index does, through a scratch table in memory. Thread-safe.

    Words in other scripts than Latin become their stems (`rag.index.scripts`).
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.executescript(
            f"""CREATE VIRTUAL TABLE scratch USING fts5 (body, content = '', tokenize = "{TOKENIZER}");
            CREATE VIRTUAL TABLE terms USING fts5vocab (scratch, instance);"""
        )
        self._known: dict[str, list[str]] = {}
        self._stop_terms = {term for terms in self.terms(sorted(STOP_WORDS)) for term in terms}

    def terms(self, texts: Sequence[str]) -> list[list[str]]:
        """The terms of each text, in order, with repetitions.

        >>> Analyzer().terms(["Refused signing", "the Café's 1,700 guests"])
        [['refus', 'sign'], ['the', 'cafe', 's', '1', '700', 'guest']]
        """
        with self._lock:
            if len(self._known) > _MAX_KNOWN:
                self._known.clear()
            missing = list(dict.fromkeys(text for text in texts if text not in self._known))
            if missing:
                self._analyse(missing)
            return [self._known[text] for text in texts]

    def _analyse(self, texts: Sequence[str]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO scratch (rowid, body) VALUES (?, ?)", enumerate(texts))
        found: list[list[tuple[int, str]]] = [[] for _ in texts]
        for term, document, offset in self._connection.execute("SELECT term, doc, offset FROM terms"):
            found[document].append((offset, term))
        self._connection.execute("INSERT INTO scratch (scratch) VALUES ('delete-all')")
        self._connection.execute("COMMIT")
        for text, pairs in zip(texts, found, strict=True):
            self._known[text] = [fold(term) for _, term in sorted(pairs)]

    def weighted_terms(self, text: str) -> list[str]:
        """The distinct terms of `text` that carry meaning: stop words go, unless nothing else is left."""
        (terms,) = self.terms([text])
        kept = [term for term in terms if term not in self._stop_terms]
        return list(dict.fromkeys(kept or terms))

    def close(self) -> None:
        """Free the scratch table."""
        self._connection.close()
