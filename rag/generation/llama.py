"""Local language models: the parent's side of the worker process that runs llama.cpp."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import GenerationFailed, ModelMissing, PromptTooLong
from rag.generation.process import cause_of_death, worker_command, worker_environment
from rag.protocols import Choice, Message

_GRACE_SECONDS = 0.5
_HANGS_SECONDS = 30.0
_LARGE = 1_200_000_000
"""Bytes of a GGUF file from which on an instruct model reads press articles well: 2 billion weights of 4 to 5 bits."""
_Reply = Mapping[str, Any]


class _Worker:
    """One child process. Replies are sorted by request, so that requests need not wait for readers."""

    def __init__(self, command: Sequence[str], load: Mapping[str, Any]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(),
        )
        self._numbers = itertools.count(1)
        # Reentrant, because a dropped stream stops itself wherever the garbage collector runs.
        self._lock = threading.RLock()
        self._writing = threading.RLock()
        self._waiting: dict[int, queue.SimpleQueue[_Reply]] = {}
        self._running: set[int] = set()
        self._stopping: dict[int, float] = {}
        self._loaded: _Reply | None = None
        self._settled = threading.Event()
        self._closing = False
        self._death: _Reply | None = None
        self._last_lines: deque[str] = deque(maxlen=8)
        self._threads = [
            threading.Thread(target=target, name=f"llama-{target.__name__}", daemon=True)
            for target in (self._read_replies, self._read_errors)
        ]
        for thread in reversed(self._threads):  # the reader of replies waits for that of errors
            thread.start()
        # A worker that is dead already is reported by the thread that reads its replies.
        with contextlib.suppress(OSError):
            self._write(load)

    @property
    def alive(self) -> bool:
        """Whether it takes requests: it runs, and no request told to stop hangs."""
        with self._lock:
            # Requests are served in order: only the first can hang, the others wait.
            asked = self._stopping.get(min(self._running, default=0))
        hangs = self._loaded is not None and asked is not None and time.monotonic() - asked > _HANGS_SECONDS
        return self._death is None and self.process.poll() is None and not hangs

    def wait_ready(self) -> _Reply:
        """What it said when it had loaded the model, or how it died."""
        self._settled.wait()
        reply = self._loaded or self._death
        assert reply is not None
        return reply

    def submit(self, request: Mapping[str, Any]) -> tuple[int, queue.SimpleQueue[_Reply]]:
        """Send a request; its number and where its replies come. Raises OSError where the worker is gone."""
        replies: queue.SimpleQueue[_Reply] = queue.SimpleQueue()
        with self._lock:
            if self._death is not None:
                raise BrokenPipeError
            number = next(self._numbers)
            self._waiting[number] = replies
            self._running.add(number)
        try:
            self._write({**request, "id": number})
        except OSError:
            self.forget(number)
            raise
        return number, replies

    def stop(self, number: int) -> None:
        """Have a request end after the token at hand; nothing happens if it has ended."""
        self.forget(number)
        with self._lock:
            if number not in self._running:
                return
            self._stopping[number] = time.monotonic()
        with contextlib.suppress(OSError):
            self._write({"do": "stop", "id": number})

    def forget(self, number: int) -> None:
        """Throw away further replies to a request."""
        with self._lock:
            self._waiting.pop(number, None)

    def end(self) -> None:
        """End the process, and wait until it is gone and its pipes are closed."""
        self._closing = True
        stdin = self.process.stdin
        assert stdin is not None
        with contextlib.suppress(OSError):  # closing flushes, and nobody may be there to read
            stdin.close()
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=2)

    def _write(self, message: Mapping[str, Any]) -> None:
        stdin = self.process.stdin
        assert stdin is not None
        line = json.dumps(message).encode("ascii") + b"\n"
        with self._writing:
            try:
                stdin.write(line)
                stdin.flush()
            except ValueError as error:  # closed by `end`
                raise BrokenPipeError from error

    def _read_replies(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        failure: _Reply | None = None
        with stdout:
            for line in stdout:
                try:
                    reply = json.loads(line)
                    number, say = reply["id"], reply["say"]
                except (ValueError, KeyError, TypeError):
                    message = f"it sent an unreadable line ({line[:60]!r}); ask again"
                    failure = {"say": "died", "message": message}
                    self.process.kill()
                    break
                if say == "ready":
                    self._loaded = reply
                    self._settled.set()
                elif number == 0:
                    failure = reply
                with self._lock:
                    replies = self._waiting.get(number)
                    if say != "text":
                        self._running.discard(number)
                        self._stopping.pop(number, None)
                if replies is not None:
                    replies.put(reply)
        self._threads[1].join(timeout=1)
        returncode = self.process.wait()
        cause = "it was closed" if self._closing else cause_of_death(returncode, self._last_lines)
        with self._lock:
            self._death = failure or {"say": "died", "message": cause}
            waiting = list(self._waiting.values())
        self._settled.set()
        for replies in waiting:
            replies.put(self._death)

    def _read_errors(self) -> None:
        stderr = self.process.stderr
        assert stderr is not None
        with stderr:
            for line in stderr:
                self._last_lines.append(line.decode("utf-8", errors="replace").strip())


class _Answer(Iterator[str]):
    """The stream of one request. `close` may be called from any thread, also while another waits."""

    def __init__(self, generator: LlamaGenerator, request: Mapping[str, Any], seconds: float | None) -> None:
        self._generator = generator
        self._request = request
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._worker: _Worker | None = None
        self._number = 0
        self._replies: queue.SimpleQueue[_Reply] = queue.SimpleQueue()
        self._ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._ended:
            raise StopIteration
        if self._worker is None:
            request = {**self._request, "timeout_seconds": self._seconds_left()}
            self._worker, self._number, self._replies = self._generator._submit(request)
            if self._ended:  # closed meanwhile by another thread
                self._worker.stop(self._number)
                raise StopIteration
        left = self._seconds_left()
        try:
            reply = self._replies.get(timeout=None if left is None else left + _GRACE_SECONDS)
        except queue.Empty:
            # The worker stops in time by itself, but for a token (or a load) that takes long.
            self.close()
            raise StopIteration from None
        if self._ended:
            raise StopIteration
        if reply["say"] == "text":
            return str(reply["text"])
        self._ended = True
        self._worker.forget(self._number)
        if reply["say"] == "done":
            raise StopIteration
        raise self._generator._error(reply)

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def close(self) -> None:
        """Stop the model; it may be called twice."""
        if self._ended:
            return
        self._ended = True
        if self._worker is not None:
            self._worker.stop(self._number)
            self._replies.put({"say": "done"})

    def __del__(self) -> None:
        self.close()


class LlamaGenerator:
    """A GGUF model run by llama.cpp in a worker process, which is started when first needed.

    Safe to use from several threads: requests are served one after the other. A worker that dies
    fails the requests it had; the next one starts a new worker. Answers are greedy (temperature 0).
    The prompt of one request is kept, so that the next with the same beginning is answered sooner.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        threads: int,
        context_tokens: int = 4096,
        adapter: Path | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        """A generator for the file `path`; nothing is started or opened yet.

        `context_tokens` is capped by what the model was trained for; `adapter` is a GGUF file of low-rank
        weights to add; `command` replaces the worker's command line, in tests.
        """
        self._path = path
        self._adapter = adapter
        self._name = name
        self._threads = threads
        self._asked_context_tokens = context_tokens
        self._command = list(command) if command is not None else worker_command()
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._finalizer: weakref.finalize[[], LlamaGenerator] | None = None
        self._context_tokens: int | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The registered name."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and answer together. The first time it waits for the model to load.

        Raises `GenerationFailed` or `ModelMissing` if it cannot be loaded.
        """
        if self._context_tokens is None:
            reply = self._live().wait_ready()
            if reply["say"] != "ready":
                raise self._error(reply)
            self._context_tokens = int(reply["context_tokens"])
        return self._context_tokens

    @property
    def trained_to_choose(self) -> bool:
        """Only with an adapter: its choices are what the weights in `rag/attribution/choice.py` are fitted to."""
        return self._adapter is not None

    @property
    def is_large(self) -> bool:
        """By the size of its file: so it is known before the model is loaded."""
        return self._path.stat().st_size >= _LARGE if self._path.is_file() else False

    def start(self) -> None:
        """Start loading the model, without waiting. Raises `ModelMissing` if there is no such file."""
        self._live()

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the rendered prompt, exactly. Waits for requests under way."""
        return len(self.prompt_tokens(messages))

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The token ids the model is given for `messages`. Waits for requests under way."""
        worker, number, replies = self._submit({"do": "count", "messages": _plain(messages)})
        reply = replies.get()
        worker.forget(number)
        if reply["say"] != "counted":
            raise self._error(reply)
        return list(reply["tokens"])

    def choose(
        self, messages: Sequence[Message], *, count: int, none: str, timeout_seconds: float | None = None
    ) -> Choice | None:
        """By the probabilities of what would come first: `[1]` to `[count]`, or `none`.

        None when time is over (it counts from this call), or where the model's tokenizer does not give
        each marker a token of its own. The prompt is kept, so that a `stream` of it begins at once.
        """
        request = {"do": "choose", "messages": _plain(messages), "count": count, "none": none}
        worker, number, replies = self._submit({**request, "timeout_seconds": timeout_seconds})
        try:
            reply = replies.get(timeout=None if timeout_seconds is None else timeout_seconds + _GRACE_SECONDS)
        except queue.Empty:
            worker.stop(number)
            return None
        worker.forget(number)
        if reply["say"] != "chosen":
            raise self._error(reply)
        if reply["chosen"] is None:
            return None
        numbers, refused = reply["chosen"]
        return Choice(tuple(numbers), refused)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        grammar: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Iterator[str]:
        """Pieces of the answer as they come. The iterator's `close` stops the model within a token.

        The time counts from this call, so that loading and other requests use it up; when it is
        over the stream ends. `grammar` is GBNF with a rule `root`. The iterator raises
        `PromptTooLong` or `GenerationFailed` when it is first read.
        """
        request = {
            "do": "generate",
            "messages": _plain(messages),
            "max_tokens": max_tokens,
            "grammar": grammar,
        }
        return _Answer(self, request, timeout_seconds)

    def close(self) -> None:
        """End the worker for good; streams under way raise `GenerationFailed`."""
        with self._lock:
            self._closed = True
            finalizer, self._finalizer, self._worker = self._finalizer, None, None
        if finalizer is not None:
            finalizer()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, if one runs."""
        worker = self._worker
        return worker.process.pid if worker is not None and worker.alive else None

    def _live(self) -> _Worker:
        """The worker, started if there is none that takes requests."""
        with self._lock:
            if self._closed:
                raise GenerationFailed(f"{self._name}: this model has been closed; open the assistant again")
            if self._worker is not None and self._worker.alive:
                return self._worker
            if not self._path.is_file():
                raise ModelMissing(f"{self._path}: no such model file; put it back or run `rag models add`")
            if self._finalizer is not None:
                self._finalizer()
            load = {
                "do": "load",
                "path": os.fspath(self._path.resolve()),
                "threads": self._threads,
                "context_tokens": self._asked_context_tokens,
                "adapter": None if self._adapter is None else os.fspath(self._adapter.resolve()),
            }
            try:
                self._worker = _Worker(self._command, load)
            except OSError as error:
                raise GenerationFailed(
                    f"{self._name}: the worker process cannot be started ({error}); free memory and ask again"
                ) from error
            # Runs when this object is dropped, and at the latest when the interpreter ends.
            self._finalizer = weakref.finalize(self, self._worker.end)
            return self._worker

    def _submit(self, request: Mapping[str, Any]) -> tuple[_Worker, int, queue.SimpleQueue[_Reply]]:
        worker = self._live()
        try:
            return worker, *worker.submit(request)
        except OSError:
            # It died between two requests, and nobody has noticed: this request never reached it.
            worker.process.kill()
            worker.process.wait()
            worker = self._live()
        try:
            return worker, *worker.submit(request)
        except OSError:
            raise self._error(worker.wait_ready()) from None

    def _error(self, reply: _Reply) -> GenerationFailed:
        message = str(reply.get("message", "no reason given"))
        if "prompt_tokens" in reply:
            return PromptTooLong(
                f"{self._name}: the prompt has {reply['prompt_tokens']} tokens, the model takes "
                f"{reply['context_tokens']} with the answer; ask for less or use one with a longer context"
            )
        if reply.get("say") == "died":
            return GenerationFailed(f"{self._name} ({self._path.name}): the language model died: {message}")
        return GenerationFailed(f"{self._name} ({self._path.name}): {message}")


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
