"""The durable index: SQLite is the truth, FAISS and postings are derived, readers see one published generation.

`IndexWriter` changes the truth (one process at a time) and publishes generations; `IndexReader` opens
the newest sound generation and never changes anything. The files are documented in `index/README.md`.
"""

from rag.index.check import check
from rag.index.generations import Manifest, has_index
from rag.index.reader import IndexReader, ScoredPassage
from rag.index.records import ArticleParts, FileState
from rag.index.writer import IndexWriter

__all__ = [
    "ArticleParts",
    "FileState",
    "IndexReader",
    "IndexWriter",
    "Manifest",
    "ScoredPassage",
    "check",
    "has_index",
]
