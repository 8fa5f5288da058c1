"""What a reader does on the page, for the browser tests."""

from __future__ import annotations

from typing import Any

DONE = "[data-last]:not([data-running])"


def ask(page: Any, question: str) -> None:
    """Type a question, send it and wait until its answer is whole."""
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.wait_for_function(
        "q => document.querySelector('[data-last] .question')?.textContent === q", arg=question
    )
    page.wait_for_selector(DONE)
