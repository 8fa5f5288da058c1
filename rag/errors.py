"""The errors a caller may meet. Each says what happened, to which file, and what to do next.

RagError
├── InputError             a question, a filter or an option that makes no sense
├── ArticleError           a file that cannot be read as articles
├── ConfigError            rag.toml, RAG_* or the registry of models is wrong
├── RagIndexError            the index
│   ├── IndexMissing       there is none yet, or it holds nothing
│   ├── IndexLocked        another process is writing to it
│   ├── IndexDamaged       a checksum or an invariant does not hold
│   └── IndexMismatch      built with another embedder or by a newer version
├── ModelError             models
│   ├── ModelMissing       unknown name or missing file
│   ├── ModelDamaged       the checksum does not match
│   └── GenerationFailed   the language model failed, crashed or timed out
│       └── PromptTooLong  not even the question fits the model's context
└── ServerError            the chat UI cannot start
"""

from __future__ import annotations


class RagError(Exception):
    """Base of all errors raised on purpose; its text is one line for people."""


class InputError(RagError):
    """A question, a filter or an option that makes no sense."""


class ArticleError(RagError):
    """A file that cannot be read as articles."""


class ConfigError(RagError):
    """Settings or the registry of models are wrong."""


class RagIndexError(RagError):
    """Something about the index."""


class IndexMissing(RagIndexError):
    """There is no index yet, or it holds no articles."""


class IndexLocked(RagIndexError):
    """Another process is writing to the index."""


class IndexDamaged(RagIndexError):
    """A checksum or an invariant of the index does not hold."""


class IndexMismatch(RagIndexError):
    """The index was built with another embedder, or by a newer version."""


class ModelError(RagError):
    """Something about a model."""


class ModelMissing(ModelError):
    """An unknown model name, or a model file that is not there."""


class ModelDamaged(ModelError):
    """A model file whose checksum does not match."""


class GenerationFailed(ModelError):
    """The language model failed, crashed or took too long."""


class PromptTooLong(GenerationFailed):
    """The prompt does not fit the model's context."""


class ServerError(RagError):
    """The chat UI cannot start."""
