"""`rag eval`: a set of questions asked and scored, compared with an earlier run, reported."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cli import show
from rag.cli.options import IndexOption, JsonOption
from rag.cli.running import bar, ingest_bar, make_config, opened, print_json
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.config import Config
    from rag.evaluation import Change, Run

_SHOWN = (
    "correct",
    "said_wrong",
    "citation_precision",
    "citation_recall",
    "alce_recall",
    "unsupported",
    "quotes_exact",
    "attribution",
    "conflict_coverage",
    "abstained",
    "abstained_rightly",
    "refused_wrongly",
    "injected",
    "passage_success_at_1",
    "passage_success_at_10",
    "sentence_success_at_1",
    "sentence_success_at_5",
    "words",
    "model_share",
)


def evaluate(
    questions: Annotated[
        Path | None, typer.Argument(help="A JSONL file of questions with answers and evidence.")
    ] = None,
    from_feedback: Annotated[
        bool,
        typer.Option("--from-feedback", help="Instead: what the thumbs in the chat page come to."),
    ] = False,
    articles: Annotated[
        Path | None,
        typer.Option("--articles", help="Index these articles for the run, instead of using --index."),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="Only questions of this split.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Language model to use.")] = None,
    extractive: Annotated[bool, typer.Option("--extractive", help="Without the language model.")] = False,
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, help="Seconds per answer; without it no clock decides anything."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", help="Folder for run.jsonl, scores.json and report.html; resumes a cut run."
        ),
    ] = None,
    before: Annotated[
        Path | None, typer.Option("--compare", help="An earlier report folder, run.jsonl or baseline.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --compare: exit 1 when a measure fell beyond chance.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option("--save-baseline", help="Write the accepted figures of this run here.")
    ] = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a set of questions and score answers, citations and abstentions.

    Example: rag eval eval/questions/sample.jsonl --articles eval/articles/sample --report .eval/sample
    """
    from rag.evaluation import baseline, compare, load_questions, load_run
    from rag.evaluation import evaluate as run_all
    from rag.evaluation.feedback import feedback_questions, load_feedback

    if from_feedback == (questions is not None) or (from_feedback and split is not None):
        raise typer.BadParameter("give a JSONL file of questions, or --from-feedback (which has no splits)")
    config = make_config(index, model=model)
    thumbs = load_feedback(config.index_dir) if from_feedback else []
    lines = load_questions(questions, split=split) if questions is not None else []
    earlier = load_run(before) if before is not None else None
    if strict and earlier is None:
        raise typer.BadParameter("--strict needs --compare RUN")
    with _assistant(config, articles) as assistant:
        if from_feedback:
            lines, left_out = feedback_questions(thumbs, assistant.articles())
            for note in left_out:
                typer.echo(note, err=True)
        with bar("asking") as advance:
            run = run_all(
                assistant,
                lines,
                extractive=extractive,
                budget_seconds=math.inf if budget is None else budget,
                folder=report,
                on_question=advance,
            )
    changes = compare(earlier, run.by_id) if earlier is not None else []
    if report is not None:
        from rag.evaluation.report import write_report

        write_report(run, report, changes=changes, title="feedback" if questions is None else questions.stem)
    if keep is not None:
        _save(keep, baseline(run))
    if as_json:
        print_json({**run.scores, "changes": [_change(item) for item in changes]})
    else:
        _show(run, changes, report)
    fallen = [item.name for item in changes if item.fell]
    if strict and fallen:
        raise InputError(
            f"fell against {before}: {', '.join(fallen)}; look at the questions in the report, "
            "or accept the figures with --save-baseline"
        )


@contextlib.contextmanager
def _assistant(config: Config, articles: Path | None) -> Iterator[Assistant]:
    """Over the index of `config`, or over one that is made of `articles` and gone afterwards."""
    from dataclasses import replace

    with contextlib.ExitStack() as stack:
        if articles is not None:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-eval-"))
            config = replace(config, index_dir=Path(scratch) / "index")
        assistant = stack.enter_context(opened(config))
        if articles is not None:
            with ingest_bar() as on_progress:
                assistant.ingest([articles], on_progress=on_progress)
        yield assistant


def _save(path: Path, data: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: the baseline cannot be written ({error.strerror})") from error


def _change(item: Change) -> dict[str, Any]:
    return {
        "measure": item.name,
        "before": round(item.before, 4),
        "after": round(item.after, 4),
        "p": round(item.p, 4),
        "questions": item.count,
        "fell": item.fell,
        "rose": item.rose,
    }


def _show(run: Run, changes: Sequence[Change], report: Path | None) -> None:
    from rich.table import Table

    from rag.evaluation import MEASURES

    scores = run.scores
    changed = {item.name: item for item in changes}
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("", "right"), ("95%", "left"), ("n", "right"), ("measure", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    if changes:
        table.add_column("against the earlier run")
    for measure in MEASURES:
        figure = scores["measures"].get(measure.name)
        if figure is None or measure.name not in _SHOWN:
            continue
        row = [
            f"{figure['mean']:.3f}",
            f"{figure['low']:.3f}-{figure['high']:.3f}",
            str(figure["count"]),
            measure.meaning,
        ]
        if measure.name in changed:
            item = changed[measure.name]
            mark = "fell" if item.fell else "rose" if item.rose else ""
            row.append(f"{item.after - item.before:+.3f} (p {item.p:.3f}) {mark}".rstrip())
        table.add_row(*row)
    console = show.console()
    seconds = scores["seconds"].get("total", {"p50": math.nan, "p95": math.nan})
    console.print(
        f"{scores['questions']} questions, {scores['failed']} failed; "
        f"{seconds['p50']:.2f} s an answer (p50), {seconds['p95']:.2f} s (p95)"
    )
    console.print(table)
    if report is not None:
        console.print(f"report: {report / 'report.html'}")
