"""The child process that runs llama.cpp: JSON lines in on standard input, JSON lines out.

In: `load` (once, first), `generate`, `choose`, `count`, `stop`; end of input ends the process.
Out: `ready`, `text`, `chosen`, `done`, `counted`, `failed`. Requests are served in order; `stop` acts at once.
It is a process of its own because an error in llama.cpp kills the process it happens in.
"""

from __future__ import annotations

import ctypes
import json
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from rag.generation.loaded import LoadedModel, RequestError, Stop


class Requests:
    """Standard input, read by a thread: requests are queued, a stop takes effect at once."""

    def __init__(self, source: BinaryIO) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._source = source
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._source:
            message = json.loads(line)
            if message["do"] == "stop":
                self._stopped.add(message["id"])
                continue
            # The clock starts here, so that waiting for the model to load counts.
            message["arrived"] = time.monotonic()
            self._queue.put(message)
        # The parent is gone or has had enough; a computation under way is of no use to anybody.
        os._exit(0)

    def next(self) -> dict[str, Any]:
        return self._queue.get()

    def stop(self, request: Mapping[str, Any]) -> Stop:
        """What tells whether `request` must end."""
        number, seconds = request["id"], request["timeout_seconds"]
        deadline = math.inf if seconds is None else request["arrived"] + seconds
        return lambda: number in self._stopped or time.monotonic() >= deadline

    def forget(self, number: int) -> None:
        self._stopped.discard(number)


def _serve(requests: Requests, send: Callable[..., None]) -> None:
    load = requests.next()
    try:
        model = LoadedModel(
            load["path"],
            threads=load["threads"],
            context_tokens=load["context_tokens"],
            adapter=load["adapter"],
        )
    except RequestError as error:
        send(say="failed", id=0, message=str(error))
        return
    send(say="ready", id=0, context_tokens=model.context_tokens)
    while True:
        request = requests.next()
        number = request["id"]
        try:
            if request["do"] == "count":
                send(say="counted", id=number, tokens=model.prompt_tokens(request["messages"]))
                continue
            if request["do"] == "choose":
                chosen = model.choose(
                    request["messages"],
                    count=request["count"],
                    none=request["none"],
                    stop=requests.stop(request),
                )
                send(say="chosen", id=number, chosen=chosen)
                continue
            for text in model.generate(
                request["messages"],
                max_tokens=request["max_tokens"],
                grammar=request["grammar"],
                stop=requests.stop(request),
            ):
                send(say="text", id=number, text=text)
            send(say="done", id=number, prompt_tokens_read=model.prompt_tokens_read)
        except RequestError as error:
            send(say="failed", id=number, message=str(error), **error.facts)
        finally:
            requests.forget(number)


def _quantise(source: str, target: str) -> int:
    logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)
    import llama_cpp.llama_cpp as library

    parameters = library.llama_model_quantize_default_params()
    parameters.ftype = library.LLAMA_FTYPE_MOSTLY_Q8_0
    # The source is quantised already; without this llama.cpp refuses.
    parameters.allow_requantize = True
    return int(
        library.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(parameters))
    )


def main(arguments: Sequence[str]) -> int:
    """Serve requests, or with `quantise SOURCE TARGET` write a model in the format Q8_0."""
    # Ctrl-C in a terminal reaches all processes; the parent decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments[:1] == ["quantise"]:
        return _quantise(*arguments[1:3])
    # Whatever llama.cpp prints must not get between the JSON lines.
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(**message: Any) -> None:
        try:
            output.write(json.dumps(message).encode("ascii") + b"\n")
        except OSError:
            os._exit(0)

    requests = Requests(sys.stdin.buffer)
    _serve(requests, send)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
