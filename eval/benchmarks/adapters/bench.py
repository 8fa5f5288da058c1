"""The bench that all adapters work on: documents in, rankings and replies out, failures counted, never dropped."""

from __future__ import annotations

import json
import logging
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rag.assistant import Assistant
from rag.cli.running import bar, ingest_bar
from rag.config import Config
from rag.errors import InputError, RagError
from rag.ingest import OnProgress
from rag.schema import NO_FILTERS, Answer, Filters, Hit

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_FOLDER = "benchmark"
"""Inside the index folder, so that the index and the files its citations point to stay together."""
_DOCUMENTS_PER_FILE = 500
"""rag commits file by file: a run that is killed loses at most this many documents."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a benchmark, under the field names that rag reads from JSONL."""

    id: str
    text: str
    title: str = ""
    published: str | None = None
    outlet: str | None = None
    author: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Something an answer says, with the ids of the documents that it cites for it."""

    text: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a question: claims, an abstention, or an error (then it neither answered nor abstained).

    `values` are the sides of conflicts, which are shown beside the claims.
    """

    claims: tuple[Claim, ...] = ()
    values: tuple[Claim, ...] = ()
    abstained: bool = False
    error: str | None = None

    @property
    def answered(self) -> bool:
        """Whether it says anything."""
        return bool(self.claims)

    @property
    def text(self) -> str:
        """All claims, without markers; empty for an abstention or an error."""
        return " ".join(claim.text for claim in self.claims)

    def record(self) -> dict[str, Any]:
        """The reply for the report."""
        said = {"claims": self.claims, "values": self.values}
        return {
            "abstained": self.abstained,
            **{
                kind: [{"text": item.text, "documents": list(item.documents)} for item in items]
                for kind, items in said.items()
            },
            **({"error": self.error} if self.error else {}),
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What an adapter found: its measures, and what each rests on, a record a question."""

    scores: dict[str, Any]
    data: list[dict[str, Any]] = field(default_factory=list)


class Bench:
    """One run on one assistant; `failed` counts questions that raised, `unread` documents that rag refused."""

    def __init__(
        self,
        assistant: Assistant,
        *,
        limit: int | None = None,
        extractive: bool = False,
        budget_seconds: float = math.inf,
        keeps_index: bool = False,
    ) -> None:
        """`keeps_index` says that the index is the user's and outlives the run.

        Without a budget no clock takes part in an answer, so a busy machine scores like an idle one.
        """
        self.documents = 0
        self.unread = 0
        self.failed = 0
        self._assistant = assistant
        self._limit = limit
        self._extractive = extractive
        self._budget_seconds = budget_seconds
        self._keeps_index = keeps_index
        self._seconds: list[float] = []

    @classmethod
    @contextmanager
    def open(
        cls,
        *,
        index: Path | None = None,
        limit: int | None = None,
        model: str | None = None,
        extractive: bool = False,
        budget_seconds: float = math.inf,
    ) -> Iterator[Bench]:
        """A bench with rag's own settings; without `index` in a folder that goes at the end."""
        with ExitStack() as stack:
            folder = index
            if folder is None:
                scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="footnote-bench-"))
                folder = Path(scratch) / "index"
            config = Config.load(index_dir=folder, model=model)
            assistant = stack.enter_context(Assistant.open(config))
            yield cls(
                assistant,
                limit=limit,
                extractive=extractive,
                budget_seconds=budget_seconds,
                keeps_index=index is not None,
            )

    # Documents

    def load(self, documents: Iterable[Document]) -> None:
        """Make the index hold exactly `documents`, for all questions; what is unchanged in it is kept.

        Raises `InputError` when the index holds other articles, two documents share an id, or none has text.
        """
        with ingest_bar() as on_progress:
            self._hold(documents, on_progress)

    def swap(self, documents: Iterable[Document]) -> None:
        """Make the index hold exactly `documents`, for the next question: a few take about 0.2 s.

        Raises `InputError` like `load`, and when the index is to be kept.
        """
        if self._keeps_index:
            raise InputError("this benchmark makes a small index for each question; leave out --index")
        self._hold(documents, None)

    def _hold(self, documents: Iterable[Document], on_progress: OnProgress | None) -> None:
        folder = (self._assistant.config.index_dir / _FOLDER).absolute()
        for row in self._assistant.articles():
            if not Path(row.article.source_path).is_relative_to(folder):
                raise InputError(
                    f"{self._assistant.config.index_dir}: holds articles that are not of a benchmark, such as "
                    f"{row.article.source_path}; give --index another folder"
                )
        try:
            written, empty = _write(documents, folder)
        except OSError as error:
            raise InputError(
                f"{folder}: cannot be written ({error.strerror}); give --index another folder"
            ) from error
        report = self._assistant.ingest([folder], on_progress=on_progress)
        self.documents += written + empty
        self.unread += written + empty - report.articles
        if report.failed:
            _log.warning("%s: %s", report.failed[0].path, report.failed[0].reason)

    # Questions

    def each(self, items: Sequence[_T], *, label: str = "asking") -> Iterator[_T]:
        """The items, or as many as the limit allows, evenly spread; with a progress bar on standard error."""
        count = len(items) if self._limit is None else min(self._limit, len(items))
        chosen = [items[place * len(items) // count] for place in range(count)]
        with bar(label) as advance:
            for done, item in enumerate(chosen, start=1):
                yield item
                advance(done, len(chosen))

    def hits(self, question: str, *, k: int, filters: Filters = NO_FILTERS) -> tuple[Hit, ...]:
        """The best `k` passages; none when the search fails."""
        found = self._timed(lambda: self._assistant.search(question, k=k, filters=filters))
        return () if isinstance(found, RagError) else found.hits

    def ranked(self, question: str, *, passages: int, filters: Filters = NO_FILTERS) -> list[str]:
        """The ids of the documents of the best `passages`, each where its first passage stands."""
        hits = self.hits(question, k=passages, filters=filters)
        return list(dict.fromkeys(_id(hit.article.external_id) for hit in hits))

    def ask(self, question: str, *, filters: Filters = NO_FILTERS) -> Reply:
        """The reply to `question`; an error is counted and told in it."""
        answer = self._timed(
            lambda: self._assistant.ask(
                question,
                filters=filters,
                extractive=self._extractive,
                budget_seconds=self._budget_seconds,
            )
        )
        if isinstance(answer, RagError):
            return Reply(error=str(answer))
        return _reply(answer)

    @property
    def seconds_p50(self) -> float | None:
        """The median time of a search or an answer."""
        return round(statistics.median(self._seconds), 3) if self._seconds else None

    def _timed(self, do: Callable[[], _T]) -> _T | RagError:
        started = time.perf_counter()
        try:
            done = do()
        except RagError as error:
            _log.warning("%s", error)
            self.failed += 1
            return error
        self._seconds.append(time.perf_counter() - started)
        return done


def _reply(answer: Answer) -> Reply:
    """Statements, and the values of conflicts, with the documents that they cite."""
    if answer.abstention is not None:
        return Reply(abstained=True)
    cited = {item.number: _id(item.article.external_id) for item in answer.citations}

    def claim(text: str, numbers: Iterable[int]) -> Claim:
        return Claim(text, tuple(dict.fromkeys(cited[number] for number in numbers)))

    return Reply(
        tuple(claim(item.text, item.citations) for item in answer.statements),
        tuple(
            claim(item.value, [item.citation]) for conflict in answer.conflicts for item in conflict.values
        ),
    )


def _id(external_id: str | None) -> str:
    assert external_id is not None, "every document was written with an id"
    return external_id


def _write(documents: Iterable[Document], folder: Path) -> tuple[int, int]:
    """Write the documents as JSONL into `folder`; returns how many were written, and how many have no words.

    A file that would not change is left alone, so that the index need not read it again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    lines: list[str] = []
    files: set[Path] = set()
    written = empty = 0

    def flush() -> None:
        path = folder / f"documents-{len(files):04}.jsonl"
        data = "".join(lines).encode("utf-8", "surrogatepass")
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)
        files.add(path)
        lines.clear()

    for document in documents:
        if document.id in seen:
            raise InputError(f"two documents have the id {document.id!r}; download the data again")
        seen.add(document.id)
        text = document.text if document.text.strip() else document.title
        if not text.strip():
            empty += 1
            continue
        lines.append(json.dumps(asdict(document) | {"text": text}) + "\n")
        written += 1
        if len(lines) == _DOCUMENTS_PER_FILE:
            flush()
    if lines:
        flush()
    if not written:
        raise InputError("no document has any text; download the data again")
    for path in set(folder.glob("documents-*.jsonl")) - files:
        path.unlink()
    return written, empty
