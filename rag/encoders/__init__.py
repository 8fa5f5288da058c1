"""Encoders: models that turn texts into numbers; today the embedder that finds passages."""

from rag.encoders.embedder import OnnxEmbedder, TorchEmbedder, open_embedder

__all__ = ["OnnxEmbedder", "TorchEmbedder", "open_embedder"]
