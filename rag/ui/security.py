"""The door of the server: who may ask for what, whether a password is needed, and what the page may load.

Pure ASGI and outermost, so that it sees every request before Gradio does; streams pass through unbuffered,
only the page itself is held back to be cleaned.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import ip_address
from typing import Any

from rag.ui.visitors import (
    LOGIN_PATH,
    MAX_FORM_BYTES,
    OWNER_COOKIE,
    Passes,
    cookie_of,
    login_page,
    new_owner_cookie,
)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
ANY_ADDRESS = "*"
"""Among the names served: every address in figures, where the server listens on all of the machine's."""
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::(?P<port>[0-9]{1,5}))?")

# What the page needs, and nothing else: Gradio also offers file downloads, a proxy, an API and more.
ALLOWED_PATHS = re.compile(
    r"/|/config/?|/theme\.css"
    r"|/(?:assets|static|footnote)/[A-Za-z0-9._@/-]+"
    r"|/gradio_api/(?:startup-events|queue/join|queue/data|run/predict|cancel|reset|upload|upload_progress"
    r"|theme\.css|heartbeat/[A-Za-z0-9_-]+)/?"
)

# Gradio compiles its HTML components with Function(), hence 'unsafe-eval'; scripts in the page itself need
# the nonce, so neither an inline handler nor a <script> out of an article would run.
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; script-src-attr 'none'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; media-src 'none'; frame-src 'none'; worker-src 'none'; manifest-src 'none'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
SAFE_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"x-dns-prefetch-control", b"off"),
]
_LOGIN_LOOKS = frozenset({"/footnote/login.css", "/footnote/icon.svg"})
_REPLACED = {name for name, _ in SAFE_HEADERS} | {b"content-security-policy", b"content-length"}

# Tags for link previews: they name Gradio's own site and pictures.
_PREVIEW_TAGS = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
_MANIFEST = re.compile(r'\s*<link\s+rel="manifest"[^>]*>')
_SCRIPT = re.compile(r"<script(?=[\s>])")
# With a policy of base-uri 'none' a <base> is refused and complained about; relative to the root it adds nothing.
_BASE = re.compile(r"\s*<base\s[^>]*>")


def host_allowed(host: str, names: frozenset[str] = LOOPBACK_NAMES) -> bool:
    """Whether a Host header is one of `names`, on any port.

    >>> [host_allowed(host) for host in ("localhost:7860", "[::1]", "evil.example", "localhost.")]
    [True, True, False, False]
    >>> host_allowed("192.168.1.5:7860"), host_allowed("192.168.1.5:7860", frozenset({ANY_ADDRESS}))
    (False, True)
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["name"].lower()
    return name in names or (ANY_ADDRESS in names and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False


def origin_allowed(origin: str, host: str) -> bool:
    """Whether an Origin header is the page's own.

    >>> origin_allowed("http://127.0.0.1:7860", "127.0.0.1:7860"), origin_allowed("null", "127.0.0.1:7860")
    (True, False)
    """
    return origin.lower() == f"http://{host.lower()}"


def clean_page(page: str, *, nonce: str, head: str = "") -> str:
    """Gradio's page without addresses of other machines, its scripts marked with `nonce`, `head` added."""
    for pattern in (_PREVIEW_TAGS, _MANIFEST, _BASE):
        page = pattern.sub("", page)
    page = _SCRIPT.sub(f'<script nonce="{nonce}"', page)
    return page.replace("</head>", f"{head}</head>", 1)


class Door:
    """Answers 400 to foreign Host names, 403 to foreign Origins, 404 to what the page does not need.

    `head` is HTML of our own for the page's head, `names` are the hosts that are served. With `passes` everything
    but the page that asks for the password needs one of them. Each browser gets a cookie that owns what it asks.
    """

    def __init__(
        self,
        app: App,
        *,
        head: str = "",
        names: frozenset[str] = LOOPBACK_NAMES,
        passes: Passes | None = None,
    ) -> None:
        self._app = app
        self._head = head
        self._names = names
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = refuse(scope["method"], scope["path"], scope["headers"], self._names)
        if refusal is not None:
            await _plain(send, *refusal)
            return
        cookies = _header(scope["headers"], b"cookie")
        if self._passes is not None and not self._passes.let_in(cookies):
            await self._ask(self._passes, scope, receive, send)
            return
        # Nothing is gained by compressing for the same machine, and the page must be readable here.
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        nonce = secrets.token_urlsafe(16)
        own = () if cookie_of(cookies, OWNER_COOKIE) else ((b"set-cookie", new_owner_cookie()),)
        await self._app(scope, receive, _Page(send, nonce=nonce, head=self._head, own=own).send)

    async def _ask(self, passes: Passes, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for the password, or look at the one that was sent."""
        if scope["path"] in _LOGIN_LOOKS:
            await self._app(scope, receive, _Page(send, nonce="", head="").send)
        elif scope["path"] == LOGIN_PATH and scope["method"] == "POST":
            given = await passes.give(await _form(receive))
            if given is None:
                await _page(send, 403, login_page(wrong=True))
            else:
                await _page(send, 303, b"", (b"location", b"/"), (b"set-cookie", given))
        elif scope["path"] in {"/", LOGIN_PATH}:
            await _page(send, 401, login_page())
        else:
            await _plain(send, 401, "This page needs its password; open it anew.")


class _Page:
    """Passes a response on with our headers; an HTML one is collected and cleaned."""

    def __init__(self, send: Send, *, nonce: str, head: str, own: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._send = send
        self._own = own
        self._nonce = nonce
        self._head = head
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            is_page = _header(message["headers"], b"content-type").startswith("text/html")
            policy = POLICY.format(nonce=self._nonce).encode()
            keep = _REPLACED if is_page else _REPLACED - {b"content-length"}
            headers = [pair for pair in message["headers"] if pair[0].lower() not in keep]
            headers += [*SAFE_HEADERS, (b"content-security-policy", policy)]
            if is_page:
                headers.append((b"cache-control", b"no-store"))  # a nonce is for one page
                headers += self._own
                self._start = {**message, "headers": headers}
                return
            message = {**message, "headers": headers}
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = clean_page(self._body.decode("utf-8"), nonce=self._nonce, head=self._head).encode("utf-8")
            self._start["headers"].append((b"content-length", str(len(page)).encode()))
            await self._send(self._start)
            self._start = None
            message = {"type": "http.response.body", "body": page}
        await self._send(message)


def refuse(
    method: str,
    path: str,
    headers: Iterable[tuple[bytes, bytes]],
    names: frozenset[str] = LOOPBACK_NAMES,
) -> tuple[int, str] | None:
    """The status and line to refuse a request with, or None."""
    pairs = list(headers)
    hosts = [value.decode("latin-1") for name, value in pairs if name == b"host"]
    if len(hosts) != 1 or not host_allowed(hosts[0], names):
        return 400, "This server does not answer to that name; open it by the address it was started with."
    if method not in {"GET", "HEAD"}:
        origins = [value.decode("latin-1") for name, value in pairs if name == b"origin"]
        if any(not origin_allowed(origin, hosts[0]) for origin in origins):
            return 403, "This request comes from another page."
        if _header(pairs, b"sec-fetch-site") in {"cross-site", "same-site"}:
            return 403, "This request comes from another page."
        if method != "POST":
            return 405, "Method not allowed."
    if ALLOWED_PATHS.fullmatch(path) is None or ".." in path:
        return 404, "Not found."
    return None


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


async def _form(receive: Receive) -> bytes:
    """The body of a request; what is longer than our form can be is cut."""
    body = b""
    while len(body) <= MAX_FORM_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    return body[:MAX_FORM_BYTES]


async def _page(send: Send, status: int, page: bytes, *more: tuple[bytes, bytes]) -> None:
    """A page of our own without scripts."""
    policy = (
        b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    # With `no-referrer` browsers would send the form with an Origin of "null", which is refused.
    safe = [pair for pair in SAFE_HEADERS if pair[0] != b"referrer-policy"]
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy),
        (b"referrer-policy", b"same-origin"),
        *safe,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page})


async def _plain(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *SAFE_HEADERS,
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
