"""The command: which benchmark, which data, how many questions; scores as JSON on standard output."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import InputError, RagError

from . import alce, beir, bipia, dated_news, multihop_rag, ramdocs, rgb, squad2
from .bench import Bench, Result

_Run = Callable[[Bench, argparse.Namespace], Result]
_ADAPTERS: Mapping[str, _Run] = {
    "multihop-rag": lambda bench, given: multihop_rag.run(bench, given.data),
    "rgb": lambda bench, given: rgb.run(bench, given.data, noise_rates=given.noise),
    "alce": lambda bench, given: alce.run(
        bench, given.data, documents=given.documents, judge=_judge(given.judge)
    ),
    "ramdocs": lambda bench, given: ramdocs.run(bench, given.data),
    "beir": lambda bench, given: beir.run(bench, given.data),
    "squad2": lambda bench, given: squad2.run(bench, given.data),
    "bipia": lambda bench, given: bipia.run(bench, given.data),
    "dated-news": lambda bench, given: dated_news.run(bench, given.data),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; 1 on a `RagError`, told in one line on standard error."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        if not given.data.exists():
            raise InputError(
                f"{given.data}: not there; download the data first, see eval/benchmarks/README.md"
            )
        with Bench.open(
            index=given.index,
            limit=given.limit,
            model=given.model,
            extractive=given.extractive,
            budget_seconds=given.budget,
        ) as bench:
            result = _ADAPTERS[given.name](bench, given)
            scores = {
                "benchmark": given.name,
                "questions": len(result.data),
                "failed": bench.failed,
                "documents": bench.documents,
                "documents_unread": bench.unread,
                **result.scores,
                "seconds_p50": bench.seconds_p50,
            }
        if given.report is not None:
            _write(given.report, {"scores": scores, "data": result.data})
    except RagError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(scores, indent=1, ensure_ascii=False))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quality.py", description=__doc__)
    parser.add_argument("name", choices=_ADAPTERS, help="the benchmark")
    parser.add_argument("data", type=Path, metavar="DATA", help="its file or folder, as downloaded")
    parser.add_argument("--limit", type=_positive, metavar="N", help="only N questions, evenly spread")
    parser.add_argument(
        "--index", type=Path, metavar="DIR", help="keep the index here, and use it again (default: temporary)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write scores and every question as JSON")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--extractive", action="store_true", help="answer without the language model")
    how.add_argument("--model", metavar="NAME", help="the language model to answer with")
    parser.add_argument(
        "--budget", type=_seconds, default=math.inf, metavar="SECONDS", help="for each answer (default: none)"
    )
    parser.add_argument(
        "--noise",
        type=_rate,
        nargs="+",
        default=rgb.NOISE_RATES,
        metavar="RATE",
        help="rgb: shares of noise (default: 0 0.2 0.4 0.6 0.8 1)",
    )
    parser.add_argument(
        "--documents",
        type=_positive,
        default=alce.DOCUMENTS,
        metavar="N",
        help="alce: how many of the passages",
    )
    parser.add_argument(
        "--judge", metavar="MODULE:FUNCTION", help="alce: what decides whether (premise, hypothesis) holds"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _judge(name: str | None) -> alce.Judge | None:
    if name is None:
        return None
    module, _, function = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"--judge {name}: not found ({error}); give it as module:function") from error
    judge: alce.Judge = found
    return judge


def _write(path: Path, report: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: the report cannot be written ({error.strerror})") from error
