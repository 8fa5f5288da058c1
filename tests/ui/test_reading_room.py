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
    assert page.evaluate("document.activeElement.textContent") == "Question filters"
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


def narrow_to(page: Any, text: str, count: str) -> None:
    page.get_by_label("Search titles and outlets").fill(text)
    page.wait_for_function("c => document.querySelector('#library .count').textContent === c", arg=count)


def test_the_library_narrows_and_opens_articles(page: Any) -> None:
    assert page.text_content("#library .count") == "6 articles"
    group = page.locator("#library .library > li", has_text=BRIDGE)
    copy = " ".join(group.locator(".copies li").text_content().split())
    assert copy.startswith("Bridge shut for the summerRiverside Post, 8 March 2024 · English ready")
    assert f"copy of “{BRIDGE}”" in copy
    narrow_to(page, "post bridge", "2 of 6 articles")
    assert page.locator("#library .library > li").count() == 2
    narrow_to(page, "sohne", "1 of 6 articles")  # the outlet is spelt with an umlaut
    assert words(page, "#library .title") == [SCRIPT_TITLE]
    narrow_to(page, "nowhere", "0 of 6 articles")
    assert page.locator("#library .no-match").is_visible()
    narrow_to(page, "courier", "1 of 6 articles")
    page.click("#library .listed")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    head = " ".join(page.inner_text("#evidence header").split())
    for part in (BRIDGE, "The Estuary Courier, 7 March 2024", "By Ines Falk", "English", "articles.jsonl"):
        assert part in head
    assert page.text_content("#evidence .evidence-text") == BRIDGE_TEXT
    assert page.locator("#evidence mark").count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('#library [data-article]')")
    narrow_to(page, "", "6 articles")
    # By date, outlet and language; what is narrowed to can be asked.
    page.click("#library-search summary")
    page.select_option("#library-search [data-narrow='outlet']", "Riverside Post")
    page.fill("#library-search [data-narrow='date_from']", "2024-04-01")
    page.wait_for_function("document.querySelector('#library .count').textContent === '1 of 6 articles'")
    page.click("#library-search [data-ask-these]")
    page.wait_for_function("document.querySelectorAll('#filter-chips .chip').length === 2")
    assert words(page, f"{CHIPS} .chip-words") == ["From 1 April 2024", "Outlet Riverside Post"]
    page.click("#library-search [data-all]")
    page.wait_for_function("document.querySelector('#library .count').textContent === '6 articles'")
    page.click("#library button:has-text('Ledger')")
    page.wait_for_selector("#evidence .left-out")
    assert len(page.text_content("#evidence .evidence-text")) < len(LONG_TEXT)
    page.click("#library button:has-text('پل')")
    page.wait_for_function("document.querySelector('#evidence .title').textContent.includes('پل')")
    assert page.evaluate("getComputedStyle(document.querySelector('.evidence-text')).direction") == "rtl"


def test_a_card_tells_what_a_footnote_stands_on(page: Any) -> None:
    ask(page, "How many weeks will the bridge be closed?")
    card = page.locator(".card:popover-open")
    page.hover("[data-last] .statement .marker")
    card.wait_for()
    said = " ".join(card.inner_text().split())
    title = page.text_content("[data-last] .sources .title")
    assert title in said
    assert page.text_content("[data-last] .sources time") in said
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    page.mouse.move(5, 5)
    card.wait_for(state="hidden")
    page.focus("[data-last] .statement .marker")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    card.wait_for()
    assert page.get_attribute("[data-last] .statement .marker", "aria-describedby") == "card"
    page.keyboard.press("Escape")
    assert card.count() == 0
    assert page.evaluate("document.activeElement.matches('.marker')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#evidence mark")
    assert " ".join(page.text_content("#evidence mark").split()) in said
    assert card.count() == 0


def test_from_one_footnote_to_the_next(page: Any) -> None:
    ask(page, "Is there a free ferry while the bridge is closed, and for how many weeks?")
    numbers = list(dict.fromkeys(words(page, "[data-last] .marker")))
    page.click("[data-last] .question")
    for number in numbers:
        page.keyboard.press("j")
        page.wait_for_selector(f"#evidence [data-shown='1-citation-{number}']")
    page.keyboard.press("j")  # the last one stays
    assert page.evaluate("document.activeElement.dataset.citation") == numbers[-1]
    for number in numbers[-2::-1]:
        page.keyboard.press("k")
        page.wait_for_selector(f"#evidence [data-shown='1-citation-{number}']")
    page.click("#evidence .around summary")
    page.locator("#evidence .around [data-passage]").first.click()
    page.wait_for_selector("#evidence [data-shown^='1-passage-']")
    page.wait_for_selector("#evidence .around[open]")
    page.wait_for_function(
        "document.activeElement.closest('#evidence-column')"
    )  # not lost with what was pressed
    page.click("#question textarea")
    page.keyboard.type("jk")
    assert page.input_value("#question textarea") == "jk"


def test_an_article_is_corrected_removed_and_brought_back(page: Any) -> None:
    page.click("#library button:has-text('Ledger')")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    page.click("#evidence .correct summary")
    page.get_by_label("Outlet").last.fill("Harbour Ledger & Sons")
    page.keyboard.press("Enter")
    page.wait_for_selector("#evidence .notice")
    assert "Corrected: outlet of “Ledger”." in page.text_content("#evidence .notice")
    assert "Harbour Ledger & Sons" in page.text_content("#library")
    page.click("#evidence .notice [data-do='undo']")
    page.wait_for_function("!document.querySelector('#library').textContent.includes('& Sons')")
    page.click("#evidence [data-do='remove']")
    page.wait_for_function("document.querySelector('#library .count').textContent === '5 articles'")
    page.click("#library .notice [data-do='undo']")
    page.wait_for_function("document.querySelector('#library .count').textContent === '6 articles'")
    assert "“Ledger” is back." in page.text_content("#evidence .notice")


def test_what_was_removed_comes_back_after_a_reload(page: Any) -> None:
    for title in ("Ledger", "Free ferry"):
        page.click(f"#library .library button:has-text('{title}')")
        page.wait_for_selector(f"#evidence .evidence-title:has-text('{title}')")
        page.click("#evidence [data-do='remove']")
        page.wait_for_selector(f"#evidence .notice:has-text('{title}')")
    page.reload()
    page.wait_for_function("document.querySelector('#library .removed summary')?.textContent === '2 removed'")
    assert page.locator("#library .notice").count() == 0
    assert not page.get_by_role("button", name="Bring back").first.is_visible()
    page.click("#library .removed summary")
    page.get_by_role("button", name="Bring back: Ledger").click()
    page.wait_for_function("document.querySelector('#library .removed summary')?.textContent === '1 removed'")
    page.wait_for_selector("#evidence .evidence-title:has-text('Ledger')")
    # The list stays open for the next one, until nothing is left in it.
    page.get_by_role("button", name="Bring back: Free ferry").click()
    page.wait_for_function("document.querySelector('#library .count').textContent === '6 articles'")
    assert page.locator("#library .removed").count() == 0


def test_files_are_dropped_and_each_says_how_it_went(page: Any) -> None:
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["The fair opens on Monday\\n\\nIt is free."], "fresh.txt"));
            data.items.add(new File([""], "empty.txt"));
            const told = { dataTransfer: data, bubbles: true, cancelable: true };
            document.querySelector("#thread").dispatchEvent(new DragEvent("dragover", told));
            window.__shown = document.documentElement.hasAttribute("data-drop");
            document.querySelector("#thread").dispatchEvent(new DragEvent("drop", told));
        }"""
    )
    assert page.evaluate("window.__shown")
    page.wait_for_selector("#ingest-state [data-state='ready']")
    assert words(page, "#ingest-state li") == [
        "empty.txt not readthe file is empty",
        "fresh.txt ready, 1 article",
    ]
    assert not page.evaluate("document.documentElement.hasAttribute('data-drop')")
    page.click("#library button:has-text('fair opens')")
    page.click("#evidence [data-do='remove']")
    page.wait_for_function("document.querySelector('#library .count').textContent === '6 articles'")


def test_another_collection_has_its_own_articles(page: Any, assistant: Assistant) -> None:
    here = assistant.config.index_dir
    other = assistant.over(here.parent / "letters")
    (here.parent / "letter.txt").write_text("A letter\n\nThe post comes at nine.", encoding="utf-8")
    other.ingest([here.parent / "letter.txt"])
    page.reload()
    page.wait_for_selector("#library li")
    ask(page, "When will the bridge close?")
    page.click("#library-name summary")
    page.click("[data-collection='letters']")
    page.wait_for_function("document.querySelector('#library .count').textContent === '1 article'")
    assert page.locator("[data-turn]").count() == 0
    ask(page, "When does the post come?")
    assert "at nine" in page.text_content("[data-last]")
    page.click("#library-name summary")
    page.keyboard.press("Escape")
    assert not page.locator("#library-name [data-collection]").first.is_visible()
    page.click("#library-name summary")
    page.click("[data-collection='index']")
    page.wait_for_function("document.querySelector('#library .count').textContent === '6 articles'")


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
    assert "ask; Ctrl+Enter does too" in dialog.inner_text()
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


def test_an_article_opens_at_its_beginning(page: Any) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    page.click("#library button:has-text('Ledger')")
    page.wait_for_selector("#evidence [data-shown^='article-']")
    page.evaluate("document.querySelector('.evidence-text').scrollTo(0, 400)")
    page.click(f"#library button:has-text('{BRIDGE}')")
    page.wait_for_selector(f"#evidence .evidence-title:has-text('{BRIDGE}')")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('.evidence-text').scrollTop") == 0


def test_keys_in_the_empty_question_box(page: Any) -> None:
    box = "#question textarea"
    page.focus(box)
    page.keyboard.press("/")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    page.keyboard.type("Who?")
    page.keyboard.press("Shift+Enter")  # as the list says
    page.keyboard.type("?")
    assert page.input_value(box) == "Who?\n?"
    page.fill(box, "")
    page.keyboard.type("7 of 9")  # no answer yet, so no footnote 7
    assert page.input_value(box) == "7 of 9"
    ask(page, "How many weeks will the bridge be closed?")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    page.keyboard.press("1")
    page.wait_for_selector("#evidence [data-shown='1-citation-1']")
    assert page.input_value(box) == ""
    assert page.evaluate("document.activeElement.dataset.citation") == "1"
    page.wait_for_timeout(1100)
    page.keyboard.press("x")
    assert page.input_value(box) == ""
    page.keyboard.press("/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    assert page.input_value(box) == ""
    page.keyboard.type(
        "12 boats, 1/2 full?", delay=20
    )  # a question that begins with the figure of a footnote
    assert page.input_value(box) == "12 boats, 1/2 full?"


def test_escape_closes_the_open_footnote_beside_the_conversation(page: Any) -> None:
    ask(page, "How many weeks will the bridge be closed?")
    box, empty = "#question textarea", "#evidence .evidence-empty"
    for focus in ("[data-last] .marker", box):
        page.click("[data-last] .marker")
        page.wait_for_selector("#evidence mark")
        page.focus(focus)
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")  # the card beside the marker goes first
        page.wait_for_selector(empty)
        assert page.locator("#thread [data-open]").count() == 0
        assert page.evaluate("s => document.activeElement.matches(s)", focus)
    page.click("[data-last] .marker")  # the same again
    page.wait_for_selector("#evidence mark")
    # What is typed into a form of the pane is not lost.
    page.click("#library button:has-text('Ledger')")
    page.click("#evidence .correct summary")
    page.locator("#evidence [data-field='author']").fill("Ines Falk")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Correct"
    page.click("#evidence .correct summary")
    assert page.input_value("#evidence [data-field='author']") == "Ines Falk"


def test_days_say_what_they_mean(page: Any) -> None:
    page.click("#filters summary")
    for name, said in (("as_of", "known"), ("date_to", "or earlier")):
        field = page.locator(f"#filter-form [data-filter='{name}']")
        assert said in field.get_attribute("aria-description")
        assert said in field.locator("..").get_attribute("title")
    assert words(page, "#filters summary") == ["Question filters"]
    assert words(page, "#library-search summary") == ["Narrow this list"]


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
    # Where the page scrolls, the conversation has no bar of its own beside the page's, and the library none.
    bars = """[document.documentElement.scrollHeight > innerHeight, ...['#thread', '#library-column', '#library'].map(
        name => getComputedStyle(document.querySelector(name)))
        .map(style => style.overflowY !== 'visible' && style.scrollbarWidth !== 'none')]"""
    assert page.evaluate(bars) == ([True, False, False, False] if width == 400 else [False, True, True, True])
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
