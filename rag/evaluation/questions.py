"""Question files: what a line must hold, and clear words when it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.contract import QuestionLine
from rag.errors import InputError


class GoldEvidence(BaseModel):
    """Words of a source file that answer the question; `file` is a path whose end names the file."""

    model_config = ConfigDict(extra="allow", frozen=True)

    file: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class GoldQuestion(QuestionLine):
    """A question with its answer: `accepted` values, and the `evidence`; no answer means none is known."""

    type: str = "factoid"
    answer: str | None = None
    accepted: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the articles hold an answer."""
        return self.answer is not None


def load_questions(path: Path) -> list[GoldQuestion]:
    """The questions of a JSONL file. Raises `InputError` naming the line and the field that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON strings may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give a JSONL file of questions") from error
    found: list[GoldQuestion] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(GoldQuestion.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise InputError(f"{path}:{number}: {where}: {first['msg'].lower()}") from error
    if not found:
        raise InputError(f"{path}: holds no questions; write one JSON object a line, see eval/README.md")
    return found
