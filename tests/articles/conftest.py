"""What the tests of the readers share: writing a file and reading it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.articles import ReadResult, read
from rag.articles.dates import settled
from rag.articles.digest import boundaries_of
from rag.articles.lines import read_lines
from rag.articles.metadata import Head
from rag.articles.parts import begun_at, tags_of_rules
from rag.articles.sections import ruled_heads, spans_of

Made = Callable[..., ReadResult]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Writes a file of this name and reads it."""

    def make(name: str, content: str | bytes, *, max_bytes: int = 30_000_000) -> ReadResult:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(str(path), max_bytes=max_bytes)

    return make


@pytest.fixture
def by_rules() -> Callable[[str], list[Head]]:
    """The heads of a text as the rules read them, which advise the trained chains."""

    def heads(text: str) -> list[Head]:
        lines = read_lines(settled(text))
        ruled = boundaries_of(lines)
        tags = begun_at(lines, tags_of_rules(lines, ruled), [item.start for item in ruled])
        return ruled_heads(text, lines, spans_of(lines, tags), ruled)

    return heads
