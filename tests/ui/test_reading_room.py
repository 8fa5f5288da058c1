"""The reading room in a real browser, over a real index with scripted models: filters, library, keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rag.assistant import Assistant
from rag.config import Config
from tests.fake_models import EvenScorer, ScriptedGenerator, WordEmbedder
from tests.fakes import BRIDGE_TEXT, FERRY_TEXT, PERSIAN_TEXT, SCRIPT_TITLE
from tests.ui.steps import ask

pytestmark = pytest.mark.browser

HOSTILE_OUTLET = '"><img src=x onerror=window.__owned=1> & Söhne'
LONG_TEXT = "A ledger of the harbour. " + "The board met again and wrote down what it had seen. " * 900
BRIDGE = "Harrow Quay bridge to close for eleven weeks"
ROWS = (
    (BRIDGE, BRIDGE_TEXT, "The Estuary Courier", "2024-03-07", "en", "Ines Falk"),
    ("Bridge shut for the summer", BRIDGE_TEXT, "Riverside Post", "2024-03-08", "en", None),
    ("Free ferry while the bridge is mended", FERRY_TEXT, "Riverside Post", "2024-05-02", "en", None),
    ("پل قدیمی بندر بسته می‌شود", PERSIAN_TEXT, "روزنامه ساحل", "2024-03-08", "fa", None),
    (SCRIPT_TITLE, "The bridge is in the notes, too.", HOSTILE_OUTLET, "2024-01-02", "en", None),
    ("Ledger", LONG_TEXT, None, None, "en", None),
)
CHIPS = "#filter-chips .chip"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("room")
    fields = ("title", "text", "outlet", "date", "language", "author")
    lines = [json.dumps(dict(zip(fields, row, strict=True))) for row in ROWS]
    (folder / "articles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    made = Assistant(
        Config(index_dir=folder / "index", cache_dir=folder, config_dir=folder),
        embedder=WordEmbedder,
        generator=lambda: ScriptedGenerator("Nothing that holds."),
        scorer=EvenScorer,
    )
    assert made.ingest([folder / "articles.jsonl"]).added == len(ROWS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(assistant: Assistant, serve_page: Any) -> Iterator[str]:
    with serve_page(assistant) as address:
        yield address


def set_filter(page: Any, name: str, value: str) -> None:
    page.evaluate("document.querySelector('#filter-form details').open = true")
    field = f"#filter-form [data-filter='{name}']"
    if name in {"outlet", "language"}:
        page.select_option(field, value)
    else:
        page.fill(field, value)
    page.wait_for_selector(f"{CHIPS}[data-set='{name}']")


def words(page: Any, selector: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(selector).all_text_contents()]


def test_filters_are_chips_and_hold_for_the_questions_asked_with_them(page: Any) -> None:
    page.click("#filters summary")
    for label in ("As of", "Published from", "Published until", "Outlet", "Language"):
        assert page.locator("#filters").get_by_label(label).is_visible()
    page.focus("#filter-form [data-filter='as_of']")
    page.keyboard.type("04012024")
    assert page.locator(CHIPS).count() == 0  # until it is whole
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{CHIPS}[data-set='as_of']")
    set_filter(page, "outlet", "Riverside Post")
    page.wait_for_function("document.querySelectorAll('#filter-chips .chip').length === 2")
    chips = f"{CHIPS} .chip-words"
    assert words(page, chips) == ["As of 1 April 2024", "Outlet Riverside Post"]
    ask(page, "How many weeks will the bridge be closed, and is there a free ferry?")
    assert not page.locator(".filter-panel").is_visible()
    assert words(page, "[data-last] .asked-with li") == ["As of 1 April 2024", "Outlet Riverside Post"]
    assert set(words(page, "[data-last] .sources .title")) == {"Bridge shut for the summer"}
    page.get_by_role("button", name="Remove: Outlet Riverside Post").click()
    page.wait_for_function("document.querySelectorAll('#filter-chips .chip').length === 1")
    assert page.input_value("#filter-form [data-filter='outlet']") == ""
    assert page.evaluate("document.activeElement.textContent") == "Filters"
    page.click("#filters summary")
    page.click("#filters [data-unset='all']")
    page.wait_for_selector(CHIPS, state="detached")
    ask(page, "Will two boats cross every fifteen minutes?")
    assert page.locator("[data-last] .asked-with").count() == 0
    assert "Free ferry while the bridge is mended" in words(page, "[data-last] .title")
    assert words(page, "[data-turn='1'] .asked-with li") == ["As of 1 April 2024", "Outlet Riverside Post"]


def test_bad_filters_are_said_and_nothing_is_lost(page: Any) -> None:
    set_filter(page, "date_from", "2024-05-01")
    set_filter(page, "date_to", "2024-03-01")
    question = "When does the bridge close?"
    ask(page, question)
    assert "exclude everything: from 2024-05-01 to 2024-03-01" in page.text_content("[data-last] .error")
    assert page.input_value("#question textarea") == question
    assert words(page, f"{CHIPS} .chip-words") == ["From 1 May 2024", "Until 1 March 2024"]
    # An impossible day leaves the filter as it was.
    page.click("#filters summary")
    page.focus("#filter-form [data-filter='date_from']")
    page.keyboard.type("02312024")
    page.keyboard.press("Escape")
    page.wait_for_selector("#filter-chips [role='alert']")
    assert "not in the calendar" in page.text_content("#filter-chips [role='alert']")
    assert words(page, f"{CHIPS} .chip-words") == ["From 1 May 2024", "Until 1 March 2024"]
    page.click("#filters summary")
    page.click("#filters [data-unset='all']")
    page.wait_for_selector(CHIPS, state="detached")
    # An outlet that went while the page was open.
    page.evaluate(
        "document.querySelector('[data-filter=outlet]').add(new Option('Riverside Pots', 'Riverside Pots'))"
    )
    set_filter(page, "outlet", "Riverside Pots")
    page.focus("#question textarea")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-turn='2'] .error")
    assert "did you mean Riverside Post" in page.text_content("[data-turn='2'] .error")


def test_the_library_narrows_and_opens_articles(page: Any) -> None:
    shown = "#library li:not([hidden])"
    assert page.text_content("#library .count") == "6 articles"
    first = page.locator(shown, has_text="Bridge shut for the summer")
    assert "Riverside Post, 8 March 2024 · English" in " ".join(first.text_content().split())
    assert f"copy of “{BRIDGE}”" in first.text_content()
    page.get_by_label("Search titles and outlets").fill("post bridge")
    page.wait_for_function("document.querySelector('#library .count').textContent === '2 of 6 articles'")
    assert page.locator(shown).count() == 2
    page.fill("#library-search input", "sohne")  # the outlet is spelt with an umlaut
    assert words(page, f"{shown} .title") == [SCRIPT_TITLE]
    page.fill("#library-search input", "nowhere")
    page.wait_for_selector("#library .no-match:not([hidden])")
    page.fill("#library-search input", "courier")
    page.click(f"{shown} button")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    head = " ".join(page.inner_text("#evidence header").split())
    for part in (BRIDGE, "The Estuary Courier, 7 March 2024", "By Ines Falk", "English", "articles.jsonl"):
        assert part in head
    assert page.text_content("#evidence .evidence-text") == BRIDGE_TEXT
    assert page.locator("#evidence mark").count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('#library [data-article]')")
    page.fill("#library-search input", "")
    page.click("#library button:has-text('Ledger')")
    page.wait_for_selector("#evidence .left-out")
    assert len(page.text_content("#evidence .evidence-text")) < len(LONG_TEXT)
    page.click("#library button:has-text('پل')")
    page.wait_for_function("document.querySelector('#evidence .title').textContent.includes('پل')")
    assert page.evaluate("getComputedStyle(document.querySelector('.evidence-text')).direction") == "rtl"


def test_hostile_names_are_words_in_the_library_and_in_chips(page: Any) -> None:
    assert SCRIPT_TITLE in words(page, "#library .title")
    assert HOSTILE_OUTLET in words(page, "#library .outlet")
    set_filter(page, "outlet", HOSTILE_OUTLET)
    assert words(page, f"{CHIPS} .chip-words") == [f"Outlet {HOSTILE_OUTLET}"]
    page.click(f"#library button:has-text('{SCRIPT_TITLE[:8]}')")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    ask(page, "What of the bridge is in the notes?")
    assert words(page, "[data-last] .asked-with li") == [f"Outlet {HOSTILE_OUTLET}"]
    page.get_by_role("button", name=f"Remove: Outlet {HOSTILE_OUTLET}").click()
    page.wait_for_selector(CHIPS, state="detached")
    assert page.locator("#room img, #room script, #room iframe").count() == 0


def test_keys(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollHeight") <= 800  # the closed list takes no room
    page.click("#library-name")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    page.keyboard.type("Is this a/b? 1")
    assert page.input_value("#question textarea") == "Is this a/b? 1"
    assert not page.locator("#keys dialog").is_visible()
    page.fill("#question textarea", "How many weeks will the bridge be closed?")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-last]:not([data-running]) .statement")
    page.click("[data-last] .question")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.is_visible()
    assert "Ctrl+Enter" in dialog.inner_text()
    page.keyboard.press("1")  # nothing moves behind it
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.locator("#evidence [data-shown]").count() == 0
    page.keyboard.press("1")
    page.wait_for_selector("#evidence [data-shown='1-citation-1']")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.citation") == "1"
    page.focus("#library-search input")
    page.keyboard.type("1?/")
    assert page.input_value("#library-search input") == "1?/"
    page.click("#filters summary")
    page.keyboard.press("Escape")
    assert not page.locator(".filter-panel").is_visible()


@pytest.mark.parametrize("width", [400, 1024])
def test_filters_and_library_on_smaller_screens(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name, value in (
        ("as_of", "2024-06-01"),
        ("date_from", "2024-01-01"),
        ("date_to", "2024-06-01"),
        ("outlet", HOSTILE_OUTLET),
        ("language", "en"),
    ):
        set_filter(page, name, value)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".filter-panel").bounding_box()
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= width
    page.keyboard.press("Escape")
    page.click("#library button:has-text('Ledger')")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    page.wait_for_timeout(400)
    assert page.locator("#evidence .evidence-title").is_visible()
    page.click("#evidence [data-close]")
    assert page.evaluate("document.activeElement.textContent.includes('Ledger')")
