"""A browser without a browser: the page's own calls over HTTP, for tests with several people at once."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx


class Visitor:
    """One browser with one page open. Close it to go away, as a closed tab does."""

    def __init__(self, url: str) -> None:
        self.page = uuid4().hex[:11]
        self.http = httpx.Client(base_url=url, timeout=60)
        self.http.get("/")  # brings the cookie
        config = self.http.get("/config").json()
        self._calls = {}
        for number, call in enumerate(config["dependencies"]):
            self._calls.setdefault(call["api_name"], call.get("id", number))
        address = urlsplit(url)
        self._beat = socket.create_connection((address.hostname, address.port), timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        self._beat.sendall(
            f"GET /gradio_api/heartbeat/{self.page} HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Cookie: {cookies}\r\n\r\n".encode()
        )
        assert b"200 OK" in self._beat.recv(1000)

    def call(self, name: str, *data: Any, event: Any = None) -> list[Any]:
        """A call that is answered at once."""
        body = {
            "data": list(data),
            "fn_index": self._calls[name],
            "session_hash": self.page,
            "event_data": event,
        }
        answer = self.http.post("/gradio_api/run/predict", json=body)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def begin(self, question: str) -> str:
        """Write a question down: the thread then."""
        return str(self.call("begin", question)[0])

    def answer(self) -> Iterator[str]:
        """The thread after each step of the answer."""
        body = {"data": [], "fn_index": self._calls["answer"], "session_hash": self.page}
        joined = self.http.post("/gradio_api/queue/join", json=body)
        assert joined.status_code == 200, joined.text
        thread = ""
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.page}) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message["msg"] in {"process_generating", "process_completed"}:
                    (value,) = message["output"].get("data") or [None]
                    if isinstance(value, list):  # what changed since the step before
                        for _, _, piece in value:
                            thread = piece if isinstance(piece, str) else thread
                    elif isinstance(value, str):
                        thread = value
                    yield thread
                if message["msg"] in {"process_completed", "close_stream"}:
                    return

    def ask(self, question: str) -> str:
        """The thread when the answer is whole."""
        self.begin(question)
        return list(self.answer())[-1]

    def close(self) -> None:
        """Go away without a word."""
        self._beat.close()
        self.http.close()
