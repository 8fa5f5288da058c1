"""Encoders: models that turn texts into numbers: the embedder finds passages, the scorer judges sentences."""

from rag.encoders.cross_encoder import CrossEncoderScorer
from rag.encoders.embedder import OnnxEmbedder, TorchEmbedder, open_embedder
from rag.encoders.scorer import PassageScorer

__all__ = ["CrossEncoderScorer", "OnnxEmbedder", "PassageScorer", "TorchEmbedder", "open_embedder"]
