"""The librarian: which collection each page reads, how its list is narrowed, and what is added or changed by hand.

Pages are known by their session, as in `chat`. Everything here ends in HTML for the page: what was done, or one
line on why it was not. The index itself is changed by the assistant alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rag.errors import InputError, RagError
from rag.index import has_index
from rag.schema import NO_FILTERS, ArticleRow, Removed
from rag.ui.conversations import owner_of
from rag.ui.editing import (
    FIELD_WORDS,
    field_value,
    lines_html,
    notice_html,
    tools_html,
    trouble_html,
)
from rag.ui.evidence import article_html, empty_html
from rag.ui.filters import with_filter
from rag.ui.library import ALL, Narrowing, collections_html, library_html, search_html
from rag.ui.sources import (
    NOT_THERE,
    Library,
    article_at,
    brought_back,
    can_be_split,
    counts,
    file_state,
    gone,
    known,
    of_its_file,
    short_title,
    source_lines,
    start_of,
)
from rag.ui.uploads import Upload, keep_upload, reading, safe_name, unread_note

logger = logging.getLogger(__name__)

MAX_DESKS = 200
MAX_COLLECTIONS = 100
MAX_WORDS_CHARACTERS = 300
UNDO_SECONDS = 600.0
UNEXPECTED = "Something went wrong inside the program; the terminal it was started from has the details."


L = TypeVar("L", bound=Library)


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done by hand, in words, what is so again once it is taken back, and how: gives the article to show."""

    words: str
    again: str
    take_back: Callable[[], str]
    removed: bool
    moment: float


@dataclass(slots=True)
class Desk:
    """What one page has before it."""

    index_dir: Path
    narrowing: Narrowing = ALL
    trouble: str | None = None
    undo: Undo | None = None


class Librarian(Generic[L]):
    """The library side of all pages of one server. Thread-safe."""

    def __init__(self, assistant: L) -> None:
        """Pages begin with the index of `assistant`."""
        self._home = assistant.config.index_dir
        self._open: dict[Path, L] = {self._home: assistant}
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._uploads: dict[Path, list[Upload]] = {}
        self._lock = threading.Lock()

    def assistant(self, session: str) -> L:
        """The assistant over the collection that a page reads."""
        return self._open[self._desk(session).index_dir]

    def collection(self, session: str) -> str:
        """The name of the collection that a page reads; empty for the one that the program was started with."""
        folder = self._desk(session).index_dir
        return "" if folder == self._home else folder.absolute().name

    def folder(self, collection: str) -> Path:
        """The index folder of the collection that `collection` named. Raises `InputError` when it is gone."""
        if not collection:
            return self._home
        found = self._folders().get(collection)
        if found is None:
            raise InputError(f"the collection {collection} is not there any more; bring its folder back")
        return found

    def rows(self, session: str) -> list[ArticleRow]:
        """The articles of the page's collection; empty where there is no index yet or it cannot be read."""
        try:
            return self.assistant(session).articles()
        except RagError as error:
            logger.info("the library cannot be listed: %s", error)
            return []

    # The list

    def listing(self, session: str, rows: Sequence[ArticleRow] | None = None) -> str:
        """The list of articles as the page has narrowed it; `rows` where they were read already."""
        desk = self._desk(session)
        rows = self.rows(session) if rows is None else rows
        undo = desk.undo
        removed = undo is not None and undo.removed and time.monotonic() - undo.moment < UNDO_SECONDS
        notice = notice_html(undo.words, undo=True) if undo is not None and removed else ""
        return library_html(
            rows,
            desk.narrowing,
            gone=gone(),
            notice=notice,
            trouble=desk.trouble,
            removed=self._removed(session),
        )

    def _removed(self, session: str) -> list[Removed]:
        try:
            return self.assistant(session).removed()
        except RagError as error:
            logger.info("what was removed cannot be listed: %s", error)
            return []

    def search(self, session: str, rows: Sequence[ArticleRow]) -> str:
        """The fields that narrow the list."""
        return search_html(rows, self._desk(session).narrowing)

    def narrow(self, session: str, fields: Mapping[str, str | None]) -> str:
        """Narrow the list to what the `fields` say (None: one that the browser could not read): the list then."""
        desk = self._desk(session)
        words, filters, desk.trouble = (fields.get("words") or "")[:MAX_WORDS_CHARACTERS], NO_FILTERS, None
        for name in ("date_from", "date_to", "outlet", "language"):
            try:
                filters = with_filter(filters, name, fields.get(name, ""))
            except InputError as error:
                desk.trouble = str(error)
        desk.narrowing = Narrowing(words.strip(), filters)
        return self.listing(session)

    # Collections

    def collections(self, session: str, *, trouble: str | None = None) -> str:
        """The collections to choose from: the index folders beside the one that the program was started with."""
        here = self._desk(session).index_dir.absolute().name
        return collections_html(list(self._folders()), here, trouble=trouble)

    def switch(self, session: str, name: str) -> str | None:
        """Read another collection from now on; what is wrong where that cannot be."""
        folder = self._folders().get(name)
        if folder is None:
            return "This collection is not there any more."
        self._go(session, folder)
        return None

    def begin_collection(self, session: str, name: str) -> str | None:
        """Begin an empty collection, whose folder is made with its first file; what is wrong where that cannot be."""
        stem, suffix = safe_name(name[:60])
        folder = self._home.absolute().parent / f"{stem}{suffix}"
        if not name.strip():
            return "A collection needs a name."
        if folder.name in self._folders() or folder.exists():
            return f"There is a folder named {folder.name} already; choose another name."
        self._go(session, folder)
        return None

    def _go(self, session: str, folder: Path) -> None:
        with self._lock:
            known_as = {path.absolute(): path for path in self._open}
            folder = known_as.get(folder, folder)
            if folder not in self._open:
                self._open[folder] = self._open[self._home].over(folder)
            self._desks[session] = Desk(folder)

    def _folders(self) -> dict[str, Path]:
        home = self._home.absolute()
        try:
            beside = sorted(path for path in home.parent.iterdir() if not path.name.startswith("."))
        except OSError:
            beside = []
        found = [path for path in beside if has_index(path)][:MAX_COLLECTIONS]
        with self._lock:
            return {path.name: path for path in sorted({*found, *(path.absolute() for path in self._open)})}

    # One article

    def article(self, session: str, article_id: str, *, notice: str = "") -> str:
        """The pane for an article of the library, with what can be done with it."""
        library = self.assistant(session)
        try:
            found = library.article(article_id)
            row = next((row for row in library.articles() if row.article.id == article_id), None)
        except RagError as error:
            return empty_html(trouble=str(error))
        if found is None or row is None:
            return empty_html(trouble=NOT_THERE)
        count = f"{row.passages:,} passage{'' if row.passages == 1 else 's'}"
        tools = tools_html(
            found,
            state=f"In the index with {count}; {file_state(found)}.",
            splits=can_be_split(found),
            notice=notice,
        )
        return article_html(found, shown=f"article-{found.id}", tools=tools)

    def correct(self, session: str, article_id: str, values: Mapping[str, str]) -> str:
        """Correct what is known about an article: the pane then."""
        library = self.assistant(session)

        def work() -> str:
            found = known(library, article_id)
            before = {name: field_value(found, name) for name in FIELD_WORDS}
            changed = {
                name: value
                for name, value in values.items()
                if name in before and " ".join(value.split()) != " ".join(before[name].split())
            }
            if not changed:
                return self.article(
                    session, article_id, notice=notice_html("Nothing was changed.", undo=False)
                )
            row = library.correct(article_id, changed)
            fields = ", ".join(FIELD_WORDS[name].lower() for name in changed)
            words = f"Corrected: {fields} of “{short_title(found)}”."
            again = f"Not corrected any more: {fields} of “{short_title(found)}”."
            old = {name: before[name] for name in changed}

            def back() -> str:
                new = row.article
                return library.correct(new.id, old).article.id

            return self._done(session, words, again, back, row.article.id)

        return self._told(session, article_id, work)

    def lines(self, session: str, article_id: str, *, notice: str = "") -> str:
        """The pane with the lines of an article, to split or join it at."""
        library = self.assistant(session)

        def work() -> str:
            found = known(library, article_id)
            lines = source_lines(found, library.config.max_file_megabytes)
            before = [
                row.article for row in of_its_file(library, found) if start_of(row.article) < start_of(found)
            ]
            return lines_html(found, lines[1:], before=before[-1] if before else None, notice=notice)

        return self._told(session, article_id, work)

    def split(self, session: str, article_id: str, line: int) -> str:
        """Let another article begin at a line of this one: the pane with the new one."""
        library = self.assistant(session)

        def work() -> str:
            found = known(library, article_id)
            lines = source_lines(found, library.config.max_file_megabytes)
            if line not in [item.number for item in lines[1:]]:
                raise InputError(f"another article cannot begin at line {line}; choose one of those shown")
            rows = library.split(found.source_path, begin=[line])
            end = found.source_end or 0
            new = [row.article for row in rows if start_of(found) < start_of(row.article) < end]
            if not new:
                library.split(found.source_path, join=[line])
                raise InputError(f"no article was made of what begins at line {line}; choose another one")
            words = f"Split at line {line}: “{short_title(new[0])}” is an article of its own now."

            def join() -> str:
                rows = library.split(found.source_path, join=[line])
                return article_at(rows, start_of(found))

            again = f"Joined again: “{short_title(new[0])}” is part of “{short_title(found)}”."
            return self._done(session, words, again, join, new[0].id)

        return self._told(session, article_id, work)

    def join(self, session: str, article_id: str) -> str:
        """Join an article with the one before it in its file: the pane with the whole."""
        library = self.assistant(session)

        def work() -> str:
            found = known(library, article_id)
            line = source_lines(found, library.config.max_file_megabytes)[0].number
            rows = library.split(found.source_path, join=[line])
            words = f"Joined “{short_title(found)}” with the article before it."

            def split() -> str:
                rows = library.split(found.source_path, begin=[line])
                return article_at(rows, start_of(found))

            again = f"Split again: “{short_title(found)}” is an article of its own."
            return self._done(session, words, again, split, article_at(rows, start_of(found)))

        return self._told(session, article_id, work)

    def remove(self, session: str, article_id: str) -> str:
        """Take an article out of the index; its file stays. Gives the pane then."""
        library = self.assistant(session)

        def work() -> str:
            found = known(library, article_id)
            library.remove([article_id])
            words = f"Removed “{short_title(found)}” from the index. Its file stays where it is."
            return self._done(
                session,
                words,
                f"“{short_title(found)}” is back.",
                lambda: brought_back(library, article_id, found.source_path),
                None,
            )

        return self._told(session, article_id, work)

    def restore(self, session: str, name: str) -> str:
        """Bring back what was removed under a name of the list of the removed: the pane then."""
        library, desk = self.assistant(session), self._desk(session)

        def work() -> str:
            found = next((item for item in library.removed() if item.name == name), None)
            if found is None:
                raise InputError("This was brought back already; the list shows it.")
            if found.article_id is not None:
                brought_back(library, found.article_id, found.path)
                words = f"“{found.title or 'The article'}” is back."
            else:
                count = library.restore([found.path]).added
                words = f"{Path(found.path).name} is back: {count:,} article{'' if count == 1 else 's'}."
            if desk.undo is not None and desk.undo.removed:
                desk.undo = None  # it may be this; the list has the others
            return self._noted(session, found.article_id, notice_html(words, undo=False))

        return self._told(session, "", work)

    def undo(self, session: str) -> str:
        """Take back what was last done by hand: the pane then."""
        desk = self._desk(session)
        undo = desk.undo
        if undo is None:
            return empty_html(trouble="There is nothing to take back.")

        def work() -> str:
            name = undo.take_back()
            desk.undo = None  # not before: what failed may be tried again
            return self.article(session, name, notice=notice_html(undo.again, undo=False))

        return self._told(session, "", work)

    def _done(
        self, session: str, words: str, again: str, take_back: Callable[[], str], article_id: str | None
    ) -> str:
        """The pane after something was done; `article_id` is the article to show, None when it was removed."""
        self._desk(session).undo = Undo(words, again, take_back, article_id is None, time.monotonic())
        return self._noted(session, article_id, notice_html(words, undo=True))

    def _noted(self, session: str, article_id: str | None, notice: str) -> str:
        if article_id is None:
            return f'<div class="evidence-empty">{notice}</div>'
        return self.article(session, article_id, notice=notice)

    def _told(self, session: str, article_id: str, work: Callable[[], str]) -> str:
        """What `work` gives, or the article with the reason why it failed."""
        try:
            return work()
        except RagError as error:
            trouble = str(error)
        except Exception:
            logger.exception("an article was not changed")
            trouble = UNEXPECTED
        try:
            there = article_id and self.assistant(session).article(article_id) is not None
        except RagError:
            there = False
        if there:
            return self.article(session, article_id, notice=trouble_html(trouble))
        return empty_html(trouble=trouble)

    # Files that are added

    def ingest(self, session: str, files: Sequence[Path]) -> Iterator[str]:
        """Keep copies of uploaded files and index them: the state of each after each step."""
        library = self.assistant(session)
        upload = Upload(())
        try:
            kept = [keep_upload(file, library.config.index_dir / "uploads") for file in files]
            upload = Upload(kept)
            yield upload.html()
            uploads = self._uploads.setdefault(library.config.index_dir, [])
            uploads.append(upload)
            # Not when this ends, as the page that waits may be closed long before.
            for report in reading(library, kept, upload, on_end=lambda: uploads.remove(upload)):
                if report is not None:
                    upload.finish(report, counts(library.articles(), kept))
                yield upload.html()
        except (RagError, OSError) as error:
            upload.fail(str(error))
            yield upload.html()
        except Exception:
            logger.exception("an upload failed")
            upload.fail(UNEXPECTED)
            yield upload.html()

    def unread(self, session: str) -> str:
        """The note for an answer that is begun now: which files it cannot have read. Empty where it read all."""
        uploads = list(self._uploads.get(self._desk(session).index_dir, ()))
        return unread_note([name for upload in uploads for name in upload.unread])

    def _desk(self, session: str) -> Desk:
        with self._lock:
            if session not in self._desks:
                # A page that is opened or reloaded begins where its browser was last.
                of_owner = (name for name in reversed(self._desks) if owner_of(name) == owner_of(session))
                last = next(of_owner, None)
                self._desks[session] = Desk(self._home if last is None else self._desks[last].index_dir)
            found = self._desks[session]
            self._desks.move_to_end(session)
            while len(self._desks) > MAX_DESKS:
                self._desks.popitem(last=False)
            return found
