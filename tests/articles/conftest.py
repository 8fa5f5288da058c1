"""What the tests of the readers share: writing a file and reading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.articles import ReadResult, read

Made = Callable[..., ReadResult]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Writes a file of this name and reads it."""

    def make(name: str, content: str | bytes, *, max_bytes: int = 30_000_000) -> ReadResult:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(str(path), max_bytes=max_bytes)

    return make
