"""What commands have in common: opening the assistant, progress bars, many questions in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rag.errors import ArticleError, InputError, RagError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.config import Config
    from rag.contract import QuestionLine
    from rag.schema import Filters, IngestReport, Progress

_MAX_TOLD = 5


def make_config(index: Path | None, **overrides: Any) -> Config:
    from rag.config import Config

    return Config.load(index_dir=index, **overrides)


@contextmanager
def opened(config: Config) -> Iterator[Assistant]:
    from rag.assistant import Assistant

    with Assistant.open(config) as assistant:
        yield assistant


def required(question: str | None) -> str:
    if question is None:
        raise typer.BadParameter("give a question in quotes, or --questions FILE.jsonl")
    return question


def tell_failures(report: IngestReport) -> None:
    for failure in report.failed:
        print(f"rag: not read: {failure.path}: {failure.reason}", file=sys.stderr)


def tell_left_out(report: IngestReport) -> None:
    for item in report.left_out[:_MAX_TOLD]:
        print(f"rag: left out: {item.path}: {item.reason}", file=sys.stderr)
    if (rest := len(report.left_out) - _MAX_TOLD) > 0:
        print(f"rag: left out: {rest} more, as they were removed; --json names all", file=sys.stderr)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


def from_standard_input(config: Config) -> Path:
    import hashlib

    data = sys.stdin.buffer.read()
    if not data.strip():
        raise ArticleError("standard input is empty; pipe an article into `rag ingest -`")
    folder = config.index_dir / "uploads"
    path = folder / f"stdin-{hashlib.sha256(data).hexdigest()[:12]}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ArticleError(
            f"{path}: cannot be written ({error.strerror}); choose another folder with --index"
        ) from error
    return path


def run_questions(
    path: Path, filters: Filters, answer: Callable[[QuestionLine, Filters], dict[str, Any]]
) -> None:
    """A line in, a line out; a question that fails says so and the run goes on."""
    from dataclasses import fields, replace

    from rag.contract import error_json, question_line

    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON strings may hold U+2028
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give a JSONL file of questions") from error
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not numbered:
        raise InputError(f"{path}: holds no questions; write one JSON object a line with id and question")
    with bar("asking") as advance:
        for done, (number, line) in enumerate(numbered, start=1):
            name = f"line {number}"
            try:
                parsed = question_line(line)
                name = parsed.id
                own = {item.name: getattr(parsed.filters, item.name) for item in fields(filters)}
                use = replace(filters, **{key: value for key, value in own.items() if value is not None})
                print_json({"id": name, **answer(parsed, use)})
            except RagError as error:
                print_json(error_json(name, str(error)))
            sys.stdout.flush()
            advance(done, len(numbered))


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, shown only on a terminal: `advance(done, total)`."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    from rag.cli import show

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = show.console(error=True)
    with RichProgress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield advance


@contextmanager
def ingest_bar() -> Iterator[Callable[[Progress], None]]:
    with bar("reading") as advance:
        yield lambda progress: advance(progress.done, progress.total)
