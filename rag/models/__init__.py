"""Which models there are, where they lie, their checksums, and adding one."""

from __future__ import annotations

from rag.models.registry import Registry
from rag.models.spec import ADAPTERS, DEFAULTS, PACKAGED, Backend, Kind, ModelSpec, OnProgress, verify

__all__ = [
    "ADAPTERS",
    "DEFAULTS",
    "PACKAGED",
    "Backend",
    "Kind",
    "ModelSpec",
    "OnProgress",
    "Registry",
    "verify",
]
