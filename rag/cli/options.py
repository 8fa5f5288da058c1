"""Options and arguments that several commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the index (default ./index).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]


def _day(value: str) -> date:
    from rag.articles.dates import parse_day

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


def _receipt_path(value: str) -> Path:
    from rag.receipts import SUFFIXES

    path = Path(value)
    if path.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f"{value!r} ends in none of {', '.join(SUFFIXES)}")
    return path


ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        parser=_receipt_path,
        metavar="FILE",
        help="Also write the answer with its quotes: .md or .html to read, .json for `rag verify`.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="With --export: overwrite the file.")]
