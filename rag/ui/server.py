"""The server: a loopback address unless there is a password, our own door in front of Gradio, nothing asked of the
network."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import quote

from rag.config import Config
from rag.errors import RagError, ServerError
from rag.ui.chat import Assistant
from rag.ui.conversations import ConversationStore
from rag.ui.security import ANY_ADDRESS, LOOPBACK_NAMES, Door
from rag.ui.settings import Examine
from rag.ui.visitors import Passes, checked_password, owner_of_request

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

# Read by Gradio and huggingface_hub when they are imported: no telemetry, no look for newer versions.
OFFLINE_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_MCP_SERVER": "False",
    # Gradio sums up its calls in a pandas frame after every single one; nobody reads that here.
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


def serve(
    config: Config,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    password: str | None = None,
    examine: Examine | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Open the assistant and serve its chat page until interrupted; `on_ready` gets the address.

    With a `password` whoever opens the page must give it; an address other than loopback needs one. `examine`
    finds out what works here, for the page's settings.
    Raises `ServerError` for a password that is too short, another address without one or a port that is taken,
    and whatever `Assistant.open` raises.
    """
    if password is not None:
        checked_password(password)
    with claim(host, port, guarded=password is not None) as listener, _ended_in_order():
        from rag.assistant import Assistant as RealAssistant

        assistant = RealAssistant.open(config)
        try:

            def ready(url: str) -> None:
                if on_ready is not None:
                    on_ready(url)
                if open_browser:
                    webbrowser.open(url)

            run(assistant, listener, password=password, examine=examine, on_ready=ready)
        finally:
            assistant.close()


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Makes SIGTERM an exception, so that models are freed and uploads removed; uvicorn raises it again."""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only there may handlers be set
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def claim(host: str, port: int, *, guarded: bool = False) -> Iterator[socket.socket]:
    """A listening socket, taken before anything slow is loaded; port 0 is any free one.

    Only loopback, unless the page is `guarded` by a password.
    """
    if host not in LOOPBACK_HOSTS and not (guarded and host):
        raise ServerError(
            f"--host {host}: others could reach the chat page there, so it needs a password; add --password, or "
            "leave --host out and reach it from elsewhere through an SSH tunnel"
        )
    if not 0 <= port <= 65535:
        raise ServerError(f"--port {port}: a port lies between 0 and 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = "127.0.0.1" if host == "localhost" else host
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # lets a restart reuse a port that is closing; on Windows it would share it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            raise ServerError(
                f"port {port} on {host} cannot be used ({error.strerror}); "
                f"stop the program that holds it or choose another with --port {min(port + 1, 65535)}"
            ) from error
        yield listener
    finally:
        listener.close()


def run(
    assistant: Assistant,
    listener: socket.socket,
    *,
    examples: Sequence[str] | None = None,
    password: str | None = None,
    examine: Examine | None = None,
    on_ready: Callable[[str], None] | None = None,
    stop: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Serve the page on `listener` until interrupted.

    `stop` is given a function that ends the server from another thread.
    """
    # Uploads pass through a folder of this run, for this user only, not through /tmp/gradio.
    uploads = tempfile.mkdtemp(prefix="footnote-")
    os.environ.update(OFFLINE_ENVIRONMENT, GRADIO_TEMP_DIR=uploads)
    store = ConversationStore(assistant.config.index_dir)
    try:
        import uvicorn

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started and on_ready is not None:
                    # Off the loop: a browser that opens must find the server already answering.
                    asyncio.get_running_loop().call_soon(on_ready, address_of(listener))

        server = Server(
            uvicorn.Config(
                # A factory, as Gradio must be built inside the loop that serves it: without a running loop
                # it makes some of its own and leaves them open.
                lambda: application(
                    assistant,
                    store,
                    examples=examples,
                    names=names_of(listener),
                    password=password,
                    examine=examine,
                ),
                factory=True,
                log_level="warning",
                access_log=False,
                ws="none",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        if stop is not None:
            stop(lambda: setattr(server, "should_exit", True))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        store.close()
        shutil.rmtree(uploads, ignore_errors=True)


def application(
    assistant: Assistant,
    store: ConversationStore,
    *,
    examples: Sequence[str] | None = None,
    names: frozenset[str] = LOOPBACK_NAMES,
    password: str | None = None,
    examine: Examine | None = None,
) -> Callable[..., object]:
    """The whole ASGI application: door, style sheet, kept conversations as files, Gradio page."""
    os.environ.update(OFFLINE_ENVIRONMENT)
    import gradio as gr
    from fastapi import FastAPI, Request
    from fastapi.responses import Response

    from rag.ui.exports import exported
    from rag.ui.layout import build, static_text, theme

    style, icon, login = (static_text(name) for name in ("style.css", "icon.svg", "login.css"))
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/footnote/style.css")
    def style_sheet() -> Response:
        return Response(style, media_type="text/css", headers={"cache-control": "max-age=3600"})

    @app.get("/footnote/icon.svg")
    def page_icon() -> Response:
        return Response(icon, media_type="image/svg+xml", headers={"cache-control": "max-age=3600"})

    @app.get("/footnote/login.css")
    def login_sheet() -> Response:
        return Response(login, media_type="text/css", headers={"cache-control": "max-age=3600"})

    def conversation_file(request: Request) -> Response:
        try:
            found = exported(store, owner_of_request(request.headers, ""), request.path_params["name"])
        except RagError as error:
            return Response(str(error), status_code=500, media_type="text/plain")
        if found is None:
            return Response("Not found.", status_code=404, media_type="text/plain")
        said = f"attachment; filename*=UTF-8''{quote(found.name)}"
        # Bytes, not a page: a browser keeps it and shows it from there, without this server's cookies.
        return Response(
            found.text.encode("utf-8"),
            media_type="application/octet-stream",
            headers={"content-disposition": said, "cache-control": "no-store"},
        )

    app.add_route("/footnote/conversations/{name}", conversation_file)
    page = build(assistant, examples=examples, store=store, examine=examine)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=f"{assistant.config.max_file_megabytes}mb",
        theme=theme(),
    )
    version = hashlib.sha256(style.encode()).hexdigest()[:12]
    # In the page's head, not through Gradio's css=: it is there before the first paint, and not rewritten.
    head = (
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" type="image/svg+xml" href="./footnote/icon.svg">'
        f'<link rel="stylesheet" href="./footnote/style.css?v={version}">'
    )
    passes = Passes(password) if password is not None else None
    return Door(app, head=head, names=names, passes=passes)


def names_of(listener: socket.socket) -> frozenset[str]:
    """The hosts by which browsers may call the server: loopback, and what else leads to where it listens."""
    host = listener.getsockname()[0]
    if ip_address(host).is_loopback:
        return LOOPBACK_NAMES
    here = ANY_ADDRESS if ip_address(host).is_unspecified else f"[{host}]" if ":" in host else host
    return LOOPBACK_NAMES | {here, socket.gethostname().lower()}


def address_of(listener: socket.socket) -> str:
    """The page's address."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
