"""Kept conversations and settings in a real browser: ask, reload, seek, rename, delete, keep as a file, set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.config import Config
from rag.models import Registry
from rag.ui.conversations import ConversationStore
from tests.fakes import FakeAssistant
from tests.ui.steps import ask

pytestmark = pytest.mark.browser

KEPT = "#shelf [data-keep]"


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeAssistant:
    """An assistant with a second language model to choose."""
    folder = tmp_path_factory.mktemp("shelf")
    config = Config(index_dir=folder, cache_dir=folder, config_dir=folder, embedder="minilm")
    Registry.load(config).add("big", "http://127.0.0.1:1/v1#big")
    return FakeAssistant(config, pause_seconds=0.05)


@pytest.fixture
def shelf(page: Any, fake: FakeAssistant) -> Iterator[Any]:
    """The page, whose browser has asked nothing yet."""
    page.wait_for_selector("#shelf .none")
    yield page


def titles(page: Any) -> list[str]:
    return list(page.locator(KEPT).all_text_contents())


def test_a_conversation_outlives_a_reload_and_is_found_renamed_and_deleted(
    shelf: Any, fake: FakeAssistant
) -> None:
    page = shelf
    ask(page, "How long will the bridge be closed?")
    ask(page, "What does the Persian paper say?")
    before = page.inner_html("#thread [data-turn='1'] .statements")
    page.reload()
    page.wait_for_selector("[data-turn='2']:not([data-running])")
    assert page.inner_html("#thread [data-turn='1'] .statements") == before
    page.click("[data-turn='1'] .statement [data-citation='3']")
    page.wait_for_selector("#evidence mark")
    assert page.text_content("#evidence mark").startswith("The council puts the cost")
    for question in ("Is there water on Mars?", "What of the ferry?", "And the notes?"):
        page.click("#shelf-name [data-new]")
        page.wait_for_selector(".welcome")
        ask(page, question)
    page.wait_for_function("document.querySelectorAll('#shelf [data-keep]').length === 4")
    assert titles(page)[0] == "And the notes?"
    assert page.text_content("#shelf [aria-current] [data-keep]") == "And the notes?"

    page.fill("#shelf-name [data-seek]", "nothing in them SPEAKS")  # of the answer, not of the title
    page.wait_for_function("document.querySelectorAll('#shelf [data-keep]').length === 1")
    page.click(KEPT)
    page.wait_for_selector("#thread .abstention")
    page.click("#shelf summary")
    assert page.locator("#shelf").get_by_text("Title", exact=True).is_visible()
    page.get_by_label("Title", exact=True).fill("<b>Mars</b> & more")
    page.press("#shelf [data-rename]", "Enter")
    page.wait_for_selector("#shelf [data-keep]:has-text('<b>Mars</b> & more')")
    assert page.locator("#thread .abstention").count() == 1
    page.fill("#shelf-name [data-seek]", "")
    page.wait_for_function("document.querySelectorAll('#shelf [data-keep]').length === 4")

    line = page.locator("#shelf li", has_text="more")
    if line.locator("details[open]").count() == 0:
        line.locator("summary").click()
    line.locator("[data-delete]").click()
    page.wait_for_selector(".welcome")
    assert "<b>Mars</b> & more" not in titles(page)
    page.click("#shelf [data-restore]")
    page.wait_for_selector("#thread .abstention")
    assert "<b>Mars</b> & more" in titles(page)
    store = ConversationStore(fake.config.index_dir)
    (owner,) = {cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "footnote_owner"}
    assert len(store.listed(owner)) == 4


def test_a_conversation_is_kept_as_a_file(shelf: Any, tmp_path: Path) -> None:
    page = shelf
    ask(page, "How long will the bridge be closed?")
    page.click("#shelf summary")
    for word, suffix in (("Markdown", ".md"), ("HTML", ".html"), ("JSON", ".json")):
        with page.expect_download() as download:
            page.click(f"#shelf a:text-is('{word}')")
        assert download.value.suggested_filename == f"How long will the bridge be closed{suffix}"
        place = tmp_path / f"kept{suffix}"
        download.value.save_as(place)
        assert "eleven weeks and cost £2.4 million" in place.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "kept.json").read_text("utf-8"))["receipts"][0]["checksum"]


def test_another_browser_sees_none_of_it(shelf: Any, browser: Any, url: str) -> None:
    ask(shelf, "A secret?")
    other = browser.new_context().new_page()
    other.set_default_timeout(60_000)
    other.goto(url)
    other.wait_for_selector("#shelf .none")
    assert "A secret?" not in other.content()
    other.context.close()


def test_settings(shelf: Any, fake: FakeAssistant) -> None:
    page = shelf
    page.click("#masthead [data-settings]")
    page.wait_for_selector("#settings .panel:visible")
    page.check("#settings [data-setting='extractive']")
    page.select_option("#settings [data-setting='budget_seconds']", "30")
    page.wait_for_function(
        "document.querySelector('#settings [value=\"30\"]')?.hasAttribute('selected')"
        " && document.querySelector('#settings [data-setting=extractive]')?.hasAttribute('checked')"
    )
    page.click("#settings [data-model='big']")
    page.wait_for_selector("#settings .said:has-text('big words the answers')")
    page.wait_for_selector("#masthead .model:has-text('big')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#settings .panel", state="hidden")
    assert page.evaluate("document.activeElement.dataset.settings") == "open"
    ask(page, "How long will the bridge be closed?")
    assert fake.asked_with[-1] == (30.0, True)
    page.wait_for_selector("#masthead .speed:has-text('last answer 1.9 s')")
    page.reload()
    page.wait_for_selector("#library li")
    page.click("#masthead [data-settings]")
    page.wait_for_selector("#settings [data-setting='extractive']:checked")
    page.set_viewport_size({"width": 400, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
