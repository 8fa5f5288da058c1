"""The server's door: who is let in, what the page may load, and nothing of it from elsewhere."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from rag.cli.commands import app
from rag.config import Config
from rag.errors import ServerError
from rag.ui import serve
from rag.ui.security import clean_page, host_allowed, refuse
from rag.ui.server import claim, names_of
from tests.fakes import FakeAssistant
from tests.ui.conftest import served

JOIN = "/gradio_api/queue/join"


def get(url: str, path: str = "/", **headers: str) -> httpx.Response:
    return httpx.get(url + path, headers=headers, timeout=20)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:7860", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("[::1]", 200),
        ("[::1]:7860", 200),
        ("evil.example", 400),
        ("localhost.", 400),
        ("localhost.evil.example", 400),
        ("evil.localhost", 400),
        ("127.0.0.1.evil.example", 400),
        ("127.0.0.2", 400),
        ("0.0.0.0", 400),
        ("2130706433", 400),
        ("::1", 400),
        ("[::1", 400),
        ("[::2]", 400),
        ("localhost:", 400),
        ("localhost:x", 400),
        ("localhost@evil.example", 400),
        ("localhost, evil.example", 400),
        ("", 400),
    ],
)
def test_host(url: str, host: str, status: int) -> None:
    assert get(url, Host=host).status_code == status


def test_two_hosts_or_none_are_refused() -> None:
    assert refuse("GET", "/", [(b"host", b"localhost"), (b"host", b"evil.example")]) is not None
    assert refuse("GET", "/", []) is not None
    assert not host_allowed("localhost\n")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("own", 422),  # let in: Gradio finds no question in it
        (None, 422),
        ("null", 403),
        ("http://evil.example", 403),
        ("https://127.0.0.1", 403),
        ("http://localhost:1", 403),
        ("http://127.0.0.1", 403),
        ("file://", 403),
        ("", 403),
    ],
)
def test_origin(url: str, origin: str | None, status: int) -> None:
    headers = {} if origin is None else {"Origin": url if origin == "own" else origin}
    assert httpx.post(url + JOIN, headers=headers, json={}, timeout=20).status_code == status
    if status == 403:
        upload = httpx.post(url + "/gradio_api/upload", headers=headers, files={"files": b"x"}, timeout=20)
        assert upload.status_code == 403


def test_a_request_of_another_site_is_refused(url: str) -> None:
    for site in ("cross-site", "same-site"):
        assert (
            httpx.post(url + JOIN, headers={"Sec-Fetch-Site": site}, json={}, timeout=20).status_code == 403
        )
    assert httpx.put(url + JOIN, json={}, timeout=20).status_code == 405
    preflight = httpx.options(url + JOIN, headers={"Origin": "http://evil.example"}, timeout=20)
    assert preflight.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://evil.example/x",
        "/gradio_api/file=../../etc/passwd",
        "/gradio_api/file=%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/gradio_api/file=//evil.example/share",
        "/gradio_api/file=\\\\evil.example\\share",
        "/file=/etc/passwd",
        "/file/etc/passwd",
        "/gradio_api/proxy=http://evil.example/",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/call/answer",
        "/gradio_api/deep_link",
        "/gradio_api/runs",
        "/gradio_api/mcp/sse",
        "/monitoring",
        "/docs",
        "/openapi.json",
        "/manifest.json",
        "/assets/../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
    ],
)
def test_what_the_page_does_not_need_is_not_there(url: str, path: str) -> None:
    assert get(url, path).status_code == 404


def test_headers(url: str) -> None:
    answers = [get(url), get(url, "/footnote/style.css"), get(url, "/config"), get(url, Host="evil.example")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    policy = answers[0].headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.split("script-src", 1)[1].split(";", 1)[0]
    first, second = (get(url).headers["content-security-policy"] for _ in range(2))
    assert first != second  # the nonce is for one page


def test_every_script_of_the_page_has_the_nonce(url: str) -> None:
    answer = get(url)
    nonces = re.findall(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*>", answer.text)
    assert scripts
    assert all(f'nonce="{nonces[0]}"' in script for script in scripts)


def loaded_addresses(text: str) -> list[str]:
    """Addresses that a browser would load from a page or a style sheet."""
    found = re.findall(
        r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)\s*=\s*["']([^"']+)""", text
    )
    found += re.findall(r"""<meta\b[^>]*\bcontent\s*=\s*["'](https?:[^"']+)""", text)
    found += re.findall(r"""url\(\s*["']?([^"')]+)""", text)
    found += re.findall(r"""@import\s+["']([^"']+)""", text)
    return found


def test_the_page_loads_nothing_from_elsewhere(url: str) -> None:
    page = get(url).text
    assert "/footnote/style.css" in page
    addresses = loaded_addresses(page)
    assert any("assets/" in address for address in addresses)
    pages = [page, get(url, "/theme.css").text, get(url, "/footnote/style.css").text]
    sheets = [address for address in addresses if address.endswith(".css")]
    pages.extend(get(url, "/" + sheet.lstrip("./")).text for sheet in sheets)
    for text in pages:
        for address in loaded_addresses(text):
            assert urlsplit(address).netloc in {"", urlsplit(url).netloc}, address
    for name in ("googleapis", "gstatic", "cdnjs", "unpkg", "jsdelivr", "huggingface.co", "gradio.app"):
        assert name not in page, name


def test_the_page_comes_whole_and_the_stream_unbuffered(url: str) -> None:
    answer = get(url)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "content-encoding" not in answer.headers
    begun = time.monotonic()
    with httpx.stream("GET", f"{url}/gradio_api/heartbeat/abc123", timeout=20) as stream:
        assert next(stream.iter_raw()).startswith(b"data: ALIVE")
    assert time.monotonic() - begun < 10  # Gradio sends the next beat after 15 s


def test_clean_page_keeps_what_it_does_not_know() -> None:
    preview = '<meta property="og:url" content="https://x/" />'
    page = f'<head><base href="./">{preview}<title>T</title></head><script>1</script>'
    cleaned = '<head><title>T</title><i></head><script nonce="N">1</script>'
    assert clean_page(page, nonce="N", head="<i>") == cleaned


def test_a_taken_port_is_one_clear_line(tmp_path: object) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=rf"port {port} .*--port") as error:
            serve(Config(), port=port)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "", "::"])
def test_another_address_than_loopback_needs_a_password(host: str) -> None:
    with pytest.raises(ServerError, match="--password"):
        serve(Config(), host=host)
    with pytest.raises(ServerError, match="between"), claim("127.0.0.1", 70_000):
        pass


def test_a_password_that_is_soon_guessed_is_refused() -> None:
    with pytest.raises(ServerError, match="at least 8") as error:
        serve(Config(), host="0.0.0.0", password="secret")
    assert "secret" not in str(error.value)


def test_with_a_password_it_answers_to_its_own_addresses_only() -> None:
    with claim("0.0.0.0", 0, guarded=True) as listener:
        names = names_of(listener)
    for host, is_served in (
        ("127.0.0.1:7860", True),
        ("192.168.1.5:7860", True),
        ("[fe80::1]:7860", True),
        (f"{socket.gethostname()}:7860", True),
        ("evil.example", False),
        ("192.168.1.5.evil.example", False),
    ):
        assert host_allowed(host, names) is is_served, host
    with claim("127.0.0.1", 0, guarded=True) as listener:
        assert not host_allowed("192.168.1.5", names_of(listener))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page that asks for the password "harbour light"."""
    config = Config(index_dir=tmp_path_factory.mktemp("guarded"))
    with served(FakeAssistant(config), password="harbour light") as address:
        yield address


def test_without_the_password_there_is_nothing(guarded: str) -> None:
    page = get(guarded)
    assert page.status_code == 401
    assert 'type="password"' in page.text
    assert "gradio" not in page.text.lower()
    assert "script" not in page.headers["content-security-policy"]
    for path in ("/config", "/footnote/style.css", "/gradio_api/heartbeat/abc", "/theme.css", "/assets/x.js"):
        assert get(guarded, path).status_code == 401, path
    assert httpx.post(guarded + JOIN, json={}, timeout=20).status_code == 401
    assert get(guarded, Cookie=f"footnote_pass={'x' * 43}").status_code == 401
    assert get(guarded, "/footnote/login.css").status_code == 200
    assert get(guarded, Host="evil.example").status_code == 400


def test_the_password_opens_the_page_and_a_wrong_one_costs_a_second(guarded: str) -> None:
    login = guarded + "/footnote/login"
    for form in ({"password": "harbour lights"}, {"other": "harbour light"}, {}):
        begun = time.monotonic()
        wrong = httpx.post(login, data=form, timeout=20)
        assert time.monotonic() - begun >= 1
        assert wrong.status_code == 403
        assert "not the password" in wrong.text
        assert "set-cookie" not in wrong.headers
    foreign = httpx.post(
        login, data={"password": "harbour light"}, headers={"Origin": "http://evil.example"}, timeout=20
    )
    assert foreign.status_code == 403
    with httpx.Client(timeout=20) as browser:
        opened = browser.post(login, data={"password": "harbour light"})
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        said = opened.headers["set-cookie"]
        assert "HttpOnly" in said
        assert "SameSite=Strict" in said
        assert "harbour" not in said
        page = browser.get(guarded)
        assert page.status_code == 200
        assert "footnote/style.css" in page.text
        assert browser.get(guarded + "/config").status_code == 200
    assert get(guarded).status_code == 401


def test_a_share_link_is_never_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADIO_SHARE", "True")
    with served(FakeAssistant(Config(index_dir=tmp_path))) as address:
        assert get(address).status_code == 200
        assert os.environ["GRADIO_SHARE"] == "False"
    run = CliRunner().invoke(app, ["ui", "--share"])
    assert run.exit_code == 2
    assert "--share" in run.output


def test_the_command_asks_for_the_password_and_takes_none_that_is_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path))
    everywhere = ["ui", "--host", "0.0.0.0"]
    run = CliRunner().invoke(app, everywhere)
    assert isinstance(run.exception, ServerError)
    assert "--password" in str(run.exception)
    monkeypatch.setenv("RAG_UI_PASSWORD", "short")
    run = CliRunner().invoke(app, everywhere)
    assert "at least 8" in str(run.exception)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = "harbour light\nharbour light\n"
        run = CliRunner().invoke(app, ["ui", "--password", "--port", port], input=said)
    assert f"port {port}" in str(run.exception)
    assert "harbour" not in run.output


def test_each_browser_gets_a_cookie_of_its_own_once(url: str) -> None:
    first, second = get(url), get(url)
    cookies = [answer.headers["set-cookie"] for answer in (first, second)]
    assert cookies[0] != cookies[1]
    for said in cookies:
        assert re.match(r"footnote_owner=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=\d+$", said)
    mine = cookies[0].partition(";")[0]
    assert "set-cookie" not in get(url, Cookie=mine).headers
    assert "set-cookie" in get(url, Cookie="footnote_owner=../../x").headers
    assert "set-cookie" not in get(url, "/config").headers


def test_it_listens_on_loopback_only(url: str) -> None:
    port = urlsplit(url).port
    assert port is not None
    outside = {
        address[4][0]
        for address in socket.getaddrinfo(socket.gethostname(), None, family=socket.AF_INET)
        if not str(address[4][0]).startswith("127.")
    }
    for address in outside:
        with socket.socket() as client:
            client.settimeout(2)
            assert client.connect_ex((str(address), port)) != 0


def test_the_server_leaves_no_thread_behind(serve_page, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.fakes import FakeAssistant

    with serve_page(FakeAssistant(Config(index_dir=tmp_path))) as address:
        assert get(address).status_code == 200
    assert not [thread for thread in threading.enumerate() if thread.name == "served" and not thread.daemon]
    with pytest.raises(httpx.ConnectError):
        get(address)
