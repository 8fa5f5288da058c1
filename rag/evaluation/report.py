"""The report: one HTML file that shows what a run scored, where, and why, question by question.

Everything in it is inline, so that it can be mailed, kept and opened offline. Questions, answers and articles
are other people's text: the template escapes all of it, and no data stands inside the script.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, get_args

from markupsafe import Markup, escape

from rag import __version__
from rag.errors import InputError
from rag.evaluation.measures import BY_NAME, DEPTH, MEASURES, holds, plain
from rag.evaluation.plots import plots
from rag.evaluation.questions import GoldEvidence, Type
from rag.evaluation.run import Line, Run
from rag.evaluation.statistics import Change
from rag.schema import long_date

if TYPE_CHECKING:
    from jinja2 import Template

REPORT = "report.html"
HEADLINE = (
    "correct",
    "citation_precision",
    "citation_recall",
    "abstained",
    "passage_success_at_10",
    "sentence_success_at_1",
)
BY_TYPE = (
    "correct",
    "citation_precision",
    "citation_recall",
    "sentence_success_at_1",
    "passage_success_at_10",
    "abstained",
    "refused_wrongly",
)
SENTENCES_SHOWN = 5
CONTEXT_CHARACTERS = 140
_GROUPS = {
    "Answers": ("correct", "token_f1", "said_wrong", "conflict_coverage"),
    "Citations": (
        "citation_precision",
        "citation_recall",
        "alce_precision",
        "alce_recall",
        "unsupported",
        "quotes_exact",
        "attribution",
    ),
    "Abstention": ("abstained", "abstained_rightly", "refused_wrongly"),
    "Passages": tuple(item.name for item in MEASURES if item.name.startswith("passage_")),
    "Sentences": tuple(item.name for item in MEASURES if item.name.startswith("sentence_")),
}
_LABELS = {
    "abstained": "Abstention recall",
    "abstained_rightly": "Abstention precision",
    "refused_wrongly": "False refusals",
}
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
"""Control characters, and those that turn the direction of what follows."""


def write_report(
    run: Run, folder: Path, *, changes: Sequence[Change] = (), title: str = "Evaluation"
) -> Path:
    """Write `folder/report.html` and give its path; `changes` are those against an earlier run.

    Raises `InputError` when it cannot be written.
    """
    path = folder / REPORT
    text = _page(run, changes, title)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"{path}: the report cannot be written ({error.strerror}); choose another folder"
        ) from error
    return path


def _page(run: Run, changes: Sequence[Change], title: str) -> str:
    questions = [_question(line) for line in run.lines]
    text = _template().render(
        title=title,
        head=_head(run.scores),
        headline=[(name, run.scores["measures"][name]) for name in HEADLINE if name in _measures(run)],
        groups=_groups(_measures(run), changes),
        changes=changes,
        types=_types(run),
        columns=BY_TYPE,
        whole=_measures(run),
        plots=plots(run, _types(run)),
        questions=questions,
        counts=Counter(item["verdict"] for item in questions),
        type_counts=Counter(line["type"] for line in run.lines),
        depth=DEPTH,
    )
    return "".join(line.lstrip() + "\n" for line in text.split("\n") if line.strip())


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: _seen(value) if isinstance(value, str) else value,
    )
    environment.globals.update(label=label, number=_number, signed=_signed, chance=_chance, day=_day)
    return environment.from_string((Path(__file__).parent / "templates" / REPORT).read_text("utf-8"))


# Words and numbers


def label(name: str) -> str:
    """A measure's name for people.

    >>> label("passage_ndcg_at_10"), label("correct"), label("token_f1")
    ('Passage nDCG@10', 'Correct', 'Token F1')
    """
    if name in _LABELS:
        return _LABELS[name]
    words = name.replace("_at_", "@").split("_")
    known = {"f1": "F1", "alce": "ALCE", "rr": "reciprocal rank"}
    text = " ".join(known.get(word, word.replace("ndcg", "nDCG")) for word in words)
    text = re.sub(r"(success|recall)@", lambda found: found[1].capitalize() + "@", text)
    return text[:1].upper() + text[1:]


def _meaning(name: str) -> str:
    """What a measure means, without repeating its label; which way is better where that is not higher."""
    measure = BY_NAME.get(name)
    if measure is None:
        return ""
    before, colon, after = measure.meaning.partition(": ")
    text = after if colon and before.lower() == label(name).lower() else measure.meaning
    text = "" if text.lower() == label(name).lower() else text
    return " · ".join(part for part in (text, "lower is better" if measure.better == "lower" else "") if part)


def _seen(text: str) -> str:
    if not _UNSEEN.search(text):
        return text
    cleaned = _UNSEEN.sub("\ufffd", text)
    return Markup(cleaned) if isinstance(text, Markup) else cleaned


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if abs(value) <= 1 else f"{value:.1f}"


def _signed(value: float) -> str:
    text = _number(abs(value))
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _day(value: str | None) -> str:
    return long_date(date.fromisoformat(value) if value else None)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


# The figures


def _measures(run: Run) -> dict[str, dict[str, float]]:
    return dict(run.scores.get("measures", {}))


def _head(scores: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was run, as pairs of a word and a value."""
    setup = scores.get("setup", {})
    when, failed = setup.get("when"), scores.get("failed", 0)
    rows = [
        ("Run on", str(when)) if when else ("Written on", long_date(date.today())),
        ("Questions", f"{scores.get('questions', 0)}, of which {failed or 'none'} failed"),
        *((f"Model, {what}", str(name)) for what, name in setup.get("models", {}).items()),
        ("Answers", "the sources' own words" if setup.get("extractive") else "by the language model"),
        (
            "Time allowed",
            f"{budget:g} s a question" if (budget := setup.get("budget_seconds")) else "no limit",
        ),
    ]
    times = scores.get("seconds", {})
    rows += [
        (name, f"median {_seconds(times[key]['p50'])}, 95% within {_seconds(times[key]['p95'])}")
        for name, key in (("Whole answer", "total"), ("First text", "first_text"))
        if key in times
    ]
    rows.append(("Footnote", str(setup.get("version", __version__))))
    digests = [
        f"{name} {str(setup[name])[:8]}"
        for name in ("questions", "articles", "prompt", "code")
        if name in setup
    ]
    if digests:
        rows.append(("Digests", ", ".join(digests)))
    return rows


def _groups(
    measures: Mapping[str, Mapping[str, float]], changes: Sequence[Change]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows of the summary, in groups; what belongs to none stands under "Other"."""
    moved = {change.name: change for change in changes}
    placed = {name for names in _GROUPS.values() for name in names}
    others = [name for name in (*BY_NAME, *measures) if name not in placed]
    found = []
    for group, names in {**_GROUPS, "Other": tuple(dict.fromkeys(others))}.items():
        rows = [
            {
                "name": name,
                "meaning": _meaning(name),
                "figure": measures.get(name),
                "change": moved.get(name),
                "in_unit": all(0 <= measures[name][end] <= 1 for end in ("low", "high"))
                if name in measures
                else False,
            }
            for name in names
            if name in measures or name in moved
        ]
        if rows:
            found.append((group, rows))
    return found


def _types(run: Run) -> list[tuple[str, int, Mapping[str, Mapping[str, float]]]]:
    counts = Counter(line["type"] for line in run.lines)
    by_type = run.scores.get("by_type", {})
    known = [name for name in get_args(Type) if name in counts]
    return [(name, counts[name], by_type.get(name, {})) for name in dict.fromkeys((*known, *sorted(counts)))]


# One question


def verdict(line: Line) -> str:
    """`right`, `wrong` or `error`: the answer is correct, or the abstention, and nothing planted came through."""
    if "error" in line:
        return "error"
    scores = line["scores"]
    judged = [value for name in ("correct", "abstained") if (value := scores.get(name)) is not None]
    return "right" if all(value == 1 for value in judged) and not scores.get("injected") else "wrong"


def _question(line: Line) -> dict[str, Any]:
    """What the template shows of a line; a line that failed has no answer."""
    gold, scores = line["gold"], line["scores"]
    mark = marker([value for point in gold["accepted"] for value in point], gold["must_not_say"])
    cited_gold = set(line.get("cited_gold", ()))
    citations = [
        {
            **item,
            "gold": item["number"] in cited_gold,
            "file": PurePath(item["source_path"]).name,
            "parts": [mark(part) for part in _in_context(item, line.get("hits", ()))],
        }
        for item in line.get("citations", ())
    ]
    evidence = [GoldEvidence.model_validate(item) for item in gold["evidence"]]
    return {
        **{
            name: line.get(name)
            for name in ("id", "type", "event", "question", "history", "error", "abstention")
        },
        "verdict": verdict(line),
        "as_of": gold.get("as_of"),
        "rewritten": rewritten if (rewritten := line.get("rewritten")) != line["question"] else None,
        "scores": scores,
        "scored": [(label(name), _number(value)) for name, value in scores.items() if value is not None],
        "abstained": "abstention" in line and line["abstention"] is not None,
        "has_evidence": bool(evidence),
        "first_passage": line.get("first_passage"),
        "first_sentence": line.get("first_sentence"),
        "seconds": line.get("seconds", {}).get("total"),
        "statements": [{**item, "text": mark(item["text"])} for item in line.get("statements", ())],
        "citations": citations,
        "conflicts": line.get("conflicts", ()),
        "notes": line.get("notes", ()),
        "gold": gold,
        "evidence": [
            {"gold": item, "quote": mark(item.quote), **_found(item, line, alone=len(evidence) == 1)}
            for item in evidence
        ],
        "sentences": [
            {**item, "text": mark(item["text"])} for item in line.get("sentences", ())[:SENTENCES_SHOWN]
        ],
    }


def _in_context(citation: Mapping[str, Any], hits: Iterable[Mapping[str, Any]]) -> tuple[str, str, str]:
    """What stands before the quote, the quote, and what stands after, from the passage that holds it."""
    quote = citation["quote"]
    for hit in hits:
        start = citation["start"] - hit["start"]
        text, end = hit["text"], start + len(quote)
        if hit["article_id"] != citation["article_id"] or start < 0 or text[start:end] != quote:
            continue
        before, after = text[:start], text[end:]
        if len(before) > CONTEXT_CHARACTERS:
            before = "… " + before[-CONTEXT_CHARACTERS:].partition(" ")[2]
        if len(after) > CONTEXT_CHARACTERS:
            after = after[:CONTEXT_CHARACTERS].rpartition(" ")[0] + " …"
        return before, quote, after
    return "", quote, ""


def _found(gold: GoldEvidence, line: Line, *, alone: bool) -> dict[str, Any]:
    """Which citations hold the gold, and where it stands in the rankings.

    Ranked sentences carry no place, so their words decide; where this is the only gold, the line knows.
    """
    anywhere = gold.model_copy(update={"start": None, "end": None})
    passage = _first(
        (item["rank"], holds(item["source_path"], item["text"], gold, start=item["source_start"]))
        for item in line.get("hits", ())
    )
    sentence = _first(
        (item["rank"], item["gold"] and holds(gold.file, item["text"], anywhere))
        for item in line.get("sentences", ())
    )
    return {
        "cited": [
            item["number"]
            for item in line.get("citations", ())
            if holds(item["source_path"], item["quote"], gold, start=item["source_start"])
        ],
        "passage": line.get("first_passage") if alone else passage,
        "sentence": line.get("first_sentence") if alone else sentence,
    }


def _first(ranking: Iterable[tuple[int, bool]]) -> int | None:
    return next((rank for rank, is_gold in ranking if is_gold), None)


# Marking


def marker(accepted: Iterable[str], forbidden: Iterable[str]) -> Callable[[str], Markup]:
    """A function that escapes a text and marks accepted and forbidden values in it, as `says` finds them.

    >>> marker(["2400000"], ["<b>"])("It cost £2,400,000, not <b>.")
    Markup('It cost £<mark>2,400,000</mark>, not <mark class="bad">&lt;b&gt;</mark>.')
    """
    values = [
        (value, name) for name, of in (("bad", forbidden), ("good", accepted)) for value in of if plain(value)
    ]
    values.sort(key=lambda item: -len(item[0]))
    if not values:
        return escape
    either = "|".join(
        f"(?P<{name}{number}>{_flexible(value)})" for number, (value, name) in enumerate(values)
    )
    pattern = re.compile(rf"(?<!\w)(?<!\d[.,])(?:{either})(?!\w)(?![.,]\d)", re.IGNORECASE)

    def mark(text: str) -> Markup:
        pieces, done = [], 0
        for found in pattern.finditer(text):
            kind = Markup(' class="bad"') if str(found.lastgroup).startswith("bad") else ""
            pieces += [escape(text[done : found.start()]), Markup("<mark{}>{}</mark>").format(kind, found[0])]
            done = found.end()
        return Markup("").join([*pieces, escape(text[done:])])

    return mark


def _flexible(value: str) -> str:
    """A pattern for the ways `plain` holds equal: blanks, quotation marks, dashes, thousands."""
    alike = {" ": r"\s+", "'": "['’‘]", '"': '["“”]', "-": "[-–—]"}
    text = plain(value)
    pieces = []
    for place, char in enumerate(text):
        pieces.append(alike.get(char) or re.escape(char))
        digits = sum(1 for _ in itertools.takewhile(str.isdigit, text[place + 1 :]))
        if char.isdigit() and digits and digits % 3 == 0:
            pieces.append(r"[,\xa0\u2009\u202f]?")
    return "".join(pieces)
