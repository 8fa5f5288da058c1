"""Language models: llama.cpp in its own worker process, and any OpenAI-compatible server."""

from __future__ import annotations

from rag.generation.contents import visible
from rag.generation.llama import LlamaGenerator
from rag.generation.openai import OpenAIGenerator
from rag.generation.repack import repacked

__all__ = ["LlamaGenerator", "OpenAIGenerator", "repacked", "visible"]
