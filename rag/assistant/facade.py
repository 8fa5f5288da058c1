"""`Assistant`: one object that ingests, searches and answers. The one place that chooses collaborators."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from rag.articles import checked_value, decode_source, source_bytes, split_at
from rag.assistant.composing import compose
from rag.assistant.steps import ANSWER_TOKENS, Counted, fitted, noted, timed, with_statements
from rag.assistant.wiring import make_embedder, make_generator, make_scorer, runs_here
from rag.attribution import (
    Checked,
    Ground,
    abstain,
    check_draft,
    choose,
    grounds,
    split_draft,
)
from rag.config import Config
from rag.errors import InputError, ModelError
from rag.index import IndexReader, IndexWriter, check, has_index
from rag.index.words import Analyzer
from rag.ingest import OnProgress, ingest, publish, rebuild
from rag.models import Registry
from rag.protocols import Embedder, Generator, Scorer
from rag.retrieval import Question, Retriever, rewrite
from rag.schema import (
    NO_FILTERS,
    Answer,
    ArticleRow,
    CheckReport,
    Filters,
    History,
    IngestReport,
    SearchResult,
    Timing,
    Tokens,
)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_MIN_GENERATION_SECONDS = 0.5
"""With less time than this left the model is not asked at all."""


def _timeout(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds


class _Lazy(Generic[_T]):
    """A collaborator made when it is first needed; a failure is raised each time it is asked for."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._lock = Lock()
        self.made: _T | None = None

    def get(self) -> _T:
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made


class Assistant:
    """Answers questions over one index. Thread-safe; close it when done."""

    def __init__(
        self,
        config: Config,
        *,
        embedder: Callable[[], Embedder],
        generator: Callable[[], Generator],
        scorer: Callable[[], Scorer],
        models: Mapping[str, str] | None = None,
        offline: bool = True,
    ) -> None:
        """`embedder`, `generator` and `scorer` make the models; they are called when first needed.

        `models` names them for people; `offline` says that both run on this machine.
        """
        self.config = config
        self.models = dict(models or {})
        self.offline = offline
        self._embedder = _Lazy(embedder)
        self._generator = _Lazy(generator)
        self._scorer = _Lazy(scorer)
        self._analyzer = Analyzer()
        self._reader: IndexReader | None = None
        self._lock = Lock()
        self._background = ThreadPoolExecutor(2, thread_name_prefix="warm")

    @classmethod
    def open(cls, config: Config) -> Assistant:
        """An assistant with the models that `config` or the registry choose. It loads nothing yet.

        Raises `ModelMissing` or `ConfigError` when a chosen model is not known.
        """
        registry = Registry.load(config)
        embedder = registry.current("embedder", config.embedder)
        generator = registry.current("generator", config.model)
        scorer = registry.current("scorer", config.scorer)
        return cls(
            config,
            embedder=lambda: make_embedder(embedder, config),
            generator=lambda: make_generator(generator, config),
            scorer=lambda: make_scorer(scorer, config),
            models={"embedder": embedder.name, "scorer": scorer.name, "generator": generator.name},
            offline=all(runs_here(spec) for spec in (embedder, scorer, generator)),
        )

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free models and files; it may be called twice."""
        self._background.shutdown(wait=True, cancel_futures=True)
        if self._generator.made is not None:
            self._generator.made.close()
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        self._analyzer.close()

    # Articles

    def ingest(self, paths: Sequence[Path | str], *, on_progress: OnProgress | None = None) -> IngestReport:
        """Bring the index in line with the files under `paths`.

        Raises `ArticleError` for paths that hold nothing readable, `IndexLocked` while another process
        writes, `IndexMismatch` when the index was built with another embedder.
        """
        with self._writer() as writer:
            return ingest(
                paths,
                writer=writer,
                embedder=self._embedder.get(),
                passage_tokens=self.config.passage_tokens,
                max_bytes=self.config.max_file_megabytes * 1_000_000,
                on_progress=on_progress,
            )

    def articles(self) -> list[ArticleRow]:
        """The indexed articles without their text, newest first; empty when there is no index yet."""
        return self._open_reader().articles() if has_index(self.config.index_dir) else []

    def split(
        self, path: Path | str, *, begin: Sequence[int] = (), join: Sequence[int] = (), reset: bool = False
    ) -> list[ArticleRow]:
        """Correct by hand where the articles of an ingested text file begin; returns its articles.

        `begin` and `join` are line numbers (from 1): an article begins there, or does not. `reset` forgets
        earlier corrections of the file. They survive later ingests.
        Raises `InputError` for a file that is not indexed or a line that is not there.
        """
        name = str(Path(path).expanduser().absolute())
        if begin or join or reset:
            with self._writer() as writer:
                if name not in writer.files():
                    raise InputError(f"{path}: not in the index; ingest it first, see `rag articles`")
                limit = self.config.max_file_megabytes * 1_000_000
                encodings = [row.article.encoding for row in self._rows_of(name) if row.article.encoding]
                if not encodings:
                    raise InputError(f"{path}: only plain text and Markdown can be split by hand")
                text = decode_source(source_bytes(name, max_bytes=limit), encodings[0])
                splits = [split_at(text, line, begins=True) for line in begin]
                splits += [split_at(text, line, begins=False) for line in join]
                writer.set_splits(name, splits, reset=reset)
            self.ingest([name])
        rows = self._rows_of(name)
        if not rows:
            raise InputError(f"{path}: not in the index; ingest it first, see `rag articles`")
        return rows

    def _rows_of(self, path: str) -> list[ArticleRow]:
        rows = [row for row in self.articles() if row.article.source_path == path]
        return sorted(rows, key=lambda row: row.article.source_start or 0)

    def correct(self, article_id: str, values: Mapping[str, str]) -> ArticleRow:
        """Correct an article's metadata by hand (an empty value: unknown); it survives later ingests.

        Raises `InputError` for an unknown article, field or date.
        """
        checked = {field: checked_value(field, value) for field, value in values.items()}
        if not checked:
            raise InputError("nothing to correct; give at least one field, such as --outlet")
        with self._writer() as writer:
            row = next((row for row in self.articles() if row.article.id == article_id), None)
            paths = writer.set_corrections(article_id, checked)
        if row is None or not paths:
            raise InputError(f"{article_id}: no such article; see `rag articles`")
        self.ingest(paths)
        before = row.article
        return next(
            row
            for row in self.articles()
            if (row.article.content_hash, row.article.source_path, row.article.source_start)
            == (before.content_hash, before.source_path, before.source_start)
        )

    def remove(self, targets: Sequence[str]) -> int:
        """Forget articles by id, or files and folders by path; returns how many articles went.

        Raises `InputError` when a target is neither, and then removes nothing.
        """
        rows = self.articles()
        known_ids = {row.article.id for row in rows}
        with self._writer() as writer:
            paths, ids = [], []
            for target in targets:
                place = Path(target).expanduser().absolute()
                under = [path for path in writer.files() if Path(path).is_relative_to(place)]
                if target in known_ids:
                    ids.append(target)
                elif under:
                    paths.extend(under)
                else:
                    raise InputError(f"{target}: no such article or file in the index; see `rag articles`")
            removed = writer.remove_files(paths) + sum(writer.remove_article(name) for name in ids)
            publish(writer)
        return removed

    def check(
        self, *, repair: bool = False, on_article: Callable[[int, int], None] | None = None
    ) -> CheckReport:
        """Verify the index; with `repair`, rebuild what readers use from the library first."""
        if repair:
            with self._writer(repair=True) as writer:
                rebuild(writer)
        return check(self.config.index_dir, on_article=on_article)

    def _writer(self, *, repair: bool = False) -> IndexWriter:
        embedder = self._embedder.get()
        return IndexWriter(
            self.config.index_dir,
            embedder=embedder.name,
            fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            repair=repair,
        )

    # Questions

    def search(
        self, question: str, *, k: int | None = None, filters: Filters = NO_FILTERS, evidence: int = 0
    ) -> SearchResult:
        """The best `k` passages for `question`, and the best `evidence` sentences.

        Raises `InputError` for an empty question or senseless filters, `IndexMissing` without an index.
        """
        count = self.config.hits if k is None else k
        if count < 1:
            raise InputError(f"-k must be at least 1, not {count}")
        return self._retriever().search(question, hits=count, filters=filters, evidence=evidence)

    def ask(
        self,
        question: str,
        *,
        filters: Filters = NO_FILTERS,
        history: History = (),
        budget_seconds: float | None = None,
        extractive: bool = False,
    ) -> Answer:
        """The checked answer to `question`, or an abstention."""
        snapshots = self.stream(
            question, filters=filters, history=history, budget_seconds=budget_seconds, extractive=extractive
        )
        *_, last = snapshots
        return last

    def stream(
        self,
        question: str,
        *,
        filters: Filters = NO_FILTERS,
        history: History = (),
        budget_seconds: float | None = None,
        extractive: bool = False,
    ) -> Iterator[Answer]:
        """Answers to `question`, each whole, checked and better than the one before.

        The first is the verified extract (or the abstention); the model's wording replaces it only once it
        is checked. When `budget_seconds` are over, what stands is the answer; with an infinite budget no
        clock decides anything. Closing the iterator stops the model.
        """
        started = time.perf_counter()
        budget = self.config.budget_seconds if budget_seconds is None else budget_seconds
        warm = None if extractive else self._background.submit(self._warm_generator)
        rewritten = rewrite(question, history)
        retriever = self._retriever()
        result = retriever.search(
            rewritten, hits=self.config.hits, filters=filters, evidence=2 * self.config.evidence_sentences
        )
        reader = retriever.reader
        found = grounds(result.evidence, reader.sentences)
        composed = compose(Question.parse(result.question), found, self._analyzer)
        answer = Answer(
            question=" ".join(question.split()),
            rewritten=result.question,
            filters=filters,
            statements=(),
            citations=(),
            hits=result.hits,
            notes=result.notes,
            models={"embedder": self._embedder.get().name, "scorer": self._scorer.get().name},
            seconds=Timing(retrieval=result.seconds),
        )
        if not composed.checked:
            answer = replace(
                answer, abstention=abstain(result, filters=filters, articles=reader.manifest.articles)
            )
            yield timed(answer, started, first=True)
            return
        answer = timed(composed.applied(answer), started, first=True)
        yield answer
        if warm is not None and not composed.is_final:
            given = found[: self.config.evidence_sentences]
            yield from self._worded(answer, given, composed.checked, warm, started, budget)

    def _worded(
        self,
        answer: Answer,
        found: Sequence[Ground],
        extracted: Sequence[Checked],
        warm: Future[Generator],
        started: float,
        budget: float,
    ) -> Iterator[Answer]:
        """The model's wording of `answer`, as far as it stands up to the check."""
        left = budget - (time.perf_counter() - started)
        if left < _MIN_GENERATION_SECONDS:
            yield timed(noted(answer, "No time was left for the model's wording."), started)
            return
        begun = time.perf_counter()
        notes: list[str] = []
        kept: list[Checked] = []
        dropped = 0
        in_kind = Question.parse(answer.rewritten).answered_in_kind
        try:
            generator = warm.result(timeout=_timeout(left))
            prompt = fitted(generator, answer.rewritten, found)
            if len(prompt.used) < len(found):
                left_out = len(found) - len(prompt.used)
                notes.append(f"{left_out} evidence sentences did not fit the model's context.")
            left = budget - (time.perf_counter() - started)
            pieces = generator.stream(
                prompt.messages, max_tokens=ANSWER_TOKENS, timeout_seconds=_timeout(max(left, 0.1))
            )
            counted = Counted(pieces)
            try:
                for checked, why in check_draft(
                    split_draft(counted), prompt.used, self._analyzer, self._scorer.get()
                ):
                    if checked is None:
                        dropped += 1
                        _log.debug("dropped a drafted sentence: %s", "; ".join(why))
                        continue
                    kept.append(checked)
                    if choose(kept, extracted, in_kind) is kept:
                        yield timed(with_statements(answer, kept), started)
            finally:
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
            answer = replace(
                answer,
                models={**answer.models, "generator": generator.name},
                tokens=Tokens(prompt.tokens, counted.count),
            )
        except TimeoutError:
            notes.append("The model was not ready in time.")
        except ModelError as error:
            _log.warning("%s", error)
            notes.append(f"The language model did not help: {error}. The answer is the sources' own words.")
        if dropped:
            sentences = "1 sentence" if dropped == 1 else f"{dropped} sentences"
            notes.append(f"{sentences} of the model's draft did not stand up to the check and was dropped.")
        if time.perf_counter() - started >= budget:
            notes.append(f"The model's wording was cut at {budget:g} s.")
        final = with_statements(answer, choose(kept, extracted, in_kind))
        timing = replace(final.seconds, generation=time.perf_counter() - begun)
        yield timed(noted(replace(final, seconds=timing), *notes), started)

    def _warm_generator(self) -> Generator:
        generator = self._generator.get()
        start = getattr(generator, "start", None)
        if start is not None:
            start()
        return generator

    def _retriever(self) -> Retriever:
        reader, embedder = self._open_reader(), self._embedder.get()
        reader.require(embedder)
        return Retriever(reader, embedder, self._analyzer, self._scorer.get())

    def _open_reader(self) -> IndexReader:
        """The newest generation; a question under way keeps the one it began with."""
        with self._lock:
            if self._reader is None or not self._reader.is_current(self.config.index_dir):
                self._reader = IndexReader(self.config.index_dir)
            return self._reader
