"""Question -> ranked passages and ranked evidence sentences."""

from rag.retrieval.asks import ValueType
from rag.retrieval.days import ResolvedDay, resolve_days
from rag.retrieval.evidence import FEATURES, Features, features, strength
from rag.retrieval.followup import rewrite
from rag.retrieval.press import Named
from rag.retrieval.question import Question
from rag.retrieval.ranking import Retriever
from rag.retrieval.when import Period

__all__ = [
    "FEATURES",
    "Features",
    "Named",
    "Period",
    "Question",
    "ResolvedDay",
    "Retriever",
    "ValueType",
    "features",
    "resolve_days",
    "rewrite",
    "strength",
]
