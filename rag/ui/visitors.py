"""Who visits: the browser that owns its conversations, and whether it gave the password.

Both are cookies that no script can read and no other site can send. The password's is good until the program ends.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from rag.errors import ServerError

OWNER_COOKIE = "footnote_owner"
PASS_COOKIE = "footnote_pass"  # noqa: S105 - its name
LOGIN_PATH = "/footnote/login"
MIN_PASSWORD_CHARACTERS = 8
MAX_FORM_BYTES = 4_096
MAX_PASSES = 1_000
WRONG_SECONDS = 1.0
_OWNER_SECONDS = 400 * 24 * 3600  # the most that browsers keep
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_of(header: str, name: str) -> str | None:
    """One of our cookies in a Cookie header; None where it is not there or not of our making.

    >>> cookie_of("a=1; footnote_pass=" + 43 * "x", "footnote_pass") == 43 * "x", cookie_of("a=1", "a")
    (True, None)
    """
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _TOKEN.fullmatch(value):
            return value
    return None


def owner_of_request(headers: Mapping[str, str], page: str) -> str:
    """Whose conversations a request may see; one without a cookie has those of its own page alone."""
    return cookie_of(headers.get("cookie") or "", OWNER_COOKIE) or f"page-{page.replace('/', '-')}"


def new_owner_cookie() -> bytes:
    """A Set-Cookie header for a browser that has no owner yet."""
    return _set_cookie(OWNER_COOKIE, secrets.token_urlsafe(32), _OWNER_SECONDS)


def _set_cookie(name: str, token: str, seconds: int | None = None) -> bytes:
    age = f"; Max-Age={seconds}" if seconds is not None else ""
    return f"{name}={token}; Path=/; HttpOnly; SameSite=Strict{age}".encode()


def checked_password(password: str) -> str:
    """`password`, if it is one. Raises `ServerError` for one that is soon guessed."""
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise ServerError(
            f"the password has {len(password)} characters; choose one of at least {MIN_PASSWORD_CHARACTERS}"
        )
    return password


class Passes:
    """The browsers that gave the password."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._given: dict[str, None] = {}
        self._wrong = asyncio.Lock()

    def let_in(self, cookies: str) -> bool:
        """Whether a Cookie header holds a pass that was given."""
        found = cookie_of(cookies, PASS_COOKIE)
        return found is not None and found in self._given

    async def give(self, form: bytes) -> bytes | None:
        """A Set-Cookie header for a form that holds the password; None, after a second, for any other.

        Wrong ones wait for each other, so that no more than one a second can be tried.
        """
        try:
            said = parse_qs(form.decode("utf-8"), max_num_fields=4).get("password", [""])[0]
        except ValueError:
            said = ""
        if hmac.compare_digest(said.encode(), self._password):
            token = secrets.token_urlsafe(32)
            self._given[token] = None
            while len(self._given) > MAX_PASSES:
                self._given.pop(next(iter(self._given)))
            return _set_cookie(PASS_COOKIE, token)
        async with self._wrong:
            await asyncio.sleep(WRONG_SECONDS)
        return None


def login_page(*, wrong: bool = False) -> bytes:
    """The page that asks for the password."""
    line = '<p class="error" role="alert">That is not the password.</p>' if wrong else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Footnote</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" type="image/svg+xml" href="/footnote/icon.svg">'
        '<link rel="stylesheet" href="/footnote/login.css"></head>'
        '<body><main><h1>Footnote<sup aria-hidden="true">1</sup></h1>'
        f'<form method="post" action="{LOGIN_PATH}">{line}'
        '<label for="password">Password</label><input id="password" name="password" type="password" '
        'autocomplete="current-password" required autofocus><button type="submit">Open</button></form>'
        "</main></body></html>"
    ).encode()
