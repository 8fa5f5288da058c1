"""Language models behind an OpenAI-compatible server: llama.cpp's, Ollama, vLLM, LM Studio, hosted ones."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import math
import os
import re
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import GenerationFailed, PromptTooLong
from rag.generation.contents import visible
from rag.protocols import Choice, Message

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 300.0
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|exceeds? the (available|model'?s?)|prompt is too long",
    re.IGNORECASE,
)
_REFUSED_GRAMMAR = re.compile(r"grammar|unrecogni[sz]ed|unknown|unsupported|extra", re.IGNORECASE)


class _Answer(Iterator[str]):
    """The stream of one request. `close` may be called from any thread, also while another waits."""

    def __init__(self, generator: OpenAIGenerator, body: dict[str, Any], seconds: float | None) -> None:
        self._generator = generator
        self._body = body
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._pieces: Generator[str, None, None] | None = None
        self._socket: socket.socket | None = None
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._ended:
            raise StopIteration
        if self._pieces is None:
            self._pieces = self._generator._pieces(self._body, self)
        try:
            return next(self._pieces)
        except StopIteration:
            self._ended = True
            raise
        except GenerationFailed:
            if self._ended:  # closed meanwhile by another thread: its end is no failure
                raise StopIteration from None
            self._ended = True
            raise

    @property
    def seconds_left(self) -> float | None:
        """Until the stream must end; None where there is no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    @property
    def over(self) -> bool:
        """Closed or out of time."""
        return self._ended or self.seconds_left == 0.0

    @contextlib.contextmanager
    def watching(self, response: httpx.Response) -> Iterator[None]:
        """Meanwhile `close` can cut the connection of `response`; it is cut when time is over."""
        stream = response.extensions.get("network_stream")
        found = stream.get_extra_info("socket") if stream is not None else None
        self._socket = found if isinstance(found, socket.socket) else None
        if self._ended:
            self._cut()
        timer = threading.Timer(self.seconds_left, self._cut) if self.seconds_left is not None else None
        try:
            if timer is not None:
                timer.daemon = True
                timer.start()
            yield
        finally:
            self._socket = None
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Cut the connection, on which servers stop generating; it may be called twice."""
        if self._ended:
            return
        self._ended = True
        self._cut()
        pieces = self._pieces
        if pieces is not None:
            # ValueError: another thread is reading; cutting the connection has ended its wait.
            with contextlib.suppress(ValueError):
                pieces.close()

    def _cut(self) -> None:
        connection = self._socket
        if connection is not None:
            # The plain method even for TLS: it may be called while another thread reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def __del__(self) -> None:
        self.close()


class OpenAIGenerator:
    """A model behind `POST {url}/chat/completions` with server-sent events, temperature 0.

    A grammar is sent as `grammar`, which llama.cpp's servers obey. Others ignore it or refuse; after
    a refusal it is left out for good. So a grammar is a wish here, and the caller checks the answer.
    Proxies of the environment are not used for addresses of this machine.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        model: str | None,
        context_tokens: int = 8192,
    ) -> None:
        """A client for the server at `url` (`/v1` is added where there is no path).

        Where `model` is None the first model the server lists is used. The key is read from
        `RAG_API_KEY` when a request is made, else from `OPENAI_API_KEY`; the latter, which may be
        meant for another server, is sent only over https or to this machine. It opens nothing.
        """
        parts = urlsplit(url)
        path = parts.path.rstrip("/") or "/v1"
        self._url = f"{parts.scheme}://{parts.netloc}{path}"
        self._local = _is_loopback(parts.hostname or "")
        self._secure = parts.scheme == "https"
        self._name = name
        self._model = model
        self._context_tokens = context_tokens
        self._takes_grammar = True
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._closed = False

    @property
    def name(self) -> str:
        """The registered name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together, as told to the constructor: servers do not say."""
        return self._context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """An upper estimate, as the server's tokenizer is not known.

        Counted: two fifths of ASCII letters and spaces, each digit and each other ASCII character,
        each UTF-8 byte of the rest, eight for each message and eight more.

        >>> generator = OpenAIGenerator("http://127.0.0.1:1", name="x", model="y")
        >>> generator.count_tokens([Message("user", "How many ships?")])
        23
        """
        total = 8.0
        for message in messages:
            text = visible(message.content)
            prose = sum(1 for letter in text if letter.isascii() and (letter.isalpha() or letter == " "))
            total += 8 + 0.4 * prose + len(text.encode("utf-8", errors="replace")) - prose
        return math.ceil(total)

    @property
    def trained_to_choose(self) -> bool:
        """Never: nothing is known of the model."""
        return False

    @property
    def is_large(self) -> bool:
        """Yes: servers do not tell, and who runs one has chosen a model worth running."""
        return True

    def choose(
        self, messages: Sequence[Message], *, count: int, none: str, timeout_seconds: float | None = None
    ) -> Choice | None:
        """None: few servers tell probabilities, and how their model cuts `[2]` is not known."""
        return None

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        grammar: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[str]:
        """Pieces of the answer as they come. The iterator's `close` cuts the connection.

        The iterator raises `PromptTooLong` or `GenerationFailed` when it is first read. Text that
        came before the connection broke stands, but the break is raised.
        """
        body: dict[str, Any] = {
            "messages": [{"role": each.role, "content": visible(each.content)} for each in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "seed": 0,
            "stream": True,
        }
        if grammar is not None:
            body["grammar"] = grammar
        return _Answer(self, body, timeout_seconds)

    def close(self) -> None:
        """Close the connections; it may be called twice."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            client.close()

    # -- requests --------------------------------------------------------------------------------

    def _open(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._closed:
                raise GenerationFailed(f"{self._name}: this model has been closed; open the assistant again")
            if self._client is None:
                # A kept connection may be closed by the server just as it is used again, and a POST
                # is not repeated; next to generating, a new one costs nothing.
                limits = httpx.Limits(max_keepalive_connections=0)
                self._client = httpx.Client(trust_env=not self._local, limits=limits)
            return self._client

    def _headers(self) -> dict[str, str]:
        key = os.environ.get("RAG_API_KEY")
        if not key and (self._secure or self._local):
            key = os.environ.get("OPENAI_API_KEY")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _timeout(self, seconds: float | None) -> httpx.Timeout:
        import httpx

        limit = _SILENCE_SECONDS if seconds is None else max(seconds, 0.05)
        return httpx.Timeout(limit, connect=min(limit, _CONNECT_SECONDS))

    def _pieces(self, body: dict[str, Any], answer: _Answer) -> Generator[str, None, None]:
        import httpx

        try:
            body["model"] = self._model or self._first_model(answer)
            if not self._takes_grammar:
                body.pop("grammar", None)
            try:
                yield from self._request(body, answer)
            except _GrammarRefused:
                self._takes_grammar = False
                body.pop("grammar")
                yield from self._request(body, answer)
        except httpx.ConnectError as error:
            raise self._failed(f"no server answers ({error}); start it, or check the address") from error
        except httpx.ConnectTimeout as error:
            raise self._failed("no server answers in time; start it, or check the address") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            if answer.over:
                return
            what = str(error) or type(error).__name__
            raise self._failed(
                f"the connection broke ({what}); ask again, or look at the server's log"
            ) from error

    def _request(self, body: Mapping[str, Any], answer: _Answer) -> Iterator[str]:
        opened = self._open().stream(
            "POST",
            f"{self._url}/chat/completions",
            json=body,
            headers={**self._headers(), "Accept": "text/event-stream"},
            timeout=self._timeout(answer.seconds_left),
        )
        with opened as response, answer.watching(response):
            if response.status_code != 200:
                raise self._refused(response, body)
            said_something = yield from self._events(response, answer)
        if not said_something and not answer.over:
            raise self._silent(body, answer)

    def _events(self, response: httpx.Response, answer: _Answer) -> Generator[str, None, bool]:
        """The pieces of text; returns whether there was any event."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "text/event-stream":
            raise self._failed(
                f"it answers with {kind or 'no content type'} instead of a stream of events; "
                "check that the address is that of an OpenAI-compatible server"
            )
        said_something = finished = False
        for line in response.iter_lines():
            if not line.startswith("data:"):
                continue
            data = line[5:].strip()
            if data == "[DONE]":
                return True
            said_something = True
            text, finished_now = self._piece(data)
            finished = finished or finished_now
            if text:
                yield text
        if said_something and not finished and not answer.over:
            raise self._failed("the answer broke off; ask again, or look at the server's log")
        return said_something

    def _silent(self, body: Mapping[str, Any], answer: _Answer) -> GenerationFailed:
        """Why a stream held no event: llama-cpp-python's server tells only those who do not stream."""
        again = self._open().post(
            f"{self._url}/chat/completions",
            json={**body, "stream": False, "max_tokens": 1},
            headers=self._headers(),
            timeout=self._timeout(answer.seconds_left),
        )
        if again.status_code != 200:
            return self._refused(again, body)
        return self._failed("the answer is empty; ask again, or look at the server's log")

    def _piece(self, data: str) -> tuple[str, bool]:
        try:
            event = json.loads(data)
            if (error := event.get("error")) is not None:
                raise self._refusal(_message_of(error) or "an error without a message")
            choices = event.get("choices") or []
            if not choices:
                return "", False
            content = (choices[0].get("delta") or {}).get("content")
            if content is not None and not isinstance(content, str):
                raise TypeError("content is not text")
            return content or "", choices[0].get("finish_reason") is not None
        except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
            raise self._failed(
                f"it sends an event that cannot be read ({data[:60]!r}); "
                "check that the address is that of an OpenAI-compatible server"
            ) from error

    def _first_model(self, answer: _Answer) -> str:
        response = self._open().get(
            f"{self._url}/models", headers=self._headers(), timeout=self._timeout(answer.seconds_left)
        )
        if response.status_code != 200:
            raise self._refused(response, {})
        try:
            self._model = str(response.json()["data"][0]["id"])
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise self._failed("it lists no model; add it again as ADDRESS#MODEL") from error
        return self._model

    def _refused(self, response: httpx.Response, body: Mapping[str, Any]) -> GenerationFailed:
        response.read()
        try:
            reply = response.json()
            message = _message_of(reply.get("error", reply)) if isinstance(reply, dict) else ""
        except ValueError:
            message = ""
        message = message or response.text
        status = response.status_code
        if "grammar" in body and status in (400, 422) and _REFUSED_GRAMMAR.search(message):
            return _GrammarRefused(message)
        if status in (401, 403):
            return self._failed(f"it refuses the key (HTTP {status}); set RAG_API_KEY to one it knows")
        return self._refusal(message, status)

    def _refusal(self, message: str, status: int | None = None) -> GenerationFailed:
        message = " ".join(message.split())[:200]
        if status in (None, 400, 413, 422, 500) and _TOO_LONG.search(message):
            return PromptTooLong(
                f"{self._url}: the prompt does not fit the model's context ({message}); "
                "ask for less or use a model with a longer context"
            )
        code = "" if status is None else f"HTTP {status}: "
        advice = "check the address and the model's name" if status == 404 else "look at the server's log"
        return self._failed(f"the server refuses: {code}{message or 'no reason given'}; {advice}")

    def _failed(self, what: str) -> GenerationFailed:
        return GenerationFailed(f"{self._url}: {what}")


class _GrammarRefused(GenerationFailed):
    """The server does not take a grammar."""


def _message_of(error: object) -> str:
    if isinstance(error, dict):
        code = error.get("code")
        message = str(error.get("message") or error.get("detail") or "")
        return f"{message} ({code})" if isinstance(code, str) else message
    return str(error or "")


def _is_loopback(host: str) -> bool:
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
