"""`rag ask --export` and `rag verify`: an answer kept, and its quotes proven again later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.cli.options import IndexOption, JsonOption
from rag.cli.running import make_config, print_json
from rag.errors import RagError

if TYPE_CHECKING:
    from rag.config import Config
    from rag.receipts import Kept, Proof, Verification
    from rag.schema import Answer


def exporter(path: Path | None, config: Config, *, force: bool, extractive: bool) -> Callable[[Answer], None]:
    """What writes an answer to `path`. Whether it may is found out now, before the question is asked."""
    if path is None:
        return lambda answer: None
    from rag.receipts import check_target, export, make_receipt

    check_target(path, force=force)
    asked = datetime.now(UTC)

    def keep(answer: Answer) -> None:
        export(make_receipt(answer, config, extractive=extractive, asked=asked), path, force=force)
        print(f"rag: written to {path}", file=sys.stderr)

    return keep


def verify(
    receipt: Annotated[
        Path,
        typer.Argument(
            help="What `rag ask --export answer.json` or `rag ask --json` wrote, or a conversation that the chat "
            "page kept as JSON."
        ),
    ],
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the quotes of a kept answer again: do the files still say these words, at this place?

    Of a conversation every answer is proven. Without the index only the files are looked at. Exits 1 unless
    every quote is proven.

    Example: rag verify answer.json
    """
    from rag.receipts import load
    from rag.receipts import verify as prove

    kept = load(receipt)
    results = prove(kept, make_config(index))
    unproven, edited = sum(result.unproven for result in results), any(result.edits for result in results)
    problems = []
    if unproven:
        of = sum(len(result.proofs) for result in results)
        problems.append(f"{unproven} of {of} {'quote' if of == 1 else 'quotes'} not proven")
    if edited or kept.edits:
        problems.append("the receipt was edited" if kept.title is None else "the conversation was edited")
    if as_json:
        answers = [_as_json(result) for result in results]
        whole = {"title": kept.title, "holds": not problems, "edits": list(kept.edits), "answers": answers}
        print_json(whole if kept.title is not None else answers[0])
    else:
        _show(kept, results)
    if problems:
        raise RagError(f"{receipt}: {'; '.join(problems)}; what changed stands above")


def _show(kept: Kept, results: Sequence[Verification]) -> None:
    from rag.receipts import shown

    for result in results:
        if kept.title is not None:
            print(f"> {shown(result.receipt.question)}")
        _show_proofs(result)
        for title, lines in (("The receipt: ", result.edits), ("Different today: ", result.differences)):
            for line in lines:
                print(title + shown(line))
    for line in kept.edits:
        print(f"The conversation: {shown(line)}")
    for line in results[0].notes if results else ():
        print(f"Note: {shown(line)}")
    count = sum(len(result.proofs) for result in results)
    of = "" if kept.title is None else f" of {len(results)} {'answer' if len(results) == 1 else 'answers'}"
    if not count:
        print("no quotes to prove")
    elif not any(result.unproven for result in results):
        print(f"the quote{of} is proven" if count == 1 else f"all {count} quotes{of} are proven")


def _show_proofs(result: Verification) -> None:
    from rag.receipts import shown
    from rag.schema import long_date

    for proof, item in zip(result.proofs, result.receipt.citations, strict=True):
        print(
            f"[{proof.number}] {proof.status:<8} {shown(item.outlet or 'outlet unknown')}, "
            f"{long_date(item.published)}  {shown(item.title)}"
        )
        print(f"    {shown(_where(proof))}")
        for detail in proof.details:
            print(f"    {shown(detail)}")


def _where(proof: Proof) -> str:
    from rag.contract import shown_path

    where = shown_path(proof.path)
    return where if proof.start is None else f"{where}, characters {proof.start}-{proof.end}"


def _as_json(result: Verification) -> dict[str, Any]:
    receipt = result.receipt
    return {
        "question": receipt.question,
        "asked": receipt.asked.isoformat() if receipt.asked is not None else None,
        "holds": result.holds,
        "citations": [
            {
                "number": proof.number,
                "status": proof.status,
                "file": proof.file,
                "article": proof.article,
                "path": proof.path,
                "start": proof.start,
                "end": proof.end,
                "details": list(proof.details),
            }
            for proof in result.proofs
        ],
        "edits": list(result.edits),
        "differences": list(result.differences),
        "notes": list(result.notes),
    }
