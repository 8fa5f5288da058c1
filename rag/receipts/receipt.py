"""The receipt: what `rag ask --json` prints, and beyond it what was asked when, with which models and settings.

A receipt is JSON of this form, its keys in this order. `checksum` is the SHA-256 of everything else in it: it
tells of a later edit, but proves no author, for whoever edits can also renew it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag import __version__, prompts
from rag.config import Config
from rag.contract import answer_json
from rag.errors import InputError, RagError
from rag.models import ModelSpec, Registry
from rag.schema import AbstentionReason, Answer, ConflictKind, Support

FORMAT = 1
_MAX_BYTES = 50_000_000
_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What JSON allows as it is, but a terminal or an editor would obey."""
_ADVICE = (
    "give a file that `rag ask --export answer.json`, `rag ask --json` or the chat page (Export JSON) wrote"
)

Name = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Number = Annotated[int, Field(ge=1)]
Offset = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class CitedQuote(_Part):
    """A citation as `rag ask --json` has it, with what finds the article again in its file.

    `encoding` is that of the file, `article_characters` the length of the article; answers of `rag ask --json`
    have neither.
    """

    number: Number
    article_id: str
    external_id: str | None = None
    title: str
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    url: str | None = None
    source_path: Name
    source_hash: str
    encoding: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    content_hash: str
    article_characters: int | None = Field(None, ge=0)
    page: int | None = None
    start: Offset
    end: Offset
    source_start: Offset | None = None
    source_end: Offset | None = None
    quote: Annotated[str, Field(min_length=1)]

    @property
    def words(self) -> str:
        """The quote on one line."""
        return " ".join(self.quote.split())


class ReceiptStatement(_Part):
    """A sentence of the answer."""

    text: str
    support: Support
    citations: tuple[Number, ...]


class ReceiptValue(_Part):
    """One side of a conflict."""

    value: str
    citation: Number


class ReceiptConflict(_Part):
    """Values that differ."""

    about: str
    kind: ConflictKind
    values: tuple[ReceiptValue, ...]


class ReceiptEntry(_Part):
    """A line of the timeline."""

    date: date
    citation: Number
    text: str


class ReceiptAbstention(_Part):
    """Why there is no answer."""

    reason: AbstentionReason
    message: str


class ReceiptFilters(_Part):
    """Which articles the question could use, beside `as_of`."""

    date_from: date | None = Field(None, alias="from")
    date_to: date | None = Field(None, alias="to")
    outlet: str | None = None
    language: str | None = None


class ReceiptSettings(_Part):
    """The settings an answer depends on; `budget_seconds` is None where no clock decided anything."""

    extractive: bool
    budget_seconds: float | None
    hits: int
    evidence_sentences: int
    passage_tokens: int


class Receipt(_Part):
    """An answer as it was given. Of an answer of `rag ask --json` what that does not tell is None or empty."""

    format: int = Field(FORMAT, ge=1)
    version: str | None = None
    asked: datetime | None = None
    question: str
    rewritten: str
    as_of: date | None = None
    filters: ReceiptFilters = Field(default_factory=lambda: ReceiptFilters.model_validate({}))
    status: Literal["answered", "abstained"]
    abstention: ReceiptAbstention | None
    text: str
    statements: tuple[ReceiptStatement, ...]
    citations: tuple[CitedQuote, ...]
    conflicts: tuple[ReceiptConflict, ...] = ()
    timeline: tuple[ReceiptEntry, ...] = ()
    independent_sources: int = 0
    notes: tuple[str, ...] = ()
    models: dict[str, str] = {}
    fingerprints: dict[str, str] = {}
    prompt_hash: str | None = None
    settings: ReceiptSettings | None = None
    checksum: str | None = None

    def to_json(self) -> str:
        """The receipt as it is written: UTF-8, one field a line, without a character that a terminal obeys."""
        data = self.model_dump(mode="json", by_alias=True)
        data["checksum"] = checksum(data)
        return json_text(data)


def json_text(data: Mapping[str, Any]) -> str:
    """JSON as receipts are written."""
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def make_receipt(
    answer: Answer, config: Config, *, extractive: bool = False, asked: datetime | None = None
) -> Receipt:
    """The receipt of `answer`, which was asked under `config` at `asked` (default: now)."""
    data = answer_json(answer)
    filters, budget = answer.filters, config.budget_seconds
    citations = [
        {
            **row,
            "encoding": item.article.encoding,
            "article_characters": len(item.article.text),
        }
        for row, item in zip(data["citations"], answer.citations, strict=True)
    ]
    return Receipt.model_validate(
        {
            **data,
            "version": __version__,
            "asked": (asked or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
            "filters": {
                "from": filters.date_from,
                "to": filters.date_to,
                "outlet": filters.outlet,
                "language": filters.language,
            },
            "citations": citations,
            "fingerprints": _fingerprints(answer.models, config),
            "prompt_hash": prompts.load("answer").hash if "generator" in answer.models else None,
            "settings": {
                "extractive": extractive,
                "budget_seconds": budget if math.isfinite(budget) else None,
                "hits": config.hits,
                "evidence_sentences": config.evidence_sentences,
                "passage_tokens": config.passage_tokens,
            },
        }
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file holds: one answer or, with a `title`, those of a conversation as the chat page exports it.

    Beside each receipt stands what in it does not fit together, signs that it was edited; `edits` are those of
    the conversation as a whole.
    """

    answers: tuple[tuple[Receipt, tuple[str, ...]], ...]
    title: str | None = None
    edits: tuple[str, ...] = ()


def load(path: Path) -> Kept:
    """The receipt, or the conversation of receipts, at `path`.

    Raises `InputError` when it is neither, or one of a newer format.
    """
    data = _read(path)
    if "receipts" not in data:
        return Kept((_receipt(path, data),))
    rows = data["receipts"]
    if not isinstance(rows, list):
        raise InputError(f"{path}: receipts: is not a list; {_ADVICE}")
    answers = tuple(_receipt(path, row, "receipts", place) for place, row in enumerate(rows))
    return Kept(answers, str(data.get("title", "")), tuple(_edited(data)))


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path}: over {_MAX_BYTES / 1e6:.0f} MB, which no receipt is; {_ADVICE}")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {_ADVICE}") from error
    except (ValueError, RecursionError) as error:  # bad UTF-8, bad JSON, a number of 5,000 digits
        raise InputError(f"{path}: is not JSON ({str(error)[:100]}); {_ADVICE}") from error
    _check_form(path, data)
    return dict(data)


def _check_form(path: Path, data: Any) -> None:
    """Raises `InputError` where `data` is no object, or of a newer format."""
    if not isinstance(data, dict):
        raise InputError(f"{path}: is not a receipt; {_ADVICE}")
    written = data.get("format", FORMAT)
    if isinstance(written, int) and written > FORMAT:
        raise InputError(
            f"{path}: written by a newer version of Footnote (format {written}, this one reads up to "
            f"{FORMAT}); upgrade to verify it"
        )


def _receipt(path: Path, data: Any, *place: str | int) -> tuple[Receipt, tuple[str, ...]]:
    """The receipt that `data` at `place` in the file is, and what in it does not fit together."""
    _check_form(path, data)
    try:
        receipt = Receipt.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (*place, *first["loc"]))) or "receipt"
        raise InputError(f"{path}: {where}: {first['msg'].lower()}; {_ADVICE}") from error
    return receipt, tuple(_misfits(receipt, data))


def checksum(data: Mapping[str, Any]) -> str:
    """The SHA-256 of a receipt's JSON without its checksum, whatever the order and spacing of its keys."""
    rest = {key: value for key, value in data.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differences(receipt: Receipt, config: Config) -> tuple[str, ...]:
    """What an answer would be made with today that it was not made with then: version, models, prompt."""
    found = []
    if receipt.version not in (None, __version__):
        found.append(f"Footnote was {receipt.version}, is {__version__}")
    if receipt.prompt_hash not in (None, now := prompts.load("answer").hash):
        found.append(f"the prompt was {receipt.prompt_hash}, is {now}")
    try:
        registry = Registry.load(config)
    except RagError as error:
        return (*found, f"the models cannot be compared: {error}")
    known = {spec.name: spec for spec in registry.specs()}
    chosen = {"embedder": config.embedder, "scorer": config.scorer, "generator": config.model}
    for kind, override in chosen.items():
        name = receipt.models.get(kind)
        if name is None:
            continue
        spec, pinned = known.get(name), receipt.fingerprints.get(kind)
        if spec is None:
            found.append(f"the {kind} {name!r} is not known here")
        elif pinned is not None and _fingerprint(spec) != pinned:
            found.append(f"the {kind} {name!r} has other weights")
        try:
            current = registry.current(kind, override).name  # type: ignore[arg-type]
        except RagError as error:
            found.append(str(error))
        else:
            if current != name:
                found.append(f"the {kind} was {name!r}, is {current!r}")
    return tuple(found)


def _fingerprints(models: Mapping[str, str], config: Config) -> dict[str, str]:
    """A digest of each model's pinned files; servers and models that are not registered have none."""
    known = {spec.name: spec for spec in Registry.load(config).specs()}
    found = {role: _fingerprint(known[name]) for role, name in models.items() if name in known}
    return {role: digest for role, digest in found.items() if digest is not None}


def _fingerprint(spec: ModelSpec) -> str | None:
    if not spec.sha256:
        return None
    pinned = "".join(f"{digest}  {name}\n" for name, digest in sorted(spec.sha256.items()))
    return hashlib.sha256(pinned.encode()).hexdigest()


def _edited(data: Mapping[str, Any]) -> Iterator[str]:
    if "format" in data and data.get("checksum") != checksum(data):
        yield "it was edited after it was written: its checksum does not fit"


def _misfits(receipt: Receipt, data: Mapping[str, Any]) -> Iterator[str]:
    yield from _edited(data)
    quotes = {item.number: item for item in receipt.citations}
    if len(quotes) < len(receipt.citations):
        yield "two citations have the same number"
    cited = [number for item in receipt.statements for number in item.citations]
    cited += [value.citation for item in receipt.conflicts for value in item.values]
    cited += [item.citation for item in receipt.timeline]
    for number in sorted(set(cited) - set(quotes)):
        yield f"[{number}] is cited, but there is no such citation"
    for place, statement in enumerate(receipt.statements, start=1):
        if not statement.citations:
            yield f"sentence {place} cites nothing"
        elif statement.support == "verbatim" and not _is_quoted(statement, quotes):
            yield f"sentence {place} is said to be the source's own words, but stands in no quote that it cites"
    for item in receipt.citations:
        yield from _misplaced(item)
    if (receipt.status == "abstained") != (receipt.abstention is not None):
        yield "its status does not fit its abstention"
    elif receipt.text != _text(receipt):
        yield "its text is not that of its sentences"


def _is_quoted(statement: ReceiptStatement, quotes: Mapping[int, CitedQuote]) -> bool:
    text = " ".join(statement.text.split())
    return any(text in quotes[number].words for number in statement.citations if number in quotes)


def _misplaced(item: CitedQuote) -> Iterator[str]:
    if item.end - item.start != len(item.quote):
        yield f"[{item.number}]: its offsets are not as long as its quote"
    if item.source_start is None or item.source_end is None:
        if item.source_start != item.source_end:
            yield f"[{item.number}]: only one of its offsets in the file is given"
    elif item.source_end - item.source_start != len(item.quote) or item.source_start < item.start:
        yield f"[{item.number}]: its offsets in the file do not fit those in the article"


def _text(receipt: Receipt) -> str:
    if receipt.abstention is not None:
        return receipt.abstention.message
    parts: Sequence[str] = [
        item.text + "".join(f"[{number}]" for number in item.citations) for item in receipt.statements
    ]
    return " ".join(parts)
