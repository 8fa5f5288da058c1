"""`Assistant`: one object that ingests, searches and answers. The one place that chooses collaborators."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Lock

from rag.articles import checked_value, decode_source, discover, source_bytes, split_at
from rag.assistant.composing import Composition, compose
from rag.assistant.gist import gist
from rag.assistant.steps import timed
from rag.assistant.wiring import Lazy, make_embedder, make_generator, make_scorer, runs_here
from rag.assistant.wording import OnModel, Wording
from rag.attribution import Ground, abstain, grounds
from rag.config import Config
from rag.errors import InputError
from rag.index import IndexReader, IndexWriter, check, has_index
from rag.index.words import Analyzer
from rag.ingest import OnProgress, ingest, publish, rebuild, undo_command
from rag.models import Registry
from rag.protocols import Embedder, Generator, Scorer
from rag.retrieval import Retriever, rewrite
from rag.schema import (
    NO_FILTERS,
    Answer,
    Article,
    ArticleRow,
    CheckReport,
    Filters,
    History,
    IngestReport,
    Removed,
    SearchResult,
    Timing,
)

_MAX_NAMED = 3


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
        self._embedder = Lazy(embedder)
        self._generator = Lazy(generator)
        self._scorer = Lazy(scorer)
        self._analyzer = Analyzer()
        self._reader: IndexReader | None = None
        self._lock = Lock()
        self._others: list[Assistant] = []
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
        for assistant in (self, *self._others):
            with assistant._lock:
                if assistant._reader is not None:
                    assistant._reader.close()
                    assistant._reader = None
        self._analyzer.close()

    def over(self, index_dir: Path) -> Assistant:
        """The same models over another index; it ends when this one is closed, and is not closed itself."""
        other = copy(self)
        other.config, other._reader, other._lock = replace(self.config, index_dir=index_dir), None, Lock()
        self._others.append(other)
        return other

    def use_model(self, name: str) -> None:
        """Word answers with the language model `name` from the next question on; it is loaded then.

        An answer that the one before is still wording ends with what stands.
        Raises `ModelMissing` when no language model is called so.
        """
        registry, config = Registry.load(self.config), self.config
        spec = registry.get(name, "generator")
        others = (registry.current("embedder", config.embedder), registry.current("scorer", config.scorer))
        with self._lock:
            before, generator = self._generator, Lazy[Generator](lambda: make_generator(spec, config))
            for assistant in (self, *self._others):
                assistant._generator = generator
                assistant.offline = all(runs_here(each) for each in (spec, *others))
            self.models["generator"] = spec.name  # the others share it
        if before.made is not None:
            before.made.close()

    # Articles

    def ingest(
        self,
        paths: Sequence[Path | str],
        *,
        on_progress: OnProgress | None = None,
        bring_back: bool = True,
    ) -> IngestReport:
        """Bring the index in line with the files under `paths`.

        What was removed by hand stays away, but for files and folders that `paths` names (unless not to `bring_back`).
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
                bring_back=bring_back,
            )

    def articles(self) -> list[ArticleRow]:
        """The indexed articles without their text, newest first; empty when there is no index yet."""
        return self._open_reader().articles() if has_index(self.config.index_dir) else []

    def article(self, article_id: str) -> Article | None:
        """The article of this id with its text; None where there is none."""
        return self._open_reader().article(article_id) if has_index(self.config.index_dir) else None

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

        They stay away: articles whatever file holds their text, files until they are named (see `ingest`).
        Raises `InputError` when a target is neither, and then removes nothing.
        """
        rows = self.articles()
        known_ids = {row.article.id for row in rows}
        with self._writer() as writer:
            under: dict[str, list[str]] = {}
            ids = []
            for target in targets:
                place = Path(target).expanduser().absolute()
                files = [path for path in writer.files() if Path(path).is_relative_to(place)]
                if target in known_ids:
                    ids.append(target)
                elif files:
                    under[str(place)] = files
                else:
                    raise InputError(f"{target}: no such article or file in the index; see `rag articles`")
            removed = sum(writer.remove_files(paths, asked=asked) for asked, paths in under.items())
            removed += sum(writer.remove_article(name) for name in ids)
            publish(writer)
        return removed

    def restore(self, targets: Sequence[str]) -> IngestReport:
        """Bring back what was removed: an article by its id, or all that was removed of a file or folder.

        The bare name of a file will do where only one is called so. Of the report, `added` counts each article once,
        however many files hold it. Raises `InputError` when nothing of a target was removed, and `ArticleError` when
        no file of it is there any more; then nothing comes back, and it may be tried again.
        """
        before = {row.article.id for row in self.articles()}
        with self._writer() as writer:
            removals = []
            for target in targets:
                found = writer.removal(target)
                if found is None:
                    raise InputError(_not_removed(target, self.removed()))
                removals.append(found)
            files = list(dict.fromkeys(path for found in removals for path in found.files))
            files = [path for path in files if Path(path).exists()] or files
            discover(files)  # raises before anything is forgotten
            writer.restore(removals)
        report = self.ingest(files)
        return replace(report, added=sum(row.article.id not in before for row in self.articles()))

    def removed(self) -> list[Removed]:
        """What a person removed and may have back, by file and title; empty when there is no index yet."""
        return self._open_reader().kept_away() if has_index(self.config.index_dir) else []

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
        on_model: OnModel | None = None,
    ) -> Iterator[Answer]:
        """Answers to `question`, each whole, checked and better than the one before.

        The first is the verified extract (or the abstention); what the model chooses replaces it, and its wording
        only once it is checked. When `budget_seconds` are over, what stands is the answer; with an infinite budget no
        clock decides anything. Closing the iterator stops the model; to stop it while another thread waits
        for the next answer, `on_model` is given a function to call.
        """
        started = time.perf_counter()
        budget = self.config.budget_seconds if budget_seconds is None else budget_seconds
        warm = None if extractive else self._background.submit(self._warm_generator)
        rewritten = rewrite(question, history)
        retriever = self._retriever()
        result = retriever.search(
            rewritten,
            hits=self.config.hits,
            filters=filters,
            evidence=2 * self.config.evidence_sentences,
            is_follow_up=rewritten != question,
        )
        reader = retriever.reader
        asked = retriever.parsed(result.question, filters)
        if asked.summary:
            found = gist(asked, result.hits, reader, self._embedder.get(), self._analyzer)
        else:
            found = grounds(result.evidence, reader.sentences)
        plain = Answer(
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

        def answered(evidence: Sequence[Ground]) -> tuple[Composition, Answer]:
            composed = compose(asked, evidence, self._analyzer)
            if composed.checked:
                return composed, composed.applied(plain)
            quoted = composed.quoted and composed.quoted.abstention
            nothing = quoted or abstain(result, filters=filters, articles=reader.manifest.articles)
            return composed, replace(plain, abstention=nothing)

        composed, answer = answered(found)
        answer = timed(answer, started, first=True)
        yield answer
        by_code = composed.dated or composed.quoted or asked.summary
        if warm is not None and found and not by_code:
            wording = Wording(warm, asked, self._analyzer, self._scorer.get(), started, budget, on_model)
            most = self.config.evidence_sentences
            yield from wording.answers(answer, found, composed, answered, most=most)

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


def _not_removed(target: str, removed: Sequence[Removed]) -> str:
    """Why nothing is brought back, and what could be: first what comes from files that are called like `target`."""
    paths = dict.fromkeys(item.path for item in removed)
    likely = sorted(paths, key=lambda path: Path(path).name != Path(target).name)[:_MAX_NAMED]
    known = ", ".join(undo_command(path) for path in likely)
    return f"{target}: nothing that was removed goes by this name; " + (
        f"what can be brought back: {known}" if known else "nothing was removed that could be brought back"
    )
