"""What the tests of the chat page share: a running server and a browser that may only talk to loopback."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rag.config import Config
from rag.ui.chat import Assistant
from rag.ui.server import claim, run
from tests.fakes import FakeAssistant

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@contextlib.contextmanager
def served(assistant: Assistant, *, password: str | None = None) -> Iterator[str]:
    """The address of a server for `assistant` on a free port; it ends with the block."""
    ready = threading.Event()
    found: dict[str, Any] = {}

    def work() -> None:
        try:
            with claim("127.0.0.1", 0) as listener:

                def on_ready(url: str) -> None:
                    found["url"] = url
                    ready.set()

                run(
                    assistant,
                    listener,
                    password=password,
                    on_ready=on_ready,
                    stop=lambda end: found.update(end=end),
                )
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            found["error"] = error
            ready.set()

    thread = threading.Thread(target=work, name="served", daemon=True)
    thread.start()
    assert ready.wait(240), "the server did not start"  # both cores may be busy with something else
    if "error" in found:
        raise found["error"]
    try:
        yield found["url"]
    finally:
        found["end"]()
        thread.join(20)


@pytest.fixture(scope="session")
def serve_page() -> Callable[[Assistant], contextlib.AbstractContextManager[str]]:
    """`served`, for tests that bring their own assistant."""
    return served


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeAssistant:
    """The assistant behind `url`."""
    folder = tmp_path_factory.mktemp("ui")
    return FakeAssistant(Config(index_dir=folder, embedder="minilm", model="smollm2-135m"), pause_seconds=0.1)


@pytest.fixture(scope="module")
def url(fake: FakeAssistant) -> Iterator[str]:
    """The address of a page served with `fake`."""
    with served(fake) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium; install it with: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, url: str) -> Iterator[Any]:
    """The page, opened; afterwards: no request left loopback, no script error, nothing ran that should not."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)  # both cores may be busy with something else
    opened = context.new_page()
    requests: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    opened.goto(url)
    opened.wait_for_selector("#question textarea")
    opened.wait_for_selector("#library li")
    yield opened
    assert opened.evaluate("window.__owned") is None
    context.close()
    assert requests
    foreign = [
        address
        for address in requests
        if urlsplit(address).scheme in {"http", "https", "ws", "wss"}
        and urlsplit(address).hostname != "127.0.0.1"
    ]
    assert foreign == []
    assert errors == []
