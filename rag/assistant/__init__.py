"""The façade: one object that ingests, searches and answers. The one place that chooses collaborators."""

from rag.assistant.facade import Assistant
from rag.assistant.wiring import make_embedder, make_generator, make_scorer, runs_here

__all__ = ["Assistant", "make_embedder", "make_generator", "make_scorer", "runs_here"]
