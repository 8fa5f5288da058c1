"""How long the page takes until one can ask: `python -m tests.ui.loading`.

The sample articles, Debian's Chromium, loopback; the medians of five loads with an empty cache and of five with a
full one.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.config import Config
from tests.ui.conftest import CHROMIUM, CHROMIUM_ARGUMENTS, served
from tests.ui.pictures import ARTICLES, WIDE

LOADS = 5
READY = """() => {
  const box = document.querySelector('#question textarea');
  return box && !box.disabled && document.querySelector('#library li') && performance.now();
}"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
ROWS = ("first paint, ms", "one can ask, ms", "requests", "kB moved", "largest, kB", "slowest request, ms")


def load(page: Any, address: str) -> tuple[tuple[float, ...], list[tuple[float, float, str]]]:
    """Open `address` in `page`: what `ROWS` names, and each request as (ms, kB, address)."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    begun: dict[str, tuple[float, str]] = {}
    done: list[tuple[float, float, str]] = []

    def ended(event: dict[str, Any]) -> None:
        start, url = begun.get(event["requestId"], (event["timestamp"], ""))
        done.append(((event["timestamp"] - start) * 1000, event["encodedDataLength"] / 1000, url))

    wire.on(
        "Network.requestWillBeSent",
        lambda event: begun.update({event["requestId"]: (event["timestamp"], event["request"]["url"])}),
    )
    wire.on("Network.loadingFinished", ended)
    page.goto(address, wait_until="commit")
    ready = page.wait_for_function(READY, polling="raf").json_value()
    time.sleep(0.5)  # what the page still asks for
    painted = page.evaluate(PAINTED)
    wire.detach()
    sizes = [size for _, size, _ in done]
    return (painted, ready, len(begun), sum(sizes), max(sizes), max(took for took, _, _ in done)), done


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="footnote-loading-") as folder:
        assistant = Assistant.open(Config(index_dir=Path(folder) / "index", config_dir=Path(folder)))
        assistant.ingest([ARTICLES])
        cold, warm, seen = [], [], []
        with (
            served(assistant) as address,
            sync_playwright() as engine,
            engine.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS) as browser,
        ):
            for _ in range(LOADS):
                context = browser.new_context(viewport=WIDE)
                page = context.new_page()
                figures, seen = load(page, address)
                cold.append(figures)
                warm.append(load(page, address)[0])
                context.close()
        assistant.close()
    sys.stdout.write(f"{'p50 of ' + str(LOADS):22}{'empty cache':>12}{'full cache':>12}\n")
    for place, name in enumerate(ROWS):
        medians = [statistics.median(row[place] for row in rows) for rows in (cold, warm)]
        sys.stdout.write(f"{name:22}{medians[0]:12,.0f}{medians[1]:12,.0f}\n")
    sys.stdout.write("\nThe largest of the last load with an empty cache:\n")
    for took, size, url in sorted(seen, key=lambda item: -item[1])[:8]:
        sys.stdout.write(f"{size:8,.0f} kB {took:6,.0f} ms  {url.removeprefix(address)[:80]}\n")


if __name__ == "__main__":
    main()
