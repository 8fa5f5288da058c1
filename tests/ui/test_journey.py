"""The whole way with the real models: articles in, a question, an answer whose footnote holds in the source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.config import Config

pytestmark = [pytest.mark.browser, pytest.mark.model]

ROOT = Path(__file__).parents[2]
ARTICLES = ROOT / "eval" / "articles" / "sample"
QUESTION = "How much will rebuilding the spillway at Dunmarrow Dam cost?"
AS_OF = "2025-01-31"


def test_from_articles_to_a_footnote(
    browser: Any, serve_page: Any, tmp_path: Path, model_cache: Path
) -> None:
    assistant_room = pytest.importorskip("rag.assistant")
    config = Config(index_dir=tmp_path / "index", cache_dir=model_cache, config_dir=tmp_path / "config")
    assistant = assistant_room.Assistant.open(config)
    try:
        report = assistant.ingest([ARTICLES])
        assert report.added
        texts = {row.article.title: row.article for row in assistant.articles()}
        with serve_page(assistant) as address:
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(address)
            page.wait_for_selector("#library li")
            page.click("#filters summary")
            page.fill("#filter-form [data-filter='as_of']", AS_OF)
            page.wait_for_selector("#filter-chips .chip")
            page.fill("#question textarea", QUESTION)
            page.press("#question textarea", "Enter")
            page.wait_for_selector("[data-last]:not([data-running])", timeout=120_000)
            answer = page.inner_text("[data-last]")
            assert page.locator("[data-last] .statement").count(), f"no statement in: {answer}"
            days = page.locator("[data-last] .sources time").evaluate_all(
                "all => all.map(day => day.dateTime)"
            )
            assert days
            assert all(day <= AS_OF for day in days)
            page.click("[data-last] .statement [data-citation='1']")
            page.wait_for_selector("#evidence mark")
            page.wait_for_timeout(500)
            quote = page.text_content("#evidence mark")
            title = page.text_content("#evidence .title")
            assert quote
            assert title in texts
            sources = "\n".join(
                path.read_text(encoding="utf-8", errors="replace")
                for path in ARTICLES.rglob("*")
                if path.is_file()
            )
            assert quote in sources
    finally:
        assistant.close()
