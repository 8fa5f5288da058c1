"""Hostile texts wherever the page shows somebody else's words: no script runs and no request leaves.

The browser ignores the page's Content-Security-Policy here, so that the escaping alone has to hold; what the policy
adds is tried by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.config import Config
from rag.errors import GenerationFailed, InputError
from rag.schema import (
    NO_FILTERS,
    Abstention,
    Answer,
    ArticleRow,
    Conflict,
    ConflictValue,
    FileFailure,
    Filters,
    IngestReport,
    Progress,
    Statement,
    TimelineEntry,
)
from rag.ui.answers import Turn
from rag.ui.conversations import ConversationStore
from rag.ui.evidence import escape_line
from tests.fakes import FakeAssistant, cite, hit_of, make_article
from tests.ui.payloads import HOST, JS, payloads
from tests.ui.steps import DONE

pytestmark = pytest.mark.browser

PAYLOADS = payloads()
ALL = "\n".join(PAYLOADS)
OWNER = "o" * 43
DAY = date(2024, 3, 7)
ALIVE = "img, script, iframe, object, embed, link, style, meta, base, video, audio, template, frame, applet, svg, math"
SHOWN = "#library, #library-search, #library-name, #thread, #filters, #evidence, #ingest-state, #shelf"


class HostileAssistant(FakeAssistant):
    """Every word it says, and every name it knows, would do harm as markup."""

    def __init__(self, config: Config, file: Path) -> None:
        file.write_bytes(ALL.encode())
        known = {"published": DAY, "source_path": str(file), "encoding": "utf-8"}
        whole = make_article(0, ALL, ALL, outlet=ALL, author=ALL, language=ALL, url=ALL, **known)
        single = [
            make_article(
                number, text, f"Words. {text} More.", outlet=text, author=text, language=text, published=DAY
            )
            for number, text in enumerate(PAYLOADS, 1)
        ]
        copies = [replace(article, id=f"c{article.id}", duplicate_of="a0") for article in single[:3]]
        super().__init__(config, articles=[whole, *single, *copies])
        self.models = {"generator": PAYLOADS[0]}

    def stream(self, question: str, *, filters: Filters = NO_FILTERS, **_: Any) -> Iterator[Answer]:
        if "boom" in question:
            raise GenerationFailed(ALL)
        cited = [
            cite(article_number + 1, article, article.text)
            for article_number, article in enumerate(self._articles)
        ]
        answer = Answer(
            question,
            f"rewritten {ALL}",
            filters,
            tuple(Statement(text, "supported", (number,)) for number, text in enumerate(PAYLOADS, 1)),
            tuple(cited),
            tuple(hit_of(number, article, article.text) for number, article in enumerate(self._articles, 1)),
            conflicts=(Conflict(ALL, "contradicts", (ConflictValue(ALL, 1), ConflictValue(ALL, 2))),),
            timeline=(TimelineEntry(DAY, Statement(ALL, "verbatim", (1,))),),
            notes=tuple(PAYLOADS),
        )
        if "Mars" in question:
            nothing = Abstention("not_supported", ALL)
            answer = replace(answer, statements=(), citations=answer.citations[:2], abstention=nothing)
        yield answer

    def ingest(
        self, paths: Sequence[Path | str], *, on_progress: Callable[[Progress], None] | None = None
    ) -> IngestReport:
        if any("broken" in str(path) for path in paths):
            raise InputError(ALL)
        failed = tuple(FileFailure(str(path), text) for path in paths for text in PAYLOADS)
        return IngestReport(0, 0, 0, 0, failed, tuple(FileFailure(x, x) for x in PAYLOADS), 1, 1, 0.1)

    def correct(self, article_id: str, values: Mapping[str, str]) -> ArticleRow:
        raise InputError(ALL)


@contextmanager
def watched(browser: Any, address: str, *, bypass_csp: bool) -> Iterator[tuple[Any, list[str]]]:
    """The page opened, and what happened that should not: scripts that ran, requests to elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=bypass_csp)
    context.set_default_timeout(120_000)
    context.add_cookies([{"name": "footnote_owner", "value": OWNER, "url": address}])
    events: list[str] = []

    def judge(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            events.append(f"asked {request.url}")

    def stopped(request: Any) -> None:
        if request.failure == "csp":  # announced, but never sent
            events.remove(f"asked {request.url}")

    context.on("request", judge)
    context.on("requestfailed", stopped)
    context.expose_function("told", lambda: events.append("ran"))
    # Set by any payload that runs, even one that the page then takes away again.
    context.add_init_script("Object.defineProperty(window, '__owned', {set() { window.told(); }, get() {}});")
    page = context.new_page()
    page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: events.append(f"opened {popup.url}"))
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on(
        "framenavigated",
        lambda frame: events.append(f"went to {frame.url}") if page.url != frame.url else None,
    )
    page.goto(address)
    page.wait_for_selector("#library li")
    yield page, events
    context.close()


def test_there_are_enough_of_them() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 100
    assert sum(JS in text for text in PAYLOADS) >= 60
    assert sum(HOST in text for text in PAYLOADS) >= 30


def test_nothing_runs_and_nothing_leaves(browser: Any, serve_page: Any, tmp_path: Path) -> None:
    config = Config(index_dir=tmp_path / "index")
    store = ConversationStore(config.index_dir)
    for number, text in enumerate(PAYLOADS):
        store.begin(OWNER, f"k{number}", Turn(1, text, running=False))
        store.rename(OWNER, f"k{number}", text)
    store.close()
    fake = HostileAssistant(config, tmp_path / "<img src=x onerror=window.__owned=1>.txt")
    with serve_page(fake) as address, watched(browser, address, bypass_csp=True) as (page, events):
        shown = page.text_content("#library")
        for text in PAYLOADS:  # they are there, as words
            assert unescape(escape_line(text)) in shown
        # Titles of conversations, with the fields to change them.
        assert page.locator("#shelf [data-keep]").count() >= 100
        page.evaluate("document.querySelectorAll('#shelf details').forEach(each => { each.open = true; })")
        # An answer with its cards, an abstention, an error.
        for question in ("What?", "Mars?", "boom"):
            page.fill("#question textarea", question)
            page.press("#question textarea", "Enter")
            page.wait_for_function(
                "q => document.querySelector('[data-last] .question')?.textContent === q", arg=question
            )
            page.wait_for_selector(DONE)
        page.evaluate("document.querySelectorAll('#thread details').forEach(each => { each.open = true; })")
        page.evaluate("document.querySelectorAll('.card').forEach(each => each.showPopover())")
        assert page.locator(".card:popover-open").count() > 100
        page.evaluate("document.querySelectorAll('.card').forEach(each => each.hidePopover())")
        # The evidence with the places around, an article with its form, its lines, and why it was not corrected.
        page.locator("[data-turn='1'] [data-citation='1']").first.click()
        page.wait_for_selector("#evidence mark")
        page.click("#evidence .around summary")
        page.locator("#library [data-article='a0']").click()
        page.wait_for_selector("#evidence .correct")
        page.click("#evidence .correct summary")
        page.fill("#evidence [data-field='author']", "Somebody else")
        page.click("#evidence .correct [type='submit']")
        page.wait_for_selector("#evidence .notice.error")
        page.click("#evidence [data-do='lines']")
        page.wait_for_selector("#evidence .lines li")
        # Filters: all outlets to choose from, and one after the other as a chip.
        names = "#filter-form [data-filter='outlet']"
        assert page.locator(f"{names} option").count() > 100
        for text in PAYLOADS[:: len(PAYLOADS) // 5]:
            page.evaluate(
                "([names, text]) => { const field = document.querySelector(names); field.value = text;"
                " field.dispatchEvent(new Event('change', { bubbles: true })); }",
                [names, text],
            )
            page.locator("#filter-chips .chip bdi", has_text=unescape(escape_line(text))).wait_for()
        # Names of files and the reasons why they were not read.
        for name, part in (("<svg onload=window.__owned=1>.txt", "onload"), ("broken.txt", "broken")):
            (tmp_path / name).write_text("x", encoding="utf-8")
            page.set_input_files("#library-column input[type=file]", [tmp_path / name])
            page.locator("#ingest-state [data-state='failed'] .path", has_text=part).wait_for()
        page.wait_for_timeout(500)
        assert page.locator(SHOWN).count() == 8
        alive = page.evaluate(
            "([shown, alive]) => [...document.querySelectorAll(shown)].flatMap(part => [...part.querySelectorAll('*')])"
            ".filter(each => each.matches(alive) || [...each.attributes].some(one => one.name.startsWith('on')))"
            ".map(each => each.outerHTML.slice(0, 200))",
            [SHOWN, ALIVE],
        )
        assert alive == []
        links = page.locator(f":is({SHOWN}) a").evaluate_all("all => all.map(each => each.href)")
        assert all(urlsplit(link).netloc == urlsplit(address).netloc for link in links)
        assert events == []
        # The control: what does run, or calls, is noticed.
        page.evaluate(
            "([js, host]) => document.querySelector('#thread').insertAdjacentHTML('beforeend', "
            "`<img src='http://${host}/control' onerror='${js}'>`)",
            [JS, HOST],
        )
        for _ in range(50):
            if "ran" in events:
                break
            page.wait_for_timeout(100)
        assert f"asked http://{HOST}/control" in events
        assert "ran" in events


def test_the_policy_holds_where_the_escaping_would_not(browser: Any, serve_page: Any, tmp_path: Path) -> None:
    with (
        serve_page(FakeAssistant(Config(index_dir=tmp_path))) as address,
        watched(browser, address, bypass_csp=False) as (page, events),
    ):
        refused: list[str] = []
        page.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
        page.evaluate(
            "([js, host]) => document.body.insertAdjacentHTML('beforeend', "
            "`<img src='http://${host}/x' onerror='${js}'><div onclick='${js}' id=planted>x</div>`)",
            [JS, HOST],
        )
        page.evaluate("document.querySelector('#planted').click()")
        page.wait_for_timeout(800)
        assert events == []
        assert any("Content Security Policy" in line for line in refused)
