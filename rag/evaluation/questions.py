"""Question files: what a line must hold, and clear words when it does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rag.articles import decode_source
from rag.contract import QuestionLine
from rag.errors import ArticleError, InputError

Type = Literal[
    "factoid",
    "attribution",
    "date",
    "conflict",
    "synthesis",
    "yes_no",
    "unanswerable",
    "false_premise",
    "followup",
    "other_language",
    "injection",
]
Value = Annotated[str, Field(min_length=1)]


class GoldEvidence(BaseModel):
    """Words of a source file that prove a point of the answer; several of one point are alternatives.

    `file` is a path whose end names the file; `start` and `end` are code points of the decoded file, None
    where the text is not a slice of it. `outlet` and `published` are what the article says of itself; they
    are checked where they are given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Value
    quote: Value
    start: int | None = Field(None, ge=0)
    end: int | None = None
    point: int = Field(0, ge=0)
    outlet: str | None = None
    published: date | None = None

    @model_validator(mode="after")
    def _span(self) -> GoldEvidence:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end belong together")
        if self.start is not None and self.end is not None and self.end - self.start != len(self.quote):
            raise ValueError(f"the span is {self.end - self.start} long, the quote {len(self.quote)}")
        return self


class GoldQuestion(QuestionLine):
    """A question with its answer. No answer means that the articles hold none.

    `accepted` has a list of variants for each point of the answer; a file may give one list of variants
    where there is one point. `must_not_say` are values that make an answer wrong.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, coerce_numbers_to_str=True, frozen=True)

    type: Type = "factoid"
    event: str | None = None
    split: str | None = None
    answer: str | None = None
    accepted: tuple[tuple[Value, ...], ...] = ()
    must_not_say: tuple[Value, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    note: str | None = None

    @field_validator("accepted", mode="before")
    @classmethod
    def _points(cls, value: Any) -> Any:
        return [value] if isinstance(value, (list, tuple)) and value and isinstance(value[0], str) else value

    @model_validator(mode="after")
    def _consistent(self) -> GoldQuestion:
        if self.answer is None and (self.accepted or self.evidence):
            raise ValueError("there is no answer, but accepted values or evidence")
        if self.accepted and any(item.point >= len(self.accepted) for item in self.evidence):
            raise ValueError(f"evidence for point {len(self.accepted)} or more, which accepted does not have")
        return self

    @property
    def answerable(self) -> bool:
        """Whether the articles hold an answer."""
        return self.answer is not None


def load_questions(path: Path, *, split: str | None = None) -> list[GoldQuestion]:
    """The questions of a JSONL file, of one `split` if that is given.

    Raises `InputError` naming the line and the field that is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON strings may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give a JSONL file of questions") from error
    found: list[GoldQuestion] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = GoldQuestion.model_validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path}:{number}: {_told(error)}") from error
        if question.id in seen:
            raise InputError(f"{path}:{number}: id: {question.id!r} is taken by line {seen[question.id]}")
        seen[question.id] = number
        found.append(question)
    if not found:
        raise InputError(f"{path}: holds no questions; write one JSON object a line, see eval/README.md")
    if split is None:
        return found
    chosen = [question for question in found if question.split == split]
    if not chosen:
        splits = sorted({question.split for question in found if question.split}) or ["none"]
        raise InputError(f"{path}: no question of the split {split!r}; it has {', '.join(splits)}")
    return chosen


def _told(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "line"
    if first["type"] == "extra_forbidden":
        known = GoldEvidence.model_fields if "evidence" in first["loc"] else GoldQuestion.model_fields
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        return f"{where}: unknown field" + (
            f"; did you mean {near[0]}?" if near else "; `note` takes remarks"
        )
    return f"{where}: {first['msg'].removeprefix('Value error, ').lower()}"


def same_file(path: str, gold: str) -> bool:
    """Whether `path` ends with what `gold` names, as far as both go; the file's name must be the same.

    >>> same_file("/home/a/eval/articles/x.txt", "articles/x.txt"), same_file("/b/x.txt", "a/x.txt")
    (True, False)
    """
    ours, wanted = Path(path).parts[::-1], Path(gold).parts[::-1]
    shared = min(len(ours), len(wanted))
    return ours[:shared] == wanted[:shared]


def check_evidence(questions: Iterable[GoldQuestion], sources: Mapping[str, str | None]) -> None:
    """Compare the gold with the indexed files: paths to encodings (None: articles are no slices of the file).

    Raises `InputError` for a file that is not indexed and for a span or quote that is not in its file.
    """
    texts: dict[str, str | None] = {}
    for question in questions:
        for item in question.evidence:
            path = next((path for path in sources if same_file(path, item.file)), None)
            if path is None:
                raise InputError(
                    f"{question.id}: {item.file} is not among the indexed files; "
                    "give the folder that holds it with --articles"
                )
            encoding = sources[path]
            if encoding is None:
                continue
            if path not in texts:
                texts[path] = _read(path, encoding)
            text = texts[path]
            if text is None:
                continue
            if item.start is not None and text[item.start : item.end] != item.quote:
                found = text[item.start : item.end]
                raise InputError(
                    f"{question.id}: {item.file} has other words at {item.start}-{item.end}: {found[:60]!r}; "
                    "correct the span, or leave start and end out"
                )
            if item.quote not in text:
                raise InputError(f"{question.id}: not in {item.file}: {item.quote[:80]!r}")


def _read(path: str, encoding: str) -> str | None:
    """The decoded file; None where it is gone (that is for `rag check` to say)."""
    try:
        return decode_source(Path(path).read_bytes(), encoding)
    except (OSError, ArticleError):
        return None
