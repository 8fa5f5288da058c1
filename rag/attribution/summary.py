"""The gist of an article in its own sentences: how it opens, and the sentences nearest to all that it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.protocols import Vectors
from rag.schema import Article, Sentence

_LEAST_WORDS = 6
_REDUNDANT = 0.5
"""Weight of likeness to what is chosen already (maximal marginal relevance, Carbonell and Goldstein 1998)."""
_OPENING = 0.15
"""What standing first is worth beside a cosine; it falls along the article: news tell what matters first."""


def key_sentences(article: Article, of: Sequence[Sentence], vectors: Vectors, *, most: int) -> list[Sentence]:
    """At most `most` sentences that together tell what `article` says, in its order, the opening one among them.

    `vectors`: unit vectors of the sentences, shape (len(of), dimension). Headlines and fragments are left out.
    """
    whole = [
        index for index, item in enumerate(of) if _is_statement(item.text) and item.start >= _body(article)
    ]
    if not whole:
        return list(of[:1])
    centre = vectors[whole].mean(axis=0)
    places = np.arange(len(whole)) / max(1, len(whole) - 1)
    worth = vectors[whole] @ centre / max(float(np.linalg.norm(centre)), 1e-9) + _OPENING * (1 - places)
    chosen = [0]
    while len(chosen) < min(most, len(whole)):
        alike = (vectors[whole] @ vectors[[whole[index] for index in chosen]].T).max(axis=1)
        gain = worth - _REDUNDANT * alike
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
    return [of[whole[index]] for index in sorted(chosen)]


def _body(article: Article) -> int:
    """Where the text begins that is not the title."""
    return len(article.title) if article.title and article.text.startswith(article.title) else 0


def _is_statement(text: str) -> bool:
    return len(text.split()) >= _LEAST_WORDS and text.rstrip("\"'”’»)]")[-1:] in tuple(".!…۔")
