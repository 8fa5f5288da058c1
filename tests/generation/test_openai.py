"""The client for OpenAI-compatible servers, against llama.cpp's server and against bad ones."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.config import Config
from rag.errors import GenerationFailed, PromptTooLong
from rag.generation import LlamaGenerator, OpenAIGenerator, repacked
from rag.models import Registry
from rag.protocols import Generator, Message

QUESTION = [Message("system", "Answer in one sentence."), Message("user", "What is the capital of France?")]
Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _served(reply: Reply) -> Iterator[str]:
    """A server whose answer to a POST is up to `reply`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _send(self, 200, "application/json", json.dumps({"data": [{"id": "first"}, {"id": "second"}]}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with contextlib.suppress(ConnectionError):
                reply(self, body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _send(handler: BaseHTTPRequestHandler, status: int, kind: str, text: str) -> None:
    data = text.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _events(handler: BaseHTTPRequestHandler, *events: str) -> None:
    _send(handler, 200, "text/event-stream; charset=utf-8", "".join(f"data: {event}\n\n" for event in events))


def _delta(text: str | None, finish: str | None = None) -> str:
    return json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": finish}]})


@contextlib.contextmanager
def _client(url: str, model: str | None = "m", **options: Any) -> Iterator[OpenAIGenerator]:
    made = OpenAIGenerator(url, name="remote", model=model, **options)
    try:
        yield made
    finally:
        made.close()


def _ask(url: str, **options: Any) -> str:
    with _client(url) as client:
        return "".join(client.stream(QUESTION, max_tokens=10, **options))


@pytest.fixture(scope="module")
def llama_server(model_cache: Path) -> Iterator[str]:
    pytest.importorskip("sse_starlette", reason="needs llama-cpp-python[server]")
    spec = Registry.load(Config(cache_dir=model_cache, config_dir=model_cache / "no-config")).get(
        "smollm2-135m"
    )
    assert spec.path is not None
    port = _free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(repacked(spec.path, model_cache))]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "512"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/v1/models", trust_env=False, timeout=2).status_code == 200:
                    break
            time.sleep(0.1)
        else:
            pytest.fail("llama_cpp.server did not start")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.model
class TestLlamaServer:
    def test_streams(self, llama_server: str) -> None:
        with _client(llama_server, None) as client:
            seam: Generator = client
            pieces = list(seam.stream(QUESTION, max_tokens=20))
            assert len(pieces) > 2
            assert "Paris" in "".join(pieces)

    def test_address_with_path(self, llama_server: str) -> None:
        with _client(f"{llama_server}/v1/") as client:
            assert "".join(client.stream(QUESTION, max_tokens=3))

    def test_grammar_is_obeyed(self, llama_server: str) -> None:
        with _client(llama_server) as client:
            answer = "".join(client.stream(QUESTION, max_tokens=5, grammar='root ::= "yes" | "no"'))
        assert answer in ("yes", "no")

    def test_too_long_prompt(self, llama_server: str) -> None:
        with _client(llama_server) as client, pytest.raises(PromptTooLong, match="512"):
            list(client.stream([Message("user", "word " * 1000)], max_tokens=5))

    def test_stop_and_timeout(self, llama_server: str) -> None:
        story = [Message("user", "Write a very long story about the sea.")]
        with _client(llama_server) as client:
            stream = client.stream(story, max_tokens=400)
            next(stream)
            stream.close()  # type: ignore[attr-defined]
            assert list(stream) == []
            begun = time.monotonic()
            list(client.stream(story, max_tokens=400, timeout_seconds=1.0))
            assert time.monotonic() - begun < 3

    def test_estimate_is_not_below_the_count(self, llama_server: str, model_cache: Path) -> None:
        spec = Registry.load(Config(cache_dir=model_cache, config_dir=model_cache / "no")).get("smollm2-135m")
        assert spec.path is not None
        local = LlamaGenerator(spec.path, name="local", threads=1)
        texts = [
            "The central bank left its key rate at 6.75% on Thursday, resisting calls from exporters.",
            "Прежний закон отменён. 中央銀行は金利を据え置いた。 أبقى البنك المركزي سعر الفائدة",
            "1,234,567.89 (2023-09-14) {[!?]} \n\n\t--- Zoë’s €5",
            "",
        ]
        try:
            with _client(llama_server) as client:
                for text in texts:
                    messages = [Message("system", "Answer."), Message("user", text)]
                    assert client.count_tokens(messages) >= local.count_tokens(messages)
        finally:
            local.close()


class TestGoodReplies:
    def test_what_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("RAG_API_KEY", raising=False)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        seen: list[tuple[str, str | None, dict[str, Any]]] = []

        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            seen.append((handler.path, handler.headers.get("Authorization"), body))
            _events(handler, "[DONE]")

        with _served(reply) as url, _client(url, None) as client:
            assert list(client.stream(QUESTION, max_tokens=7)) == []
        path, key, body = seen[0]
        assert path == "/v1/chat/completions"
        assert key is None
        assert body["model"] == "first"
        assert body["temperature"] == 0 and body["max_tokens"] == 7 and body["stream"] is True
        assert body["messages"][1] == {"role": "user", "content": "What is the capital of France?"}

    def test_pieces(self) -> None:
        usage = json.dumps({"choices": [], "usage": {"total_tokens": 3}})
        events = _delta("A"), _delta(None), _delta("é\n"), usage, "[DONE]"
        with _served(lambda handler, _: _events(handler, *events)) as url, _client(url) as client:
            assert list(client.stream(QUESTION, max_tokens=7)) == ["A", "é\n"]

    def test_end_without_done_mark(self) -> None:
        with _served(lambda handler, _: _events(handler, _delta("A"), _delta("", "stop"))) as url:
            assert _ask(url) == "A"

    def test_key_from_the_environment_at_call_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        keys: list[str | None] = []

        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            keys.append(handler.headers.get("Authorization"))
            _events(handler, "[DONE]")

        with _served(reply) as url, _client(url) as client:
            monkeypatch.delenv("RAG_API_KEY", raising=False)
            monkeypatch.setenv("OPENAI_API_KEY", "second")
            list(client.stream(QUESTION, max_tokens=1))
            monkeypatch.setenv("RAG_API_KEY", "first")
            list(client.stream(QUESTION, max_tokens=1))
            assert keys == ["Bearer second", "Bearer first"]

    def test_refused_grammar_is_left_out_for_good(self) -> None:
        bodies: list[dict[str, Any]] = []

        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            bodies.append(body)
            if "grammar" in body:
                error = {"error": {"message": "Unrecognized request argument supplied: grammar"}}
                _send(handler, 400, "application/json", json.dumps(error))
            else:
                _events(handler, _delta("ok"), "[DONE]")

        with _served(reply) as url, _client(url) as client:
            for _ in range(2):
                assert list(client.stream(QUESTION, max_tokens=1, grammar='root ::= "x"')) == ["ok"]
        assert ["grammar" in body for body in bodies] == [True, False, False]

    def test_hidden_characters_are_not_sent(self) -> None:
        contents: list[str] = []

        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            contents.append(body["messages"][0]["content"])
            _events(handler, "[DONE]")

        with _served(reply) as url, _client(url) as client:
            list(client.stream([Message("user", "a\u200bb\U000e0041")], max_tokens=1))
        assert contents == ["ab"]


class TestBadReplies:
    def test_nobody_there(self) -> None:
        url = f"http://127.0.0.1:{_free_port()}"
        with pytest.raises(GenerationFailed, match=f"{url}/v1: no server answers") as caught:
            _ask(url)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("status", "text", "expected"),
        [
            (401, "{}", "RAG_API_KEY"),
            (404, '{"error": {"message": "model m not found"}}', "HTTP 404: model m not found"),
            (500, "<html>\nOops\n</html>", "HTTP 500: <html> Oops"),
            (503, "", "HTTP 503: no reason given"),
            (302, "", "HTTP 302"),
            (400, '{"detail": [{"loc": ["body"], "msg": "bad"}]}', "HTTP 400"),
            (400, "[1]", "HTTP 400"),
        ],
    )
    def test_status(self, status: int, text: str, expected: str) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            _send(handler, status, "application/json", text)

        with _served(reply) as url, pytest.raises(GenerationFailed) as caught:
            _ask(url)
        assert url in str(caught.value) and expected in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not isinstance(caught.value, PromptTooLong)

    @pytest.mark.parametrize(
        "error",
        [
            {"error": {"message": "This model's maximum context length is 10 tokens", "code": "x"}},
            {"error": {"message": "too big", "code": "context_length_exceeded"}},
            {"error": {"code": 400, "message": "the request exceeds the available context size (512)"}},
        ],
    )
    def test_context_overflow(self, error: dict[str, Any]) -> None:
        text = json.dumps(error)

        def refuse(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            _send(handler, 400, "application/json", text)

        with _served(refuse) as url, pytest.raises(PromptTooLong):
            _ask(url)
        with _served(lambda handler, _: _events(handler, text)) as url, pytest.raises(PromptTooLong):
            _ask(url)

    @pytest.mark.parametrize(
        "event", ["{", "[]", '"text"', '{"choices": [3]}', '{"choices": [{"delta": {"content": 3}}]}']
    )
    def test_malformed_event(self, event: str) -> None:
        with _served(lambda handler, _: _events(handler, _delta("A"), event)) as url, _client(url) as client:
            stream = client.stream(QUESTION, max_tokens=5)
            assert next(stream) == "A"
            with pytest.raises(GenerationFailed, match="cannot be read"):
                next(stream)
            assert list(stream) == []

    def test_no_stream_of_events(self) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            _send(handler, 200, "text/html", "<p>Hello")

        with _served(reply) as url, pytest.raises(GenerationFailed, match="text/html instead"):
            _ask(url)

    def test_broken_off(self) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            _events(handler, _delta("A"))

        with _served(reply) as url, pytest.raises(GenerationFailed, match="broke off"):
            _ask(url)

    def test_empty_stream(self) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            if body["stream"]:
                _events(handler)
            else:
                _send(handler, 200, "application/json", "{}")

        with _served(reply) as url, pytest.raises(GenerationFailed, match="is empty"):
            _ask(url)

    def test_connection_cut(self) -> None:
        def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
            handler.send_response(200)
            handler.send_header("Content-Type", "text/event-stream")
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(f"data: {_delta('A')}\n\n".encode())
            handler.close_connection = True

        with _served(reply) as url, pytest.raises(GenerationFailed, match="connection broke"):
            _ask(url)

    def test_after_close(self) -> None:
        client = OpenAIGenerator("http://127.0.0.1:9", name="x", model="m")
        client.close()
        client.close()
        with pytest.raises(GenerationFailed, match="closed"):
            list(client.stream(QUESTION, max_tokens=1))


class TestSlowServers:
    @staticmethod
    def _drip(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(f"data: {_delta('A')}\n\n".encode())
        handler.wfile.flush()
        time.sleep(3)

    def test_what_came_in_time_stands(self) -> None:
        with _served(self._drip) as url:
            begun = time.monotonic()
            assert _ask(url, timeout_seconds=0.5) == "A"
            assert time.monotonic() - begun < 2

    def test_nothing_came_in_time(self) -> None:
        with _served(lambda handler, body: time.sleep(2)) as url:
            begun = time.monotonic()
            assert _ask(url, timeout_seconds=0.3) == ""
            assert time.monotonic() - begun < 1.5

    def test_close_from_another_thread(self) -> None:
        with _served(self._drip) as url, _client(url) as client:
            stream = client.stream(QUESTION, max_tokens=5)
            assert next(stream) == "A"
            got: list[str] = []
            reader = threading.Thread(target=lambda: got.extend(stream))
            reader.start()
            time.sleep(0.2)
            begun = time.monotonic()
            stream.close()  # type: ignore[attr-defined]
            reader.join(timeout=5)
            assert time.monotonic() - begun < 1
            assert got == []
