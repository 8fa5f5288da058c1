"""The commands of `rag`: ingest, articles, remove, search, ask, check, ui, doctor, eval and models."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag import __version__
from rag.errors import ArticleError, InputError, RagError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.config import Config
    from rag.contract import QuestionLine
    from rag.schema import Filters, Progress

app = typer.Typer(
    name="rag",
    help="Footnote: answers over a pile of articles, offline, every sentence with a footnote to the exact words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(
    help="The models: list, add, choose, remove, prepare.\n\nExample: rag models list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(models_app, name="models")

IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index (default ./index).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]


def _day(value: str) -> date:
    from rag.articles.metadata import parse_day

    found = parse_day(value)
    if found is None:
        raise typer.BadParameter(f"{value!r} is not a date; write it as 2023-09-20")
    return found


FromOption = Annotated[
    date | None, typer.Option("--from", parser=_day, metavar="DATE", help="Only articles from this day on.")
]
ToOption = Annotated[
    date | None, typer.Option("--to", parser=_day, metavar="DATE", help="Only articles up to this day.")
]
AsOfOption = Annotated[
    date | None,
    typer.Option(
        "--as-of", parser=_day, metavar="DATE", help="As if asked on this day: later articles are hidden."
    ),
]
OutletOption = Annotated[str | None, typer.Option("--outlet", help="Only articles of this outlet.")]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="Only articles in this language, such as en.")
]
QuestionArgument = Annotated[str | None, typer.Argument(help="The question, in quotes.", show_default=False)]
QuestionsOption = Annotated[
    Path | None, typer.Option("--questions", help="A JSONL file of questions; prints one JSON line for each.")
]
CountOption = Annotated[
    int | None, typer.Option("-k", min=1, max=1000, help="Passages to show (default 10).")
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell on standard error what goes on.")] = False,
) -> None:
    if version:
        print(f"rag {__version__}")
        raise typer.Exit
    if verbose:
        import logging

        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger("rag").setLevel(logging.DEBUG)


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or globs; - reads standard input.")],
    index: IndexOption = None,
    as_json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep going: ingest what changes, until Ctrl+C.")
    ] = False,
) -> None:
    """Read articles into the index. Unchanged files cost nothing.

    Example: rag ingest articles/ notes.txt 'digests/*.md'
    """
    from rag.contract import ingest_json

    config = _config(index)
    given: list[Path | str] = [_standard_input(config) if path == "-" else path for path in paths]
    with _assistant(config) as assistant:
        while True:
            with _progress() as on_progress:
                report = assistant.ingest(given, on_progress=on_progress)
            for failure in report.failed:
                print(f"rag: not read: {failure.path}: {failure.reason}", file=sys.stderr)
            if as_json:
                _print_json(ingest_json(report))
            elif not watch or report.added or report.updated or report.removed:
                from rag.cli import show

                print(show.ingested(report), flush=True)
            if not watch:
                break
            time.sleep(2.0)
    if report.failed and not report.articles:
        raise ArticleError("no article could be read; the lines above say why")


@app.command()
def articles(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the indexed articles, newest first.

    Example: rag articles --json
    """
    from rag.contract import article_json

    with _assistant(_config(index)) as assistant:
        rows = assistant.articles()
    if as_json:
        _print_json([article_json(row) for row in rows])
        return
    from rag.cli import show

    if rows:
        show.console().print(show.library(rows))
    else:
        print("no articles yet; add some with: rag ingest PATH")


@app.command()
def remove(
    targets: Annotated[
        list[str], typer.Argument(help="Article ids, or files and folders that were ingested.")
    ],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget articles. The files themselves are not touched.

    Example: rag remove articles/old-digest.txt
    """
    with _assistant(_config(index)) as assistant:
        removed = assistant.remove(targets)
    if as_json:
        _print_json({"removed": removed})
    else:
        print(f"{removed} {'article' if removed == 1 else 'articles'} removed")


@app.command()
def search(
    question: QuestionArgument = None,
    k: CountOption = None,
    date_from: FromOption = None,
    date_to: ToOption = None,
    as_of: AsOfOption = None,
    outlet: OutletOption = None,
    language: LanguageOption = None,
    questions: QuestionsOption = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that fit a question.

    Example: rag search "dam failure death toll" --as-of 2024-11-14
    """
    from rag.contract import search_json
    from rag.schema import Filters

    filters = Filters(date_from, date_to, as_of, outlet, language)
    with _assistant(_config(index)) as assistant:
        if questions is not None:
            _run_questions(
                questions,
                filters,
                lambda line, use: search_json(assistant.search(line.question, k=k, filters=use)),
            )
            return
        result = assistant.search(_required(question), k=k, filters=filters)
    if as_json:
        _print_json(search_json(result))
        return
    from rag.cli import show

    show.console().print(show.hits(result))


@app.command()
def ask(
    question: QuestionArgument = None,
    date_from: FromOption = None,
    date_to: ToOption = None,
    as_of: AsOfOption = None,
    outlet: OutletOption = None,
    language: LanguageOption = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0.0, help="Seconds an answer may take (default 8).")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Language model to use; see `rag models list`.")
    ] = None,
    extractive: Annotated[
        bool, typer.Option("--extractive", help="The articles' own sentences, no language model.")
    ] = False,
    questions: QuestionsOption = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the articles, with the exact words each sentence rests on.

    Example: rag ask "How many people died when the dam failed?"
    """
    from rag.contract import answer_json
    from rag.schema import Filters

    filters = Filters(date_from, date_to, as_of, outlet, language)
    with _assistant(_config(index, model=model, budget_seconds=budget)) as assistant:
        if questions is not None:
            _run_questions(
                questions,
                filters,
                lambda line, use: answer_json(
                    assistant.ask(line.question, filters=use, history=line.turns, extractive=extractive)
                ),
            )
            return
        text = _required(question)
        if as_json:
            _print_json(answer_json(assistant.ask(text, filters=filters, extractive=extractive)))
            return
        from rich.live import Live

        from rag.cli import show

        console = show.console()
        # On a terminal the verified extract stands there at once, and the checked wording replaces it.
        with Live(console=console, transient=True, auto_refresh=False) as live:
            for answer in assistant.stream(text, filters=filters, extractive=extractive):
                if console.is_terminal:
                    live.update(show.answer(answer), refresh=True)
        console.print(show.answer(answer))


@app.command()
def check(
    repair: Annotated[
        bool, typer.Option("--repair", help="Rebuild what readers use from the library first.")
    ] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the index: checksums, offsets, and that words and vectors match.

    Example: rag check --repair
    """
    from rag.contract import check_json

    with _assistant(_config(index)) as assistant, _bar("checking") as advance:
        report = assistant.check(repair=repair, on_article=advance)
    if as_json:
        _print_json(check_json(report))
    elif not report.problems:
        print(f"sound: {report.articles} articles, {report.passages} passages")
    if report.problems:
        for problem in report.problems:
            print(f"rag: {problem}", file=sys.stderr)
        hint = "ingest the articles again" if repair else "run `rag check --repair`"
        count = "1 problem" if len(report.problems) == 1 else f"{len(report.problems)} problems"
        raise RagError(f"{count} found; {hint}")


@app.command()
def ui(
    host: Annotated[str, typer.Option("--host", help="Address to listen on; loopback only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 7860,
    browser: Annotated[bool, typer.Option("--browser", help="Open the browser.")] = False,
    index: IndexOption = None,
) -> None:
    """Start the chat UI in a local browser.

    Example: rag ui --port 7861
    """
    from rag.ui import serve

    serve(
        _config(index),
        host=host,
        port=port,
        open_browser=browser,
        on_ready=lambda address: print(f"Footnote is at {address} (Ctrl+C ends it)", flush=True),
    )


@app.command()
def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Also say whether everything needed is on this machine.")
    ] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether this installation works: packages, models, the model worker, the index.

    Example: rag doctor --offline
    """
    from rag.doctor import examine

    findings = list(examine(_config(index), offline=offline))
    if as_json:
        _print_json([{"subject": item.subject, "ok": item.ok, "detail": item.detail} for item in findings])
    else:
        for item in findings:
            print(f"{'ok      ' if item.ok else 'PROBLEM '} {item.subject}: {item.detail}")
    if bad := sum(not item.ok for item in findings):
        raise RagError(f"{bad} {'problem' if bad == 1 else 'problems'} found; each line says what to do")


@app.command("eval")
def evaluate(
    questions: Annotated[Path, typer.Argument(help="A JSONL file of questions with answers and evidence.")],
    articles_path: Annotated[
        Path | None,
        typer.Option("--articles", help="Index these articles for the run, instead of using --index."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Language model to use.")] = None,
    extractive: Annotated[bool, typer.Option("--extractive", help="Without the language model.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Folder for run.jsonl and scores.json.")
    ] = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a set of questions and score answers, citations and abstentions.

    Example: rag eval eval/questions/sample.jsonl --articles eval/articles/sample
    """
    import tempfile
    from dataclasses import replace

    from rag.evaluation import evaluate as run
    from rag.evaluation import load_questions, summary

    lines = load_questions(questions)
    config = _config(index, model=model)
    with tempfile.TemporaryDirectory(prefix="footnote-eval-") as scratch:
        if articles_path is not None:
            config = replace(config, index_dir=Path(scratch) / "index")
        with _assistant(config) as assistant:
            if articles_path is not None:
                with _progress() as on_progress:
                    assistant.ingest([articles_path], on_progress=on_progress)
            with _bar("asking") as advance:
                scores = run(assistant, lines, extractive=extractive, report=report, on_question=advance)
    if as_json:
        _print_json(scores)
    else:
        print(summary(scores))


@models_app.command("list")
def models_list(as_json: JsonOption = False) -> None:
    """List the models; a star marks those in use.

    Example: rag models list
    """
    from rag.models import Registry

    registry = Registry.load(_config(None))
    rows = []
    for spec in registry.specs():
        used = registry.current(spec.kind).name == spec.name
        rows.append(
            {
                "name": spec.name,
                "kind": spec.kind,
                "in_use": used,
                "source": spec.source,
                "licence": spec.licence,
            }
            | {"note": spec.note}
        )
    if as_json:
        _print_json(rows)
        return
    for row in rows:
        mark = "*" if row["in_use"] else " "
        print(f"{mark} {row['name']:<20} {row['kind']:<10} {row['source']}  {row['note']}".rstrip())


@models_app.command("add")
def models_add(
    name: Annotated[str, typer.Argument(help="A name of your choice.")],
    source: Annotated[
        str, typer.Argument(help="A .gguf file, a model folder, a hub id, or a server's address.")
    ],
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="Refuse the file unless this is its checksum.")
    ] = None,
) -> None:
    """Add a model.

    Example: rag models add qwen4b ~/models/qwen3-4b-instruct-q4_k_m.gguf
    """
    import os

    from rag.models import Registry

    os.environ["HF_HUB_OFFLINE"] = "0"  # the one command that may fetch something, because it was asked to
    with _bar(f"fetching {name}") as advance:
        spec = Registry.load(_config(None)).add(
            name, source, sha256=sha256, on_progress=lambda _, *counts: advance(*counts)
        )
    print(f"added {spec.name}, a {spec.kind}; use it with: rag models use {spec.name}")
    if spec.note:
        print(spec.note)


@models_app.command("use")
def models_use(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Use a model from now on.

    Example: rag models use qwen4b
    """
    from rag.models import Registry

    spec = Registry.load(_config(None)).use(name)
    print(f"{spec.name} is now the {spec.kind}")


@models_app.command("remove")
def models_remove(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Forget a model that was added; your own files are not touched.

    Example: rag models remove qwen4b
    """
    from rag.models import Registry

    spec = Registry.load(_config(None)).remove(name)
    print(f"{spec.name} removed")


@models_app.command("prepare")
def models_prepare() -> None:
    """Prepare the models in use, so that the first question need not wait.

    Example: rag models prepare
    """
    from rag.assistant import make_embedder, make_generator
    from rag.models import Registry

    config = _config(None)
    registry = Registry.load(config)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        print(line, flush=True)

    embedder = registry.current("embedder", config.embedder)
    make_embedder(embedder, config, on_prepare=tell)
    generator = registry.current("generator", config.model)
    make_generator(generator, config, on_prepare=tell).close()
    print(f"{'prepared' if told else 'ready'}: {embedder.name}, {generator.name}")


def _config(index: Path | None, **overrides: Any) -> Config:
    from rag.config import Config

    return Config.load(index_dir=index, **overrides)


@contextmanager
def _assistant(config: Config) -> Iterator[Assistant]:
    from rag.assistant import Assistant

    with Assistant.open(config) as assistant:
        yield assistant


def _required(question: str | None) -> str:
    if question is None:
        raise typer.BadParameter("give a question in quotes, or --questions FILE.jsonl")
    return question


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _standard_input(config: Config) -> Path:
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


def _run_questions(
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
    with _bar("asking") as advance:
        for done, (number, line) in enumerate(numbered, start=1):
            name = f"line {number}"
            try:
                parsed = question_line(line)
                name = parsed.id
                own = {item.name: getattr(parsed.filters, item.name) for item in fields(filters)}
                use = replace(filters, **{key: value for key, value in own.items() if value is not None})
                _print_json({"id": name, **answer(parsed, use)})
            except RagError as error:
                _print_json(error_json(name, str(error)))
            sys.stdout.flush()
            advance(done, len(numbered))


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
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
def _progress() -> Iterator[Callable[[Progress], None]]:
    with _bar("reading") as advance:
        yield lambda progress: advance(progress.done, progress.total)
