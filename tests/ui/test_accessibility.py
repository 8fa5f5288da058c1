"""The page for those who do not see it or use no mouse: axe-core finds nothing serious in its states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.config import Config
from tests.fakes import FakeAssistant
from tests.ui.steps import ask

pytestmark = pytest.mark.browser

SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation(browser: Any, serve_page: Any, tmp_path: Path, scheme: str) -> None:
    axe_room = pytest.importorskip("axe_playwright_python.sync_playwright")
    axe = axe_room.Axe()
    found: list[str] = []
    with serve_page(FakeAssistant(Config(index_dir=tmp_path))) as address:
        # axe-core is put into the page as a script of its own, which the policy rightly refuses.
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, color_scheme=scheme, bypass_csp=True
        )
        context.set_default_timeout(60_000)
        page = context.new_page()

        def look(state: str) -> None:
            page.wait_for_timeout(300)  # until colours have faded in
            said = axe.run(page).response
            assert len(said["passes"]) > 15, "axe-core looked at nothing"
            for violation in said["violations"]:
                if violation["impact"] in SERIOUS:
                    nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:5])
                    found.append(f"{state}: {violation['id']} ({violation['help']}): {nodes}")

        page.goto(address)
        page.wait_for_selector("#library li")
        look("welcome")
        ask(page, "How long will the bridge be closed?")
        page.click("[data-last] .statement [data-citation='1']")
        page.wait_for_selector("#evidence mark")
        page.click("#evidence .around summary")
        page.click("#library-search summary")
        look("answer and evidence")
        page.click("#library button:has-text('Harrow')")
        page.wait_for_selector("#evidence .correct")
        page.click("#evidence .correct summary")
        page.click("#library-name summary")
        look("article and collections")
        context.close()
    assert found == []
