"""The list of kept conversations: seeking, renaming, deleting with a way back, and how it looks.

Where the file of conversations cannot be used, the list says so and the page goes on.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.errors import RagError
from rag.ui.answers import Turn
from rag.ui.conversations import ConversationStore, Listed, owner_of
from rag.ui.evidence import escape, escape_line

logger = logging.getLogger(__name__)

MAX_PAGES = 200
MAX_SOUGHT_CHARACTERS = 200
EXPORTS = ((".md", "Markdown"), (".html", "HTML"), (".json", "JSON"))
NOT_KEPT = "Not kept. The terminal this was started from has the details."


@dataclass(slots=True)
class _View:
    """What one page sees of the list."""

    words: str = ""
    deleted: Listed | None = None
    trouble: str | None = None


class Shelf:
    """The kept conversations as pages see them; without a store nothing is kept and nothing listed."""

    def __init__(self, store: ConversationStore | None) -> None:
        self._store = store
        self._views: OrderedDict[str, _View] = OrderedDict()

    def _view(self, session: str) -> _View:
        found = self._views.setdefault(session, _View())
        self._views.move_to_end(session)
        while len(self._views) > MAX_PAGES:
            self._views.popitem(last=False)
        return found

    def html(self, session: str, *, current: str = "") -> str:
        """The list, as far as the conversations hold the words sought; `current` is the one shown."""
        view, rows = self._view(session), []
        if self._store is not None:
            try:
                rows = self._store.listed(owner_of(session), view.words)
            except RagError as error:
                view.trouble = str(error)
        return shelf_html(rows, current=current, words=view.words, deleted=view.deleted, trouble=view.trouble)

    def seek(self, session: str, words: str) -> None:
        """List only conversations that hold all these words in title or text."""
        self._view(session).words = words[:MAX_SOUGHT_CHARACTERS]

    def turns(self, session: str, conversation: str) -> list[Turn]:
        """The turns of a kept conversation of this owner; none where there is none such."""
        found: list[Turn] = []
        self._with(session, lambda store, owner: found.extend(store.turns(owner, conversation)))
        return found

    def begin(self, session: str, conversation: str, turn: Turn) -> None:
        """Keep a question that is now asked."""
        self._view(session).deleted = None
        self._with(session, lambda store, owner: store.begin(owner, conversation, turn))

    def keep(self, session: str, conversation: str, turn: Turn) -> None:
        """Keep what became of a question."""
        self._with(session, lambda store, owner: store.keep(owner, conversation, turn))

    def rename(self, session: str, conversation: str, title: str) -> None:
        """Give a conversation another title."""
        self._with(session, lambda store, owner: store.rename(owner, conversation, title))

    def delete(self, session: str, conversation: str) -> bool:
        """Delete a conversation; whether there was one."""
        view = self._view(session)
        before = view.deleted

        def work(store: ConversationStore, owner: str) -> None:
            row = store.find(owner, conversation)
            if row is not None:
                store.delete(owner, conversation)
                view.deleted = row

        self._with(session, work)
        return view.deleted is not before

    def restore(self, session: str, conversation: str) -> None:
        """Bring a deleted conversation back."""
        self._with(session, lambda store, owner: store.restore(owner, conversation))
        self._view(session).deleted = None

    def _with(self, session: str, work: Callable[[ConversationStore, str], None]) -> None:
        view = self._view(session)
        if self._store is None:
            return
        try:
            work(self._store, owner_of(session))
            view.trouble = None
        except RagError as error:
            view.trouble = str(error)
        except Exception:
            view.trouble = NOT_KEPT
            logger.exception("the list of conversations failed")


def shelf_html(
    rows: Sequence[Listed],
    *,
    current: str = "",
    words: str = "",
    deleted: Listed | None = None,
    trouble: str | None = None,
) -> str:
    """The list; each line opens a conversation and unfolds what can be done with it."""
    parts = []
    if trouble is not None:
        parts.append(f'<p class="error" role="alert" dir="auto">{escape_line(trouble)}</p>')
    if deleted is not None:
        parts.append(
            f'<p class="deleted" role="status"><span>Deleted “<bdi>{escape_line(deleted.title)}</bdi>”.</span> '
            f'<button type="button" data-restore="{escape(deleted.id)}">Undo</button></p>'
        )
    if rows:
        items = "".join(_item_html(row, is_current=row.id == current) for row in rows)
        parts.append(f'<ul class="conversations">{items}</ul>')
    elif words.strip():
        parts.append('<p class="none">No conversation holds these words.</p>')
    elif trouble is None:
        parts.append('<p class="none">What you ask is kept here.</p>')
    return f'<div class="shelf" data-current="{escape(current)}">{"".join(parts)}</div>'


def _item_html(row: Listed, *, is_current: bool) -> str:
    name = escape(row.id)
    title, current = escape_line(row.title), ' aria-current="true"' if is_current else ""
    exports = "".join(
        f'<a href="./footnote/conversations/{name}{suffix}" download>{word}</a>' for suffix, word in EXPORTS
    )
    return (
        f'<li data-conversation="{name}"{current}>'
        f'<button type="button" class="kept" dir="auto" data-keep="{name}" title="{title}">{title}</button>'
        f'<details class="deeds"><summary aria-label="More for: {title}" title="Rename, export, delete">'
        '<span aria-hidden="true">⋯</span></summary><div>'
        f'<label><span>Title</span><input type="text" class="rename" dir="auto" data-rename="{name}" '
        f'value="{title}" maxlength="120" autocomplete="off"></label>'
        f"<p>Export {exports}</p>"
        f'<button type="button" data-delete="{name}">Delete</button></div></details></li>'
    )
