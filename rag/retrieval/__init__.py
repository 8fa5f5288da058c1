"""Question -> ranked passages and ranked evidence sentences."""

from rag.retrieval.evidence import FEATURES, Features, features, strength
from rag.retrieval.question import Question, ValueType, rewrite
from rag.retrieval.ranking import Retriever

__all__ = ["FEATURES", "Features", "Question", "Retriever", "ValueType", "features", "rewrite", "strength"]
