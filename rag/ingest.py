"""Files -> index: read, split, embed, store, mark copies; incremental, resumable, one bad file stops no batch."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from rag import chunking
from rag.articles import Discovery, ReadResult, Source, apply_values, discover, duplicates, read
from rag.errors import ArticleError
from rag.index import ArticleParts, FileState, IndexWriter, Manifest
from rag.protocols import Embedder
from rag.schema import Article, FileFailure, IngestReport, Progress

OnProgress = Callable[[Progress], None]

READER_VERSION = 4
"""Raise it with every change in what is made of an unchanged file: by the readers, the splitter of digests, the reader
of heads, the rules for sentences, speakers and passages, or the signatures of copies. Files that another version read
are read anew at the next ingest; passages that stay as they were keep their vectors."""
_BATCH_PASSAGES = 256
"""Passages embedded and committed together: a kill costs at most this much work."""
_BATCH_SIGNATURES = 1000
_PUBLISH_SECONDS = 60.0
"""While a pile is read, what is done so far becomes visible this often, unless publishing it takes long."""
_PUBLISH_PAUSE = 9.0
"""Times what the last publication took: each writes the whole index anew (100,000 passages: 5 s, a million: minutes),
and a tenth of the time at most may go there."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read and waits for its batch."""

    state: FileState
    parts: list[ArticleParts]
    left_out: list[Article]
    """What else lies in the file, and a person removed."""


def ingest(
    paths: Sequence[Path | str],
    *,
    writer: IndexWriter,
    embedder: Embedder,
    passage_tokens: int,
    max_bytes: int,
    on_progress: OnProgress | None = None,
    bring_back: bool = True,
) -> IngestReport:
    """Bring the index in line with the files under `paths`, and publish.

    Unchanged files cost a `stat`; files that vanished from a named folder are removed. Articles that a person removed
    stay away. So do files, unless `paths` names them, or the folder they were removed with, and `bring_back` is set.
    Raises `ArticleError` when nothing readable was named.
    """
    started = time.perf_counter()
    found = discover(paths)  # first: it refuses what is no usable path
    asked = {str(Path(path).expanduser().absolute()) for path in paths} if bring_back else set()
    return _Ingest(writer, embedder, passage_tokens, max_bytes, on_progress or (lambda _: None), started).run(
        found, asked
    )


def publish(writer: IndexWriter) -> Manifest:
    """Mark copies of other articles as such, then make the present state what readers see.

    Only new articles are read for it. The groups are made anew from the stored signatures each time (0.4 s for
    10,000 articles), so they never depend on what came, changed or went in which order.
    """
    _mark_copies(writer, writer.unsigned())
    return writer.publish()


def rebuild(writer: IndexWriter) -> Manifest:
    """Mark copies anew from the articles' words, publish, and delete the generations that are damaged."""
    _mark_copies(writer, [*writer.unsigned(), *(item.key for item in writer.signed())])
    return writer.repair()


def _mark_copies(writer: IndexWriter, to_sign: Sequence[int]) -> None:
    for start in range(0, len(to_sign), _BATCH_SIGNATURES):
        keys = to_sign[start : start + _BATCH_SIGNATURES]
        writer.add_signatures({key: duplicates.signature(writer.text(key)).to_bytes() for key in keys})
    signed = writer.signed()
    copy_of = duplicates.copies(
        [
            duplicates.Signed(item.id, item.published, duplicates.Signature.from_bytes(item.signature))
            for item in signed
        ]
    )
    changed = {item.key: copy_of.get(item.id) for item in signed if item.duplicate_of != copy_of.get(item.id)}
    if changed:
        writer.set_duplicates(changed)


class _Ingest:
    """One run: gathers files into batches, so that the embedder always has enough to sort by length."""

    def __init__(
        self,
        writer: IndexWriter,
        embedder: Embedder,
        passage_tokens: int,
        max_bytes: int,
        on_progress: OnProgress,
        started: float,
    ) -> None:
        self._writer = writer
        self._embedder = embedder
        self._passage_tokens = passage_tokens
        self._max_bytes = max_bytes
        self._on_progress = on_progress
        self._started = started
        self._failed: list[FileFailure] = []
        self._skipped: list[FileFailure] = []
        self._counts = {"added": 0, "updated": 0, "unchanged": 0, "removed": 0}
        self._pending: list[_Read] = []
        self._texts: dict[bytes, str] = {}
        self._published = started
        self._publishing = writer.publish_seconds()
        self._dirty = False

    def run(self, found: Discovery, asked: Set[str]) -> IngestReport:
        known = self._writer.files()
        present = {source.path for source in found.sources}
        gone = [path for path in known if path not in present and _is_under(path, found.folders)]
        if not (present or gone or found.skipped):
            raise ArticleError(
                f"{found.folders[0]}: the folder holds no files; put articles there or name another"
            )
        away = {
            path: FileFailure(path, f"the file was removed; {undo_command(path)} brings it back")
            for path, name in self._writer.removed_files().items()
            if path in present and not asked & {path, name}
        }
        for number, source in enumerate(found.sources):
            if source.path in away:
                continue
            self._on_progress(Progress("reading", number, len(found.sources), source.path))
            self._take(source, known.get(source.path))
        self._flush()
        if gone:
            self._counts["removed"] += self._writer.remove_files(gone)
            self._dirty = True
        self._on_progress(Progress("publishing", 0, 1))
        # Articles without a signature: a killed run stored them, or an older version did.
        due = self._dirty or bool(self._writer.unsigned())
        manifest = None if due else self._writer.published()
        manifest = manifest or publish(self._writer)
        self._on_progress(Progress("publishing", 1, 1))
        partly = [
            FileFailure(path, _removed_words(count, path))
            for path, count in self._writer.left_out().items()
            if path in present
        ]
        return IngestReport(
            **self._counts,
            failed=tuple(self._failed),
            skipped=(*found.skipped, *self._skipped),
            articles=manifest.articles,
            passages=manifest.passages,
            seconds=time.perf_counter() - self._started,
            left_out=(*partly, *away.values()),
        )

    def _take(self, source: Source, known: FileState | None) -> None:
        outdated = known is not None and known.reader_version != READER_VERSION
        before = None if outdated else known
        stamp = (source.size_bytes, source.modified_ns)
        if before is not None and (before.size_bytes, before.modified_ns) == stamp:
            self._counts["unchanged"] += self._writer.article_count(source.path)
            return
        try:
            result = read(source.path, max_bytes=self._max_bytes, splits=self._writer.splits(source.path))
        except ArticleError as error:
            reason = str(error).removeprefix(f"{source.path}: ")
            self._failed.append(FileFailure(source.path, reason))
            return
        self._failed.extend(result.failed)
        self._skipped.extend(result.skipped)
        state = FileState(source.path, result.source_hash, *stamp, READER_VERSION)
        if before is not None and before.source_hash == result.source_hash:
            self._writer.touch(state)
            self._counts["unchanged"] += self._writer.article_count(source.path)
            return
        if result.articles:
            if outdated:
                self._writer.carry_over(source.path, result.articles)
            self._pending.append(self._cut(state, result, anew=outdated))
        if len(self._texts) >= _BATCH_PASSAGES:
            self._flush()

    def _cut(self, state: FileState, result: ReadResult, *, anew: bool) -> _Read:
        """The parts of the articles; those of articles that are indexed already only if they are cut `anew`."""
        articles = [
            apply_values(article, self._writer.corrections(article.content_hash))
            for article in result.articles
        ]
        removed = self._writer.removed(articles)
        left_out = [article for article in articles if article.id in removed]
        indexed = set() if anew else self._writer.has_articles(article.id for article in articles)
        parts: list[ArticleParts] = []
        for article in articles:
            if article.id in removed:
                continue
            if article.id in indexed:
                parts.append(ArticleParts(article, (), (), ()))
                continue
            sentences = chunking.sentences(article.id, article.text)
            passages = chunking.passages(
                article.id,
                article.text,
                sentences,
                count_tokens=self._embedder.count_tokens,
                passage_tokens=self._passage_tokens,
            )
            texts = [embedded_text(article, passage.text) for passage in passages]
            hashes = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16] for text in texts]
            self._texts.update(zip(hashes, texts, strict=True))
            parts.append(ArticleParts(article, sentences, passages, hashes))
        return _Read(state, parts, left_out)

    def _flush(self) -> None:
        """Embed what is pending and commit it; publish it, if that is due."""
        self._embed()
        self._store()
        begun = time.perf_counter()
        pause = max(_PUBLISH_SECONDS, _PUBLISH_PAUSE * self._publishing)
        if self._dirty and begun - self._published > pause:
            publish(self._writer)
            self._published = time.perf_counter()
            self._publishing = self._published - begun
            self._dirty = False

    def _store(self) -> None:
        """Commit what is pending, file by file. Nothing of it stays behind: a file may take half a gigabyte."""
        self._texts.clear()
        while self._pending:
            item = self._pending.pop(0)
            change = self._writer.put(item.state, item.parts, item.left_out)
            for name in self._counts:
                self._counts[name] += getattr(change, name)
            self._dirty = True

    def _embed(self) -> None:
        stored = self._writer.has_vectors(self._texts)
        names = [name for name in self._texts if name not in stored]
        # Equally long texts together waste the least padding, so slices are cut from the sorted list.
        names.sort(key=lambda name: len(self._texts[name]), reverse=True)
        for start in range(0, len(names), _BATCH_PASSAGES):
            self._on_progress(Progress("embedding", start, len(names)))
            chosen = names[start : start + _BATCH_PASSAGES]
            found = self._embedder.encode([self._texts[name] for name in chosen])
            self._writer.add_vectors(dict(zip(chosen, found, strict=True)))
        if names:
            self._on_progress(Progress("embedding", len(names), len(names)))


def embedded_text(article: Article, passage: str) -> str:
    """What is embedded for a passage: its article's title in front, unless the passage opens with it."""
    title = article.title.strip()
    return passage if not title or passage.startswith(title) else f"{title}\n{passage}"


def undo_command(path: str) -> str:
    """What to type to have back what was removed of the file at `path`.

    >>> undo_command("/piles/may notes.txt")
    "`rag remove --undo '/piles/may notes.txt'`"
    """
    return f"`rag remove --undo {shlex.quote(path)}`"


def _removed_words(count: int, path: str) -> str:
    articles, them = ("1 article that was", "it") if count == 1 else (f"{count} articles that were", "them")
    return f"{articles} removed; {undo_command(path)} brings {them} back"


def _is_under(path: str, folders: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
