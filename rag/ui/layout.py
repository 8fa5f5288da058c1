"""The page: which components there are and which function each of them calls.

The look is in `static/style.css`; Gradio supplies the plumbing, so its own decoration is kept out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import gradio as gr

from rag.schema import NO_FILTERS
from rag.ui.answers import keys_html, masthead_html, thread_html
from rag.ui.chat import MAX_QUESTION_CHARACTERS, Assistant, ChatRoom
from rag.ui.evidence import empty_html
from rag.ui.filters import chips_html, filter_form_html
from rag.ui.library import library_html
from rag.ui.uploads import UPLOAD_SUFFIXES

# System fonts only, as plain strings: a GoogleFont would be asked for on the network.
SANS = ["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Liberation Sans", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Noto Sans Mono", "Liberation Mono", "monospace"]
_SEARCH = (
    '<input type="search" aria-label="Search titles and outlets" placeholder="Title or outlet" dir="auto" '
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


def build(assistant: Assistant, *, examples: Sequence[str] | None = None) -> gr.Blocks:
    """The chat page for `assistant`; `examples` are the questions it opens with.

    By default they are made of article titles. The style sheet comes with `rag.ui.serve`.
    """
    calls = _Calls(ChatRoom(assistant, examples=examples))
    bare: dict[str, Any] = {"apply_default_css": False}

    page: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True, fill_height=True) as page:
        masthead = gr.HTML(masthead_html(0, ()), elem_id="masthead", **bare)
        with gr.Row(elem_id="room", equal_height=False):
            with gr.Column(elem_id="library-column", min_width=0):
                gr.HTML('<p class="pane-name">Library</p>', elem_id="library-name", **bare)
                upload = gr.UploadButton(
                    "Add articles",
                    file_count="multiple",
                    file_types=list(UPLOAD_SUFFIXES),
                    elem_id="upload",
                    size="sm",
                )
                state = gr.HTML("", elem_id="ingest-state", **bare)
                gr.HTML(_SEARCH, elem_id="library-search", **bare)
                library = gr.HTML(library_html(()), elem_id="library", **bare)
            with gr.Column(elem_id="chat-column", min_width=0):
                thread = gr.HTML(
                    thread_html(()), elem_id="thread", js_on_load=static_text("footnote.js"), **bare
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
                    clear = gr.Button("Clear", elem_id="clear", size="sm")
            with gr.Column(elem_id="evidence-column", min_width=0):
                evidence = gr.HTML(empty_html(), elem_id="evidence", **bare)
        gr.HTML(keys_html(), elem_id="keys", **bare)

        # private: the page's own calls, no public API; hidden: Gradio's spinners would cover what is read.
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        direct: dict[str, Any] = {**quiet, "queue": False}

        shown = [masthead, library, form, thread]
        page.load(calls.refresh, outputs=shown, **direct)
        page.unload(calls.leave)
        for trigger in (question.submit, ask.click):
            trigger(calls.begin, [question], [thread, question], **direct).then(
                calls.answer, outputs=[thread], concurrency_id="answer", concurrency_limit=1, **quiet
            ).then(calls.settle, outputs=[masthead], **direct)
        thread.submit(calls.begin_example, outputs=[thread, question], **direct).then(
            calls.answer, outputs=[thread], concurrency_id="answer", concurrency_limit=1, **quiet
        ).then(calls.settle, outputs=[masthead], **direct)
        thread.select(calls.open_piece, outputs=[evidence], trigger_mode="multiple", **direct)
        thread.edit(calls.set_filter, outputs=[chips], trigger_mode="multiple", **direct)
        thread.like(calls.rate, outputs=[thread], trigger_mode="multiple", **direct)
        stop.click(calls.stop, **direct)
        clear.click(calls.clear, outputs=[thread, evidence], **direct)
        upload.upload(calls.ingest, [upload], [state], concurrency_limit=1, **quiet).then(
            calls.refresh, outputs=shown, **direct
        )
    return page


class _Calls:
    """The page's calls into the room, in Gradio's terms: it fills in `request` and `event` by their types."""

    def __init__(self, room: ChatRoom) -> None:
        self._room = room

    def refresh(self, request: gr.Request) -> tuple[str, str, str, str]:
        rows, session = self._room.articles(), _session(request)
        form = self._room.filter_form(session, rows)
        return self._room.masthead(), library_html(rows), form, self._room.thread(session)

    def settle(self) -> str:
        return self._room.masthead()

    def begin(self, text: str | None, request: gr.Request) -> tuple[str, str]:
        written = self._room.begin(_session(request), text or "")
        return self._room.thread(_session(request)), "" if written else text or ""

    def begin_example(self, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        return self.begin(str(_data(event).get("value", "")), request)

    def answer(self, request: gr.Request) -> Iterator[str]:
        yield from self._room.answer(_session(request))

    def stop(self, request: gr.Request) -> None:
        self._room.stop(_session(request))

    def clear(self, request: gr.Request) -> tuple[str, str]:
        self._room.clear(_session(request))
        return self._room.thread(_session(request)), empty_html()

    def leave(self, request: gr.Request) -> None:
        self._room.leave(_session(request))

    def open_piece(self, event: gr.EventData, request: gr.Request) -> str:
        data = _data(event)
        kind = data.get("kind")
        if kind == "article":
            return self._room.article(str(data.get("id", "")))
        try:
            turn, number = int(data["turn"]), int(data["number"])
        except (KeyError, TypeError, ValueError):
            return empty_html()
        if kind not in {"citation", "passage"}:
            return empty_html()
        return self._room.evidence(_session(request), turn=turn, kind=kind, number=number)

    def set_filter(self, event: gr.EventData, request: gr.Request) -> str:
        data = _data(event)
        value = data.get("value")
        return self._room.set_filter(
            _session(request), str(data.get("filter", "")), value if isinstance(value, str) else None
        )

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

    def ingest(self, files: Sequence[str] | None) -> Iterator[str]:
        yield from self._room.ingest([Path(file) for file in files or ()])


def _session(request: gr.Request) -> str:
    return str(request.session_hash)


def _data(event: gr.EventData) -> dict[str, Any]:
    data = event._data
    return data if isinstance(data, dict) else {}
