"""The evaluation harness: questions with known answers in, scores of answers and citations out."""

from rag.evaluation.measures import MEASURES, Measure
from rag.evaluation.questions import GoldEvidence, GoldQuestion, load_questions
from rag.evaluation.run import Run, baseline, evaluate, load_run
from rag.evaluation.statistics import Change, Figure, compare

__all__ = [
    "MEASURES",
    "Change",
    "Figure",
    "GoldEvidence",
    "GoldQuestion",
    "Measure",
    "Run",
    "baseline",
    "compare",
    "evaluate",
    "load_questions",
    "load_run",
]
