"""`rag verify`: every quote of a receipt sought again, in the file it came from and in the index.

A quote is proven when the file says the same words at the same place. Where a text is no slice of its file (HTML,
PDF, DOCX, rows) the article's text stands for the file: that of the index if the file is still the one that was
read, else what the file is read to now. No model is loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from rag.articles import decode_source, read, source_bytes
from rag.articles.readers.files import MEMBER_MARK, File
from rag.config import Config
from rag.contract import shown_path
from rag.errors import ArticleError, RagIndexError
from rag.index import IndexReader, has_index
from rag.receipts.receipt import CitedQuote, Kept, Receipt, differences
from rag.schema import Article, ArticleRow, long_date

Status = Literal["proven", "moved", "changed", "missing"]
FileState = Literal["unchanged", "changed", "missing"]
ArticleState = Literal["indexed", "corrected", "superseded", "gone", "unknown"]
_SHOWN, _SHOWN_BEFORE = 160, 60
"""Characters told of a changed file, and how many of them stand before the change."""
_METADATA = ("title", "outlet", "author", "published", "url")


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a citation.

    `proven`: the same words at the same place. `moved`: elsewhere in the file, in another file, or with other
    line breaks. `changed`: the file is there and does not say them. `missing`: the file is not there.
    `start` and `end` are where the words stand now, in the file or, of texts that are no slice of it, in the article.
    `article`: whether the index still holds that text, with other metadata, a later text in its place, or none.
    """

    number: int
    status: Status
    file: FileState
    article: ArticleState
    path: str
    start: int | None = None
    end: int | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """A receipt and what became of it: `edits` are signs that it was changed by hand, `differences` what an answer
    would be made with today that it was not made with then, `notes` what could not be looked at."""

    receipt: Receipt
    proofs: tuple[Proof, ...]
    edits: tuple[str, ...]
    differences: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def unproven(self) -> int:
        """How many quotes are not proven."""
        return sum(proof.status != "proven" for proof in self.proofs)

    @property
    def holds(self) -> bool:
        """Whether every quote is proven and the receipt is as it was written."""
        return not self.unproven and not self.edits


def verify(kept: Kept, config: Config) -> tuple[Verification, ...]:
    """Prove every quote of each answer of `kept` again."""
    library = _Library(config.index_dir)
    try:
        desk = _Desk(library, max_bytes=config.max_file_megabytes * 1_000_000)
        proofs = [tuple(desk.prove(item) for item in receipt.citations) for receipt, _ in kept.answers]
    finally:
        library.close()
    notes = tuple(library.notes)
    return tuple(
        Verification(receipt, found, edits, differences(receipt, config), notes)
        for (receipt, edits), found in zip(kept.answers, proofs, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """Where words stand; `respaced` when only with other blanks or line breaks between them."""

    start: int
    end: int
    respaced: bool = False


def _find(text: str, quote: str, start: int) -> _Found | None:
    """The place of `quote` in `text` that is nearest to `start`."""
    if text.startswith(quote, start):
        return _Found(start, start + len(quote))
    places = [text.rfind(quote, 0, start + len(quote)), text.find(quote, start)]
    if there := [place for place in places if place >= 0]:
        nearest = min(there, key=lambda place: abs(place - start))
        return _Found(nearest, nearest + len(quote))
    words = r"\s+".join(map(re.escape, quote.split()))
    spans = [found.span() for found in re.finditer(words, text)] if words else []
    if spans:
        return _Found(*min(spans, key=lambda span: abs(span[0] - start)), respaced=True)
    return None


class _Library:
    """The articles of the index, if there is one that can be read."""

    def __init__(self, directory: Path) -> None:
        self.notes: list[str] = []
        self.rows: list[ArticleRow] = []
        self._reader: IndexReader | None = None
        if not has_index(directory):
            self.notes.append(
                f"no index at {shown_path(str(directory.absolute()))}: only the files were looked at (--index DIR)"
            )
            return
        try:
            self._reader = IndexReader(directory)
            self.rows = self._reader.articles()
        except RagIndexError as error:
            self.close()
            self.notes.append(f"the index was not looked at: {error}")

    @property
    def is_open(self) -> bool:
        return self._reader is not None

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def text(self, article: Article) -> str:
        """The stored text of an article of `rows`."""
        if self._reader is None:
            return ""
        try:
            whole = self._reader.article(article.id)
        except RagIndexError as error:
            self.notes.append(f"an article of the index could not be read: {error}")
            return ""
        return whole.text if whole is not None else ""

    def holding(self, item: CitedQuote) -> tuple[ArticleState, Article | None]:
        """What the index has in place of the cited article."""
        if not self.is_open:
            return "unknown", None
        articles = [row.article for row in self.rows]
        for article in articles:
            if article.id == item.article_id:
                return "indexed", article
        same = [article for article in articles if article.content_hash == item.content_hash]
        for article in sorted(same, key=lambda article: article.source_path != item.source_path):
            return "corrected", article
        for article in articles:
            named = article.title == item.title or (
                item.external_id is not None and article.external_id == item.external_id
            )
            if article.source_path == item.source_path and named:
                return "superseded", article
        return "gone", None


@dataclass(frozen=True)  # without slots: cached_property needs room
class _Source:
    """A file, or a member of a container, as it is now."""

    data: bytes
    path: str
    max_bytes: int

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def text(self, encoding: str | None) -> str | None:
        """The decoded file; None when no encoding fits. Without `encoding` it is found as at reading."""
        try:
            if encoding is None:
                return File(self.path, Path(self.path).name, self.data, self.max_bytes).decode()[0]
            return decode_source(self.data, encoding)
        except (ArticleError, LookupError, ValueError):
            return None


class _Desk:
    """Proves citations; each file is read once."""

    def __init__(self, library: _Library, *, max_bytes: int) -> None:
        self._library = library
        self._max_bytes = max_bytes
        self._sources: dict[str, _Source | str] = {}
        self._read: dict[str, tuple[Article, ...]] = {}

    def prove(self, item: CitedQuote) -> Proof:
        """What became of the citation `item`."""
        state, held = self._library.holding(item)
        details = list(_about_article(item, state, held))
        source = self._source(item.source_path)
        if isinstance(source, str):
            return self._without_file(item, state, held, [source, *details])
        unchanged = source.hash == item.source_hash
        if item.source_start is not None:
            text = source.text(item.encoding or (held.encoding if held is not None else None))
            found = _find(text, item.quote, item.source_start) if text is not None else None
            if found is None and not unchanged:  # perhaps saved in another encoding
                text = source.text(None)
                found = _find(text, item.quote, item.source_start) if text is not None else None
            was_at, article_start = item.source_start, item.source_start - item.start
        else:
            text = self._article_text(item, held, unchanged=unchanged)
            found = _find(text, item.quote, item.start) if text is not None else None
            was_at, article_start = item.start, 0
        status: Status = "changed"
        if found is not None:
            status = "proven" if not found.respaced and found.start == was_at else "moved"
        details = [
            *_about_place(item, text, found, was_at, unchanged=unchanged),
            *_about_text(item, text, article_start, unchanged=unchanged),
            *details,
        ]
        return Proof(
            item.number,
            status,
            "unchanged" if unchanged else "changed",
            state,
            item.source_path,
            found.start if found is not None else None,
            found.end if found is not None else None,
            tuple(details),
        )

    def _without_file(
        self, item: CitedQuote, state: ArticleState, held: Article | None, details: list[str]
    ) -> Proof:
        """The file is gone: perhaps it was renamed and read again; else what the index holds is told."""
        if held is not None and state in ("indexed", "corrected"):
            elsewhere = self._source(held.source_path) if held.source_path != item.source_path else ""
            if isinstance(elsewhere, _Source):
                start = held.in_source(item.start)
                text = elsewhere.text(held.encoding) if start is not None else self._library.text(held)
                at = item.start if start is None else start
                found = _find(text, item.quote, at) if text is not None else None
                if found is not None:
                    moved = f"the same article stands in {shown_path(held.source_path)}"
                    return Proof(
                        item.number,
                        "moved",
                        "missing",
                        state,
                        held.source_path,
                        found.start,
                        found.end,
                        (moved, *details),
                    )
            if self._library.text(held)[item.start : item.end] == item.quote:
                details.append("the index still holds the text that was read, and the quote stands in it")
        return Proof(item.number, "missing", "missing", state, item.source_path, details=tuple(details))

    def _article_text(self, item: CitedQuote, held: Article | None, *, unchanged: bool) -> str | None:
        """The text of an article that is no slice of its file; None when it cannot be had."""
        if unchanged and held is not None and held.content_hash == item.content_hash:
            text = self._library.text(held)
            if _content_hash(text) == item.content_hash:
                return text
        articles = [
            article for article in self._articles(item.source_path) if article.source_path == item.source_path
        ]
        if not articles:
            return None
        # The very text first, then one that says the quote, then one of that name.
        best = min(
            articles,
            key=lambda article: (
                article.content_hash != item.content_hash,
                _find(article.text, item.quote, item.start) is None,
                article.title != item.title,
            ),
        )
        return best.text

    def _articles(self, source_path: str) -> tuple[Article, ...]:
        """The articles that the file is read to now; none if it cannot be read."""
        container = _container(source_path)
        if container not in self._read:
            try:
                self._read[container] = read(container, max_bytes=self._max_bytes).articles
            except ArticleError:
                self._read[container] = ()
        return self._read[container]

    def _source(self, source_path: str) -> _Source | str:
        """The file as it is now, or why it cannot be had."""
        if source_path not in self._sources:
            try:
                data = source_bytes(source_path, max_bytes=self._max_bytes)
                self._sources[source_path] = _Source(data, source_path, self._max_bytes)
            except (ArticleError, OSError, ValueError) as error:
                gone = isinstance(error.__cause__, FileNotFoundError)
                reason = str(error).removeprefix(f"{source_path}: ")
                self._sources[source_path] = "the file is gone" if gone else f"the file: {reason}"
        return self._sources[source_path]


def _container(source_path: str) -> str:
    """The file that holds what `source_path` names: itself, or the container it is a member of."""
    if Path(source_path).is_file():
        return source_path
    pieces = source_path.split(MEMBER_MARK)
    heads = (MEMBER_MARK.join(pieces[:count]) for count in range(1, len(pieces)))
    return next((head for head in heads if Path(head).is_file()), source_path)


def _content_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _about_text(item: CitedQuote, text: str | None, article_start: int, *, unchanged: bool) -> Iterable[str]:
    """Whether the cited article is the one that was read, as far as that can be told."""
    is_same = None
    if text is not None and item.article_characters is not None and article_start >= 0:
        article = text[article_start : article_start + item.article_characters]
        is_same = _content_hash(article) == item.content_hash
    if not unchanged:
        yield "the file has changed since" + (", but not in this article" if is_same else "")
    elif is_same is False:
        yield "the file is the one that was read, but the hash of the article does not fit: the receipt was edited"


def _about_place(
    item: CitedQuote, text: str | None, found: _Found | None, was_at: int, *, unchanged: bool
) -> Iterable[str]:
    """Where the words stand now, or what stands in their place."""
    if found is None:
        if unchanged and text is None:
            yield "its text cannot be read from the file here; name the index it was asked of with --index DIR"
        elif unchanged:
            yield "the file is the one that was read and does not say this: the receipt's quote was edited"
        elif text is not None and (now := text[was_at : was_at + len(item.quote)]):
            # From a little before the first letter that differs.
            pairs = enumerate(zip(now, item.quote, strict=False))
            start = max(0, next((at for at, (is_now, was) in pairs if is_now != was), 0) - _SHOWN_BEFORE)
            words = " ".join(now[start : start + _SHOWN].split())
            yield f"at its place now: {'… ' if start else ''}{words}"
        return
    if found.respaced:
        yield f"with other blanks or line breaks, at characters {found.start}-{found.end}"
    elif found.start != was_at:
        yield f"now at characters {found.start}-{found.end}, was at {was_at}-{was_at + len(item.quote)}"
    else:
        return
    if unchanged:
        yield "the file is the one that was read: the receipt's offsets or quote were edited"


def _about_article(item: CitedQuote, state: ArticleState, held: Article | None) -> Iterable[str]:
    """What the index says of the cited article, beside that it is there."""
    if state == "gone":
        yield "the article is not in the index any more"
    if state == "superseded" and held is not None:
        yield f"the index holds a later text of this article, dated {long_date(held.published)}"
    if held is None or state not in ("indexed", "corrected"):
        return
    if held.content_hash != item.content_hash:  # the id rests on it, so no article has this id and that hash
        yield "the hash of the article is not that of the index: the receipt was edited"
    for field in _METADATA:
        was, now = getattr(item, field), getattr(held, field)
        if was != now:
            yield f"{field} was {_said(was)}, is {_said(now)} in the index"


def _said(value: object) -> str:
    return "unknown" if value is None else str(value)
