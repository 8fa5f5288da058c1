"""The commands of `rag`: ingest, articles, remove, search, ask, verify, check, ui, doctor, eval."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from rag import __version__
from rag.cli.evaluation import evaluate
from rag.cli.models import models_app
from rag.cli.options import (
    AsOfOption,
    CountOption,
    ExportOption,
    ForceOption,
    FromOption,
    IndexOption,
    JsonOption,
    LanguageOption,
    OutletOption,
    QuestionArgument,
    QuestionsOption,
    ToOption,
)
from rag.cli.receipts import exporter, verify
from rag.cli.running import (
    bar,
    from_standard_input,
    ingest_bar,
    make_config,
    opened,
    print_json,
    required,
    run_questions,
    tell_failures,
    tell_left_out,
)
from rag.errors import ArticleError, RagError

app = typer.Typer(
    name="rag",
    help="Footnote: answers over a pile of articles, offline, every sentence with a footnote to the exact words.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models_app, name="models")


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
    from rag.cli.watching import watch as keep_watch
    from rag.contract import ingest_json
    from rag.schema import FileFailure, IngestReport

    config = make_config(index)
    given: list[Path | str] = [from_standard_input(config) if path == "-" else path for path in paths]
    told: tuple[FileFailure, ...] | None = None
    with opened(config) as assistant:

        def once() -> IngestReport:
            nonlocal told
            with ingest_bar() as on_progress:
                # Later looks of --watch are nobody's wish to have back what was removed meanwhile.
                report = assistant.ingest(given, on_progress=on_progress, bring_back=told is None)
            tell_failures(report)
            if report.left_out != told:  # not again at every look
                tell_left_out(report)
            told = report.left_out
            if as_json:
                print_json(ingest_json(report))
            else:
                from rag.cli import show

                print(show.ingested(report))
            sys.stdout.flush()
            return report

        if watch:
            keep_watch(given, once)
            return
        report = once()
    if report.failed and not report.articles:
        raise ArticleError("no article could be read; the lines above say why")


@app.command()
def articles(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the indexed articles, newest first.

    Example: rag articles --json
    """
    from rag.contract import article_json

    with opened(make_config(index)) as assistant:
        rows = assistant.articles()
    if as_json:
        print_json([article_json(row) for row in rows])
        return
    from rag.cli import show

    if rows:
        show.console().print(show.library(rows))
    else:
        print("no articles yet; add some with: rag ingest PATH")


@app.command()
def split(
    file: Annotated[Path, typer.Argument(help="A text file that was ingested.")],
    at: Annotated[
        list[int] | None, typer.Option("--at", help="An article begins at this line; repeatable.")
    ] = None,
    join: Annotated[
        list[int] | None, typer.Option("--join", help="None begins at this line; repeatable.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget earlier corrections of this file.")] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the articles of a digest begin, and correct it by line numbers.

    Example: rag split digest.txt --at 118 --join 64
    """
    from rag.contract import article_json

    with opened(make_config(index)) as assistant:
        rows = assistant.split(file, begin=at or (), join=join or (), reset=reset)
    if as_json:
        print_json([article_json(row) for row in rows])
        return
    text = file.read_bytes().decode(rows[0].article.encoding or "utf-8", "replace")
    for row in rows:
        line = text.count("\n", 0, row.article.source_start or 0) + 1
        print(f"line {line:>6}  {row.article.title}")


@app.command()
def correct(
    article: Annotated[str, typer.Argument(help="Id of the article; see `rag articles`.")],
    title: Annotated[str | None, typer.Option("--title")] = None,
    outlet: Annotated[str | None, typer.Option("--outlet", help="Empty: unknown.")] = None,
    author: Annotated[str | None, typer.Option("--author", help="Empty: unknown.")] = None,
    published: Annotated[
        str | None, typer.Option("--date", help="Day of publication; empty: unknown.")
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="Such as en.")] = None,
    url: Annotated[str | None, typer.Option("--url")] = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correct who published an article, when, and under which title.

    Example: rag correct 5a0c31f09be2d417 --outlet "Harbour Post" --date 2024-03-07
    """
    from rag.contract import article_json

    given = {
        "title": title,
        "outlet": outlet,
        "author": author,
        "published": published,
        "language": language,
        "url": url,
    }
    with opened(make_config(index)) as assistant:
        row = assistant.correct(article, {key: value for key, value in given.items() if value is not None})
    if as_json:
        print_json(article_json(row))
    else:
        from rag.cli import show

        print(f"{row.article.id}  {show.byline(row.article)}  {row.article.title}")


@app.command()
def remove(
    targets: Annotated[
        list[str], typer.Argument(help="Article ids, or files and folders that were ingested.")
    ],
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back what was removed under these names.")
    ] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget articles: they stay away when their files are read again, until their own words change. Files stay.

    Example: rag remove articles/old-digest.txt, and to have it back: rag remove --undo old-digest.txt
    """
    with opened(make_config(index)) as assistant:
        if undo:
            report = assistant.restore(targets)
            tell_failures(report)
            tell_left_out(report)
            if as_json:
                print_json({"restored": report.added})
            else:
                print(f"{report.added} {'article' if report.added == 1 else 'articles'} brought back")
            return
        known = {row.article.id for row in assistant.articles()}
        names = [name if name in known else str(Path(name).expanduser().absolute()) for name in targets]
        removed = assistant.remove(targets)
    if as_json:
        print_json({"removed": removed})
    else:
        print(f"{removed} {'article' if removed == 1 else 'articles'} removed")
        them = "it" if removed == 1 else "them"
        print(f"rag: to have {them} back: rag remove --undo {shlex.join(names)}", file=sys.stderr)


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
    with opened(make_config(index)) as assistant:
        if questions is not None:
            run_questions(
                questions,
                filters,
                lambda line, use: search_json(assistant.search(line.question, k=k, filters=use)),
            )
            return
        result = assistant.search(required(question), k=k, filters=filters)
    if as_json:
        print_json(search_json(result))
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
    export: ExportOption = None,
    force: ForceOption = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the articles, with the exact words each sentence rests on.

    Example: rag ask "How many people died when the dam failed?" --export answer.html
    """
    from rag.contract import answer_json
    from rag.schema import Filters

    filters = Filters(date_from, date_to, as_of, outlet, language)
    config = make_config(index, model=model, budget_seconds=budget)
    if questions is not None and export is not None:
        raise typer.BadParameter("--export writes one answer; with --questions, keep what --json prints")
    keep = exporter(export, config, force=force, extractive=extractive)
    with opened(config) as assistant:
        if questions is not None:
            run_questions(
                questions,
                filters,
                lambda line, use: answer_json(
                    assistant.ask(line.question, filters=use, history=line.turns, extractive=extractive)
                ),
            )
            return
        text = required(question)
        if as_json:
            answer = assistant.ask(text, filters=filters, extractive=extractive)
            print_json(answer_json(answer))
            keep(answer)
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
        keep(answer)


app.command()(verify)


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

    with opened(make_config(index)) as assistant, bar("checking") as advance:
        report = assistant.check(repair=repair, on_article=advance)
    if as_json:
        print_json(check_json(report))
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
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; any but loopback needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 7860,
    password: Annotated[
        bool,
        typer.Option(
            "--password", help="Ask here for a password that the page will need (or RAG_UI_PASSWORD)."
        ),
    ] = False,
    browser: Annotated[bool, typer.Option("--browser", help="Open the browser.")] = False,
    index: IndexOption = None,
) -> None:
    """Start the chat UI in a local browser.

    Example: rag ui --port 7861
    """
    from rag.doctor import examine
    from rag.ui import serve

    config = make_config(index)
    # Never an option's value: every user of the machine can read the command line.
    said = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if password else None
    serve(
        config,
        host=host,
        port=port,
        password=said or os.environ.get("RAG_UI_PASSWORD"),
        examine=lambda: examine(config, offline=True),
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

    findings = list(examine(make_config(index), offline=offline))
    if as_json:
        print_json([{"subject": item.subject, "ok": item.ok, "detail": item.detail} for item in findings])
    else:
        for item in findings:
            print(f"{'ok      ' if item.ok else 'PROBLEM '} {item.subject}: {item.detail}")
    if bad := sum(not item.ok for item in findings):
        raise RagError(f"{bad} {'problem' if bad == 1 else 'problems'} found; each line says what to do")


app.command("eval")(evaluate)
