"""Footnote: answers over a pile of articles, every sentence with a footnote to the exact words.

`Assistant` is the way in; the nouns live in `rag.schema`, the errors in `rag.errors`.
Importing this package loads no model library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.config import Config

__version__ = "0.1.0"
__all__ = ["Assistant", "Config", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Assistant":
        from rag.assistant import Assistant

        return Assistant
    if name == "Config":
        from rag.config import Config

        return Config
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
