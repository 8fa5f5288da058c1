"""The page: which components there are and which function each of them calls.

The look is in `static/style.css`; Gradio supplies the plumbing, so its own decoration is kept out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import gradio as gr

from rag.schema import NO_FILTERS
from rag.ui.answers import keys_html, masthead_html, thread_html
from rag.ui.chat import MAX_QUESTION_CHARACTERS, Assistant, ChatRoom
from rag.ui.conversations import ConversationStore
from rag.ui.evidence import empty_html
from rag.ui.filters import chips_html, filter_form_html
from rag.ui.library import ALL, collections_html, library_html, search_html
from rag.ui.settings import Examine
from rag.ui.visitors import owner_of_request

# System fonts only, as plain strings: a GoogleFont would be asked for on the network.
SANS = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Liberation Sans", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Noto Sans Mono", "Liberation Mono", "monospace"]
_SHELF_HEAD = (
    '<p class="pane-name"><span>Conversations</span><button type="button" data-new>New</button></p>'
    '<input type="search" data-seek aria-label="Search conversations" placeholder="Title or words" dir="auto" '
    'autocomplete="off" spellcheck="false">'
)
PAPER, PAPER_DARK, INK, INK_DARK = "#f7f4ec", "#181715", "#26231e", "#e6e0d4"


def theme() -> gr.themes.Base:
    """A bare theme; the body's colours are here because Gradio paints them before any style sheet."""
    bare = gr.themes.Base(
        primary_hue="slate", secondary_hue="slate", neutral_hue="stone", font=SANS, font_mono=MONO
    )
    bare.set(
        body_background_fill=PAPER,
        body_background_fill_dark=PAPER_DARK,
        body_text_color=INK,
        body_text_color_dark=INK_DARK,
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
    )
    return bare


def static_text(name: str) -> str:
    """A packaged file of `rag/ui/static`."""
    return resources.files("rag.ui").joinpath("static", name).read_text(encoding="utf-8")


def build(
    assistant: Assistant,
    *,
    examples: Sequence[str] | None = None,
    store: ConversationStore | None = None,
    examine: Examine | None = None,
) -> gr.Blocks:
    """The chat page for `assistant`; `examples` are the questions it opens with.

    By default they are made of article titles. Conversations are kept in `store`; `examine` finds out what works
    here. The style sheet comes with `rag.ui.serve`.
    """
    calls = _Calls(ChatRoom(assistant, examples=examples, store=store, examine=examine))
    bare: dict[str, Any] = {"apply_default_css": False}

    page: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True, fill_height=True) as page:
        masthead = gr.HTML(masthead_html(0, ()), elem_id="masthead", **bare)
        with gr.Row(elem_id="room", equal_height=False):
            with gr.Column(elem_id="library-column", min_width=0):
                gr.HTML(_SHELF_HEAD, elem_id="shelf-name", **bare)
                shelf = gr.HTML("", elem_id="shelf", **bare)
                collections = gr.HTML(collections_html((), ""), elem_id="library-name", **bare)
                # Any kind of file may be dropped: why one cannot be read, the reader says of each.
                upload = gr.UploadButton("Add articles", file_count="multiple", elem_id="upload", size="sm")
                state = gr.HTML("", elem_id="ingest-state", **bare)
                search = gr.HTML(search_html((), ALL), elem_id="library-search", **bare)
                library = gr.HTML(library_html(()), elem_id="library", **bare)
            with gr.Column(elem_id="chat-column", min_width=0):
                thread = gr.HTML(
                    thread_html(()),
                    elem_id="thread",
                    js_on_load=static_text("footnote.js") + static_text("shelf.js"),
                    **bare,
                )
                with gr.Row(elem_id="filters", equal_height=False):
                    form = gr.HTML(filter_form_html((), NO_FILTERS), elem_id="filter-form", **bare)
                    chips = gr.HTML(chips_html(NO_FILTERS), elem_id="filter-chips", **bare)
                with gr.Row(elem_id="composer", equal_height=False):
                    question = gr.Textbox(
                        placeholder="Ask the articles…",
                        show_label=False,
                        label="Question",
                        lines=1,
                        max_lines=6,
                        max_length=MAX_QUESTION_CHARACTERS,
                        container=False,
                        autofocus=True,
                        elem_id="question",
                    )
                    ask = gr.Button("Ask", elem_id="ask", size="sm")
                    stop = gr.Button("Stop", elem_id="stop", size="sm")
                    clear = gr.Button("New", elem_id="clear", size="sm")
            with gr.Column(elem_id="evidence-column", min_width=0):
                evidence = gr.HTML(empty_html(), elem_id="evidence", **bare)
        settings = gr.HTML("", elem_id="settings", **bare)
        gr.HTML(keys_html(), elem_id="keys", **bare)

        # private: the page's own calls, no public API; hidden: Gradio's spinners would cover what is read.
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        direct: dict[str, Any] = {**quiet, "queue": False}

        shelves = [masthead, collections, search, library, form]
        shown = [*shelves, thread, shelf]
        # As many as stand in line: they wait in `ChatRoom`, which tells each of them its place.
        # A page that lags may hold the last one for pending: "once", the default, would then not ask for the next.
        answered: dict[str, Any] = {**quiet, "concurrency_limit": None, "trigger_mode": "multiple"}
        # Sent by the script once it runs, with the conversation that this tab showed before a reload.
        thread.arrive(calls.arrive, outputs=shown, **direct).then(calls.follow, outputs=[thread], **answered)
        page.unload(calls.leave)
        for trigger in (question.submit, ask.click):
            trigger(
                calls.begin, [question], [thread, question, shelf], trigger_mode="multiple", **direct
            ).then(calls.answer, outputs=[thread], **answered).then(
                calls.settle, outputs=[masthead, shelf], trigger_mode="multiple", **direct
            )
        thread.submit(
            calls.begin_example, outputs=[thread, question, shelf], trigger_mode="multiple", **direct
        ).then(calls.answer, outputs=[thread], **answered).then(
            calls.settle, outputs=[masthead, shelf], trigger_mode="multiple", **direct
        )
        thread.shelve(
            calls.keep, outputs=[shelf, thread, evidence, masthead], trigger_mode="multiple", **direct
        ).then(calls.follow, outputs=[thread], **answered)
        thread.set_up(calls.set_up, outputs=[settings, masthead], trigger_mode="multiple", **direct)
        thread.try_out(calls.try_out, outputs=[settings], **answered)
        thread.select(calls.open_piece, outputs=[evidence], trigger_mode="multiple", **direct)
        thread.edit(calls.set_filter, outputs=[chips], trigger_mode="multiple", **direct)
        thread.narrow(calls.narrow, outputs=[library], trigger_mode="multiple", **direct)
        thread.amend(calls.amend, outputs=[*shelves, evidence], **direct)
        thread.switch(calls.switch, outputs=[*shown, evidence, chips], **direct)
        thread.like(calls.rate, outputs=[thread], trigger_mode="multiple", **direct)
        stop.click(calls.stop, **direct)
        clear.click(calls.clear, outputs=[thread, evidence, shelf, masthead], **direct)
        upload.upload(calls.ingest, [upload], [state], concurrency_limit=1, **quiet).then(
            calls.refresh, outputs=shown, **direct
        )
    return page


class _Calls:
    """The page's calls into the room, in Gradio's terms: it fills in `request` and `event` by their types."""

    def __init__(self, room: ChatRoom) -> None:
        self._room = room

    def arrive(self, event: gr.EventData, request: gr.Request) -> tuple[str, ...]:
        self._room.open(_session(request), str(_data(event).get("conversation", "")))
        return self.refresh(request)

    def refresh(self, request: gr.Request) -> tuple[str, ...]:
        session = _session(request)
        return *self._shelves(session), self._room.thread(session), self._room.shelf_html(session)

    def _shelves(self, session: str, *, trouble: str | None = None) -> tuple[str, ...]:
        """Masthead, collections, search, list of articles, filters."""
        room, rows = self._room, self._room.articles(session)
        return (
            room.masthead(session),
            room.library.collections(session, trouble=trouble),
            room.library.search(session, rows),
            room.library.listing(session, rows),
            room.filter_form(session, rows),
        )

    def narrow(self, event: gr.EventData, request: gr.Request) -> str:
        given = _data(event).items()
        fields = {name: value for name, value in given if value is None or isinstance(value, str)}
        return self._room.library.narrow(_session(request), fields)

    def amend(self, event: gr.EventData, request: gr.Request) -> tuple[str, ...]:
        """What is done to an opened article by hand; the last of what is given is its pane."""
        data, session, library = _data(event), _session(request), self._room.library
        name, values, line = str(data.get("id", "")), data.get("values"), str(data.get("line", ""))
        match data.get("do"):
            case "correct" if isinstance(values, dict):
                pane = library.correct(session, name, {str(key): str(value) for key, value in values.items()})
            case "lines":
                pane = library.lines(session, name)
            case "split" if re.fullmatch("[0-9]{1,9}", line):
                pane = library.split(session, name, int(line))
            case "join":
                pane = library.join(session, name)
            case "remove":
                pane = library.remove(session, name)
            case "restore":
                pane = library.restore(session, name)
            case "undo":
                pane = library.undo(session)
            case _:
                pane = empty_html()
        return *self._shelves(session), pane

    def switch(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Another collection, which has its own articles to talk about."""
        data, session, room = _data(event), _session(request), self._room
        if "begin" in data:
            trouble = room.library.begin_collection(session, str(data["begin"]))
        else:
            trouble = room.library.switch(session, str(data.get("collection", "")))
        if trouble is not None:
            return *self._shelves(session, trouble=trouble), *[gr.skip()] * 4
        room.clear(session)
        chips = room.set_filter(session, "all", "")
        thread, shelf = room.thread(session), room.shelf_html(session)
        return *self._shelves(session), thread, shelf, empty_html(), chips

    def settle(self, request: gr.Request) -> tuple[str, str]:
        return self._room.masthead(_session(request)), self._room.shelf_html(_session(request))

    def begin(self, text: str | None, request: gr.Request, again: int = 0) -> tuple[str, str, str]:
        session = _session(request)
        written = self._room.begin(session, text or "", again=again)
        return self._room.thread(session), "" if written else text or "", self._room.shelf_html(session)

    def begin_example(self, event: gr.EventData, request: gr.Request) -> tuple[str, str, str]:
        """A question that the page names: an example, or (`again`: its turn) one that was asked before."""
        data = _data(event)
        again = data.get("again")
        return self.begin(str(data.get("value", "")), request, again if isinstance(again, int) else 0)

    def answer(self, request: gr.Request) -> Iterator[Any]:
        yield gr.skip()  # of an iterator without items Gradio makes an empty thread
        yield from self._room.answer(_session(request))

    def follow(self, request: gr.Request) -> Iterator[Any]:
        yield gr.skip()
        yield from self._room.follow(_session(request))

    def keep(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """What was done in the list of conversations."""
        room, session, data = self._room, _session(request), _data(event)
        deed, name, value = (str(data.get(key, "")) for key in ("do", "id", "value"))
        if deed == "seek":
            room.shelf.seek(session, value)
        elif deed == "rename":
            room.shelf.rename(session, name, value)
        if deed in {"seek", "rename"}:  # the conversation shown stays as it is, and so does the pane
            return room.shelf_html(session), gr.skip(), gr.skip(), gr.skip()
        before = room.conversation(session)
        if deed == "open":
            room.open(session, name)
        elif deed == "delete":
            room.delete(session, name)
        elif deed == "restore":
            room.restore(session, name)
        elif deed == "new":
            room.clear(session)
        evidence = gr.skip() if room.conversation(session) is before else empty_html()
        return room.shelf_html(session), room.thread(session), evidence, room.masthead(session)

    def set_up(self, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """What was set in the panel of settings."""
        desk, session, data = self._room.settings, _session(request), _data(event)
        name, value = str(data.get("name", "")), str(data.get("value", ""))
        if data.get("do") == "set":
            panel = desk.set(session, name, value)
        elif data.get("do") == "model":
            panel = desk.use_model(session, name)
        else:
            panel = desk.html(session)
        return panel, self._room.masthead(session)

    def try_out(self, event: gr.EventData, request: gr.Request) -> Iterator[str]:
        """What the panel of settings measures or checks."""
        desk, session, data = self._room.settings, _session(request), _data(event)
        if data.get("do") == "measure":
            yield from desk.measure(session, str(data.get("name", "")))
        else:
            yield from desk.check(session)

    def stop(self, request: gr.Request) -> None:
        self._room.stop(_session(request))

    def clear(self, request: gr.Request) -> tuple[str, str, str, str]:
        room, session = self._room, _session(request)
        room.clear(session)
        return room.thread(session), empty_html(), room.shelf_html(session), room.masthead(session)

    def leave(self, request: gr.Request) -> None:
        self._room.leave(_session(request))

    def open_piece(self, event: gr.EventData, request: gr.Request) -> str:
        data = _data(event)
        kind = data.get("kind")
        if kind == "article":
            return self._room.library.article(_session(request), str(data.get("id", "")))
        try:
            turn, number = int(data["turn"]), int(data["number"])
        except (KeyError, TypeError, ValueError):
            return empty_html()
        if kind not in {"citation", "passage"}:
            return empty_html()
        return self._room.evidence(_session(request), turn=turn, kind=kind, number=number)

    def set_filter(self, event: gr.EventData, request: gr.Request) -> Any:
        """One filter, or several at once."""
        data = _data(event)
        several = data.get("filters")
        given = several if isinstance(several, dict) else {data.get("filter", ""): data.get("value")}
        chips = gr.skip()
        for name, value in given.items():
            chips = self._room.set_filter(
                _session(request), str(name), value if isinstance(value, str) else None
            )
        return chips

    def rate(self, event: gr.EventData, request: gr.Request) -> str:
        data = _data(event)
        session, thumb, reason = _session(request), data.get("thumb"), data.get("reason")
        try:
            turn = int(data["turn"])
        except (KeyError, TypeError, ValueError):
            return self._room.thread(session)
        if thumb in {"up", "down"} and (reason is None or isinstance(reason, str)):
            self._room.rate(session, turn=turn, thumb=thumb, reason=reason)
        return self._room.thread(session)

    def ingest(self, files: Sequence[str] | None, request: gr.Request) -> Iterator[str]:
        yield from self._room.library.ingest(_session(request), [Path(file) for file in files or ()])


def _session(request: gr.Request) -> str:
    """OWNER/PAGE: what one browser asked is nobody else's, even who knows the name of its page."""
    return f"{owner_of_request(request.headers, str(request.session_hash))}/{request.session_hash}"


def _data(event: gr.EventData) -> dict[str, Any]:
    data = event._data
    return data if isinstance(data, dict) else {}
