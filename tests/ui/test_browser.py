"""The page in a real browser: ask, open a footnote, stop, upload; and it talks to nobody else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from rag.config import Config
from rag.feedback import FeedbackStore
from tests.fakes import SCRIPT_TITLE, FakeAssistant
from tests.ui.steps import DONE, ask

pytestmark = pytest.mark.browser


def test_a_footnote_leads_to_the_exact_words(page: Any) -> None:
    ask(page, "How long will the bridge be closed?")
    page.click("[data-last] .statement [data-citation='1']")
    page.wait_for_selector("#evidence mark")
    assert page.text_content("#evidence mark") == "the work would take eleven weeks and cost £2.4 million"
    assert page.locator("#evidence mark").count() == 1
    assert "The Estuary Courier" in page.text_content("#evidence header")
    assert "7 March 2024" in page.text_content("#evidence header")
    look = page.evaluate(
        "(({textDecorationLine, backgroundColor}) => [textDecorationLine, backgroundColor])"
        "(getComputedStyle(document.querySelector('#evidence mark')))"
    )
    assert look[0] == "underline"
    assert look[1] != "rgba(0, 0, 0, 0)"


def test_the_quote_is_scrolled_into_view(page: Any) -> None:
    ask(page, "How long will the bridge be closed?")
    page.set_viewport_size({"width": 1280, "height": 420})
    for number in ("1", "2"):
        page.click(f"[data-last] .statement [data-citation='{number}']")
        page.wait_for_function(
            "n => document.querySelector('#evidence [data-shown]')?.dataset.shown.endsWith('citation-' + n)",
            arg=number,
        )
        page.wait_for_timeout(200)
        inside = page.evaluate(
            "() => { const box = document.querySelector('.evidence-text').getBoundingClientRect();"
            " const mark = document.querySelector('#evidence mark').getClientRects()[0];"
            " return mark.top >= box.top - 1 && mark.bottom <= box.bottom + 1; }"
        )
        assert inside


def test_keyboard(page: Any) -> None:
    ask(page, "How long will the bridge be closed?")
    page.focus("[data-last] .statement [data-citation='2']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#evidence [data-shown$='citation-2']")
    page.focus("#evidence .evidence-text")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.citation") == "2"
    page.keyboard.press("3")
    page.wait_for_selector("#evidence [data-shown$='citation-3']")
    assert page.text_content("#evidence mark").startswith("The council puts the cost")


def test_older_answers_keep_their_footnotes(page: Any) -> None:
    ask(page, "How long will the bridge be closed?")
    ask(page, "What does the Persian paper say?")
    page.click("[data-turn='1'] .statement [data-citation='3']")
    page.wait_for_selector("#evidence [data-shown='1-citation-3']")
    assert page.text_content("#evidence mark").startswith("The council puts the cost")
    page.click("[data-turn='2'] .statement [data-citation='1']")
    page.wait_for_selector("#evidence [data-shown='2-citation-1']")
    assert page.evaluate("getComputedStyle(document.querySelector('.evidence-text')).direction") == "rtl"


def test_a_title_made_of_script_is_words(page: Any) -> None:
    assert SCRIPT_TITLE in page.text_content("#library")
    ask(page, f"notes {SCRIPT_TITLE}")
    assert page.text_content("[data-last] .words").startswith("<script>")
    page.click("[data-last] .statement [data-citation='1']")
    page.wait_for_selector("#evidence mark")
    assert page.text_content("#evidence mark") == "The notes end here."
    assert page.locator("#room img, #room script, #room iframe, #room a[href^='http']").count() == 0


def test_stop_keeps_what_stands(page: Any, fake: FakeAssistant) -> None:
    closed = fake.closed
    page.fill("#question textarea", "slow")
    page.press("#question textarea", "Enter")
    page.wait_for_selector("[data-last] .statement")
    page.click("#stop")
    page.wait_for_selector(DONE)
    assert "eleven weeks" in page.text_content("[data-last]")
    assert "Stopped." in page.text_content("[data-last]")
    page.wait_for_timeout(300)
    assert fake.closed == closed + 1
    ask(page, "And now?")


def test_a_closed_page_frees_the_model(browser: Any, url: str, fake: FakeAssistant) -> None:
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("#library li")
    page.fill("#question textarea", "slow")
    page.press("#question textarea", "Enter")
    page.wait_for_selector("[data-last] .statement")
    closed = fake.closed
    page.close()
    deadline = time.monotonic() + 5
    while fake.closed == closed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert fake.closed == closed + 1


def test_abstention_error_and_clear(page: Any) -> None:
    ask(page, "Is there water on Mars?")
    assert "The articles do not say." in page.text_content(".abstention")
    page.click("[data-passage='2']")
    page.wait_for_selector("#evidence [data-shown='1-passage-2']")
    ask(page, "boom")
    assert "stopped working; ask again" in page.text_content("[data-last] .error")
    ask(page, "How long will the bridge be closed?")
    page.click("#clear")
    page.wait_for_selector(".welcome")
    page.click("[data-example] >> nth=0")
    page.wait_for_selector(DONE)
    assert "Harrow Quay" in page.text_content("[data-last] .question")


def test_thumbs(page: Any, fake: FakeAssistant) -> None:
    store = FeedbackStore(fake.config.index_dir)
    pressed = "[data-turn='1'] [data-thumb][aria-pressed='true']"
    ask(page, "How long will the bridge be closed?")
    page.focus("[data-last] [data-thumb='up']")
    page.keyboard.press("Space")
    page.wait_for_selector(pressed)
    assert [item.thumb for item in store.read()] == ["up"]
    assert page.evaluate("document.activeElement.dataset.thumb") == "up"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-last] [data-why]")
    assert page.evaluate("document.activeElement.dataset.thumb") == "down"
    page.keyboard.press("Tab")
    page.keyboard.type("<b>1</b> is old")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-why][value='<b>1</b> is old']")
    (kept,) = store.read()
    assert (kept.thumb, kept.reason) == ("down", "<b>1</b> is old")
    # What is being typed outlives an answer that comes in below it.
    ask(page, "Is there water on Mars?")
    page.click("[data-turn='2'] [data-thumb='down']")
    page.fill("[data-turn='2'] [data-why]", "the notes")
    page.fill("#question textarea", "And the cost?")
    page.press("#question textarea", "Enter")
    page.wait_for_selector("[data-turn='3']:not([data-running]) [data-thumb]")
    assert page.input_value("[data-turn='2'] [data-why]") == "the notes"
    assert page.input_value("[data-turn='1'] [data-why]") == "<b>1</b> is old"
    assert page.get_attribute(pressed, "data-thumb") == "down"
    assert [(item.thumb, item.reason) for item in store.read()][1:] == [("down", "the notes")]


def test_upload(page: Any, tmp_path: Path, fake: FakeAssistant) -> None:
    (tmp_path / "fresh news.txt").write_text("Some words.", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    page.set_input_files(
        "#library-column input[type=file]", [tmp_path / "fresh news.txt", tmp_path / "empty.txt"]
    )
    page.wait_for_selector("#ingest-state .ready")
    state = page.text_content("#ingest-state")
    assert "1 added" in state
    page.wait_for_function("document.querySelector('#library').textContent.includes('fresh news')")
    assert "7 articles" in page.text_content("#masthead")
    kept = [path.name for path in (fake.config.index_dir / "uploads").iterdir()]
    assert "fresh news.txt" in kept


def test_one_column_on_a_narrow_screen(page: Any) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    ask(page, "How long will the bridge be closed?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.click("[data-last] .statement [data-citation='1']")
    page.wait_for_selector("#evidence mark")
    page.wait_for_timeout(400)
    assert page.evaluate("document.querySelector('#evidence mark').getBoundingClientRect().top") < 800
    page.click("#evidence [data-close]")
    page.wait_for_timeout(400)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#evidence-column')).visibility") == "hidden"
    )
    assert page.evaluate("document.activeElement.dataset.citation") == "1"


def test_nothing_of_gradio_shines_through(page: Any) -> None:
    assert page.title() == "Footnote"
    assert page.locator("footer:visible").count() == 0
    assert "Gradio" not in page.inner_text("body")
    fonts = page.evaluate("[...document.fonts].filter(font => font.status === 'loaded').length")
    assert fonts == 0


def test_an_empty_library(browser: Any, serve_page: Any, tmp_path: Path) -> None:
    with serve_page(FakeAssistant(Config(index_dir=tmp_path), articles=())) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector(".library-empty")
        assert "shelves are empty" in page.inner_text("#thread")
        assert "being read" not in page.inner_text("#thread")
        assert not page.locator("#filters").is_visible()
        with page.expect_file_chooser() as chooser:
            page.click("#thread [data-add]")
        assert chooser.value.is_multiple()
        page.close()


def test_an_answer_is_copied_and_its_question_asked_again_or_changed(browser: Any, url: str) -> None:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#library li")
    question = "How long will the bridge be closed?"
    ask(page, question)
    page.click("[data-last] [data-copy]")
    page.wait_for_selector("[data-last] [data-copy]:has-text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"{question}\n\n")
    sentences, sources = text.split("\n\n")[1:]
    assert "eleven weeks and cost £2.4 million.[1]" in sentences
    assert "verbatim" not in sentences
    assert sources.splitlines()[0].startswith("[1] ")
    assert "The Estuary Courier, 7 March 2024" in sources
    assert "“the work would take eleven weeks and cost £2.4 million”" in sources
    page.evaluate(
        "document.querySelector('[data-last] .card-quote q').textContent = 'He said “eleven weeks.”'"
    )
    page.click("[data-last] [data-copy]")
    page.wait_for_function(
        "navigator.clipboard.readText().then(text => text.includes('‘He said “eleven weeks.”’'))"
    )
    page.click("[data-last] [data-again]")
    page.wait_for_selector("[data-turn='2'] [data-again]")
    assert page.text_content("[data-turn='2'] .question") == question
    page.click("[data-turn='1'] [data-edit]")
    assert page.input_value("#question textarea") == question
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    context.close()


def test_its_name_stands_there_before_the_scripts_have_run(browser: Any, url: str) -> None:
    name = "getComputedStyle(document.body, '::before').content"
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    assert page.evaluate(name) == '"Footnote"'
    context.close()
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#masthead h1")
    assert page.evaluate(name) == "none"
    context.close()
