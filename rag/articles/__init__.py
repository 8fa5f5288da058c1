"""Files in, articles out: which files there are, how each kind is read, who wrote what and when."""

from rag.articles.appeals import is_appeal
from rag.articles.corrections import apply_values, checked_value, split_at
from rag.articles.discover import Discovery, Source, discover
from rag.articles.kinds import script_of
from rag.articles.language import language_of
from rag.articles.planted import is_planted
from rag.articles.readers import SUFFIXES, ReadResult, decode_source, read, source_bytes

__all__ = [
    "SUFFIXES",
    "Discovery",
    "ReadResult",
    "Source",
    "apply_values",
    "checked_value",
    "decode_source",
    "discover",
    "is_appeal",
    "is_planted",
    "language_of",
    "read",
    "script_of",
    "source_bytes",
    "split_at",
]
