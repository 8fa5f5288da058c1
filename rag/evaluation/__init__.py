"""The evaluation harness: questions with known answers in, scores of answers and citations out."""

from rag.evaluation.questions import GoldEvidence, GoldQuestion, load_questions
from rag.evaluation.run import evaluate, summary

__all__ = ["GoldEvidence", "GoldQuestion", "evaluate", "load_questions", "summary"]
