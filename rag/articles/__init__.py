"""Files in, articles out: which files there are, how each kind is read, who wrote what and when."""

from rag.articles.discover import Source, discover
from rag.articles.readers import ReadResult, read

__all__ = ["ReadResult", "Source", "discover", "read"]
