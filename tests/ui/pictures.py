"""Pictures of the chat page in its states, for the README and docs/ui.md: `make pictures`.

The sample articles, the default models and Debian's Chromium; only the seconds that an answer took differ from run
to run. `python -m tests.ui.pictures conflict dark` takes these two alone.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from rag.assistant import Assistant
from rag.config import Config
from rag.schema import IngestReport, Progress
from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, served
from tests.ui.steps import ask

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
ARTICLES = ROOT / "eval" / "articles" / "sample"
WIDE, NARROW = {"width": 1280, "height": 840}, {"width": 400, "height": 800}
COST = "How much will rebuilding the spillway at Dunmarrow Dam cost?"
TOLL = "How did the death toll at Dunmarrow develop over time?"
CUP = "Who won the football cup final?"
DEAD = "What is the death toll of the Dunmarrow flood?"


class Studio:
    """A browser before a page over the sample articles, or (`shelves`) over none yet."""

    def __init__(self, browser: Any, page: str, shelves: str) -> None:
        self._browser, self._page, self._shelves = browser, page, shelves

    @contextmanager
    def visit(self, *, empty: bool = False, narrow: bool = False, dark: bool = False) -> Iterator[Any]:
        """The page in a browser of its own."""
        context = self._browser.new_context(
            viewport=NARROW if narrow else WIDE,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(self._shelves if empty else self._page)
        page.wait_for_selector("#library-name .collection:not(:empty)")
        yield page
        context.close()

    # One method for each picture; its name is that of the file.

    def empty(self) -> Iterator[Any]:
        with self.visit(empty=True) as page:
            yield page

    def ingesting(self) -> Iterator[Any]:
        with self.visit(empty=True) as page:
            page.set_input_files("#library-column input[type=file]", sorted(ARTICLES.glob("*.*")))
            page.wait_for_function("document.querySelectorAll('#ingest-state [data-state=split]').length > 5")
            yield page

    def chat(self) -> Iterator[Any]:
        with self.visit() as page:
            as_of(page, "2025-01-31")
            ask(page, COST)
            footnote(page, 1)
            yield page

    def conflict(self) -> Iterator[Any]:
        with self.visit() as page:
            ask(page, TOLL)
            ask(page, DEAD)
            footnote(page, 2)
            yield page

    def timeline(self) -> Iterator[Any]:
        with self.visit() as page:
            ask(page, COST)
            ask(page, TOLL)
            footnote(page, 2)
            yield page

    def abstention(self) -> Iterator[Any]:
        with self.visit() as page:
            ask(page, CUP)
            page.click("[data-last] [data-passage]")
            page.wait_for_selector("#evidence mark")
            yield page

    def card(self) -> Iterator[Any]:
        with self.visit() as page:
            ask(page, COST)
            page.hover("[data-last] .statement .marker")
            page.wait_for_selector(".card:popover-open")
            yield page

    def dark(self) -> Iterator[Any]:
        with self.visit(dark=True) as page:
            ask(page, TOLL)
            footnote(page, 1)
            yield page

    def narrow(self) -> Iterator[Any]:
        with self.visit(narrow=True) as page:
            ask(page, COST)
            yield page


def unhurried(assistant: Assistant) -> Assistant:
    """`assistant`, but a few articles take it as long to read as a thousand, so that it can be watched."""
    read = assistant.ingest

    def ingest(
        paths: Sequence[Path], *, on_progress: Callable[[Progress], None] = lambda step: None
    ) -> IngestReport:
        def step(progress: Progress) -> None:
            on_progress(progress)
            time.sleep(0.5)

        return read(paths, on_progress=step)

    assistant.ingest = ingest  # type: ignore[method-assign,assignment]
    return assistant


def as_of(page: Any, day: str) -> None:
    page.click("#filters summary")
    page.fill("#filter-form [data-filter='as_of']", day)
    page.wait_for_selector("#filter-chips .chip")


def footnote(page: Any, number: int) -> None:
    page.click(f"[data-last] .answer [data-citation='{number}']")
    page.wait_for_selector(f"#evidence [data-shown$='citation-{number}'] mark")


PICTURES = [
    name for name, made in vars(Studio).items() if name[0] != "_" and name != "visit" and callable(made)
]


def main() -> None:
    """Take the pictures named on the command line, or all."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], help="which (default: all)")
    parser.add_argument("--out", type=Path, default=IMAGES, help="where to (default: docs/images)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="footnote-pictures-"))
    assistant = Assistant.open(Config(index_dir=folder / "index", config_dir=folder / "config"))
    try:
        assistant.ingest([ARTICLES])
        shelves = unhurried(assistant.over(folder / "new" / "index"))
        with (
            served(assistant) as page,
            served(shelves) as empty,
            sync_playwright() as engine,
            engine.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS) as browser,
        ):
            studio = Studio(browser, page, empty)
            for name in options.names or PICTURES:
                for shown in getattr(studio, name)():
                    shown.wait_for_timeout(600)
                    target = options.out / f"{name}.png"
                    picture = Image.open(BytesIO(shown.screenshot()))
                    # A page has few colours: a palette halves the file and nobody sees it.
                    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)
                    sys.stdout.write(f"{target.name}: {target.stat().st_size / 1000:.0f} kB\n")
    finally:
        assistant.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
