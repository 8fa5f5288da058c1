"""The child process that runs llama.cpp: JSON lines in on standard input, JSON lines out.

In: `load` (once, first), `generate`, `count`, `stop`; end of input ends the process.
Out: `ready`, `text`, `done`, `counted`, `failed`. Requests are served in order; `stop` acts at once.
It is a process of its own because an error in llama.cpp kills the process it happens in.
"""

from __future__ import annotations

import codecs
import ctypes
import json
import logging
import math
import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from rag.generation.contents import visible

_BATCH_TOKENS = 512
_SENTINEL = "\ue000{}\ue001"
_SENTINELS = re.compile("\ue000(\\d+)\ue001")
_CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}{{ '<|im_start|>assistant\n' }}"
)
_CANDIDATE = [("id", "<i4"), ("logit", "<f4"), ("p", "<f4")]
Stop = Callable[[], bool]
"""Whether the request at hand must end: told so, or out of time."""


class RequestError(Exception):
    """A request that cannot be served; `facts` go into the reply beside the message."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


class LoadedModel:
    """A GGUF model with one context, driven through llama.cpp's C functions.

    The high-level `Llama` class tokenises a prompt with control tokens on and cannot stop while it
    reads a prompt; that is why the loop is ours.
    """

    def __init__(self, path: str, *, threads: int, context_tokens: int) -> None:
        # The library prints every log line from a callback; only errors are worth a line.
        logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)
        import llama_cpp.llama_cpp as library
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._c = library
        library.llama_backend_init()
        model = library.llama_model_load_from_file(os.fsencode(path), library.llama_model_default_params())
        if not model:
            raise RequestError("llama.cpp cannot load this file")
        self._vocab = library.llama_model_get_vocab(model)
        self._vocab_size = int(library.llama_vocab_n_tokens(self._vocab))
        trained = int(library.llama_model_n_ctx_train(model))
        parameters = library.llama_context_default_params()
        parameters.n_ctx = min(context_tokens, trained) if trained > 0 else context_tokens
        parameters.n_batch = _BATCH_TOKENS
        parameters.n_threads = parameters.n_threads_batch = threads
        self._context = library.llama_init_from_model(model, parameters)
        if not self._context:
            raise RequestError("there is not enough memory for its context")
        self._memory = library.llama_get_memory(self._context)
        # llama.cpp rounds n_ctx up; what was asked for is what callers count with.
        self.context_tokens = min(int(parameters.n_ctx), int(library.llama_n_ctx(self._context)))
        self._bos = int(library.llama_vocab_bos(self._vocab))
        self._add_bos = bool(library.llama_vocab_get_add_bos(self._vocab))
        template = library.llama_model_chat_template(model, None)
        self._format = Jinja2ChatFormatter(
            template=template.decode("utf-8") if template else _CHATML,
            bos_token=self._token_text(self._bos),
            eos_token=self._token_text(int(library.llama_vocab_eos(self._vocab))),
        )
        self._cached: list[int] = []
        self.prompt_tokens_read = 0
        self._control: dict[int, bool] = {}

    # -- the prompt as tokens ------------------------------------------------------------------

    def prompt_tokens(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """The rendered conversation as token ids; control tokens only where the template put them.

        The template is rendered with placeholders in place of the contents, then template and
        contents are tokenised apart, the contents without control tokens.
        """
        contents = [visible(message["content"]) for message in messages]
        roles = [message["role"] for message in messages]
        try:
            pieces = self._rendered(roles, contents)
        except RequestError:
            # Templates of some families (Gemma) refuse a system message: put it before the question.
            if roles[:2] != ["system", "user"]:
                raise
            contents = [f"{contents[0]}\n\n{contents[1]}", *contents[2:]]
            pieces = self._rendered(roles[1:], contents)
        tokens: list[int] = []
        for is_content, text in pieces:
            tokens += self._content_tokens(text) if is_content else self._tokenise(text, control=True)
        if self._add_bos and tokens[:1] != [self._bos]:
            tokens.insert(0, self._bos)
        return tokens

    def _rendered(self, roles: Sequence[str], contents: Sequence[str]) -> list[tuple[bool, str]]:
        import jinja2

        messages: list[Any] = [
            {"role": role, "content": _SENTINEL.format(number)} for number, role in enumerate(roles)
        ]
        try:
            parts = _SENTINELS.split(str(self._format(messages=messages).prompt))
        except (ValueError, TypeError, jinja2.TemplateError) as error:
            raise RequestError(f"its chat template refuses these messages ({error})") from error
        found = {int(number) for number in parts[1::2]}
        if found != set(range(len(contents))):
            raise RequestError("its chat template leaves messages out")
        return [
            (bool(place % 2), contents[int(part)] if place % 2 else part)
            for place, part in enumerate(parts)
            if part
        ]

    def _tokenise(self, text: str, *, control: bool) -> list[int]:
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        buffer = (self._c.llama_token * room)()
        count = self._c.llama_tokenize(self._vocab, data, len(data), buffer, room, False, control)
        if count < 0:
            raise RequestError("its tokenizer failed on the prompt")
        return list(buffer[:count])

    def _content_tokens(self, text: str) -> list[int]:
        tokens = self._tokenise(text, control=False)
        # With control tokens off llama.cpp still matches "user defined" ones, and some files mark
        # their turn markers so. Break those up until none is left.
        while steering := {token for token in tokens if self._is_control(token)}:
            for token in steering:
                piece = self._token_text(token)
                text = text.replace(piece, f"{piece[:1]} {piece[1:]}")
            again = self._tokenise(text, control=False)
            if again == tokens:
                raise RequestError("its tokenizer cannot be kept from control tokens")
            tokens = again
        return tokens

    def _is_control(self, token: int) -> bool:
        known = self._control.get(token)
        if known is None:
            attributes = self._c.llama_vocab_get_attr(self._vocab, token)
            looks = self._token_text(token)
            known = bool(
                attributes & self._c.LLAMA_TOKEN_ATTR_CONTROL
                or self._c.llama_vocab_is_eog(self._vocab, token)
                or (
                    attributes & self._c.LLAMA_TOKEN_ATTR_USER_DEFINED
                    and re.fullmatch(r"[<\[]\S+[>\]]", looks) is not None
                )
            )
            self._control[token] = known
        return known

    def _token_text(self, token: int) -> str:
        if token < 0:
            return ""
        text = self._c.llama_vocab_get_text(self._vocab, token)
        return text.decode("utf-8", errors="replace") if text else ""

    # -- generation ----------------------------------------------------------------------------

    def generate(
        self, messages: Sequence[Mapping[str, str]], *, max_tokens: int, grammar: str | None, stop: Stop
    ) -> Iterator[str]:
        """Pieces of the answer, the likeliest token each time."""
        prompt = self.prompt_tokens(messages)
        if len(prompt) >= self.context_tokens:
            raise RequestError(
                "prompt too long", prompt_tokens=len(prompt), context_tokens=self.context_tokens
            )
        sampler = self._grammar(grammar) if grammar is not None else None
        try:
            yield from self._answer(prompt, max_tokens=max_tokens, sampler=sampler, stop=stop)
        finally:
            if sampler:
                self._c.llama_sampler_free(sampler)

    def _answer(self, prompt: list[int], *, max_tokens: int, sampler: Any, stop: Stop) -> Iterator[str]:
        if not self._read_prompt(prompt, stop):
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for _ in range(min(max_tokens, self.context_tokens - len(prompt))):
            if stop():
                return
            token = self._likeliest(sampler)
            if self._c.llama_vocab_is_eog(self._vocab, token):
                return
            if text := decoder.decode(self._piece(token)):
                yield text
            if stop() or not self._decode([token]):
                return

    def _grammar(self, grammar: str) -> Any:
        # An empty grammar gives a sampler that allows everything; a bad one gives NULL, which
        # a sampler chain takes without a word. Neither may pass for a grammar.
        if not grammar.strip():
            raise RequestError("the grammar is empty")
        sampler = self._c.llama_sampler_init_grammar(self._vocab, grammar.encode("utf-8"), b"root")
        if not sampler:
            raise RequestError("the grammar is not valid GBNF")
        return sampler

    def _read_prompt(self, prompt: list[int], stop: Stop) -> bool:
        kept = 0
        for old, new in zip(self._cached, prompt[:-1], strict=False):
            if old != new:
                break
            kept += 1
        # Recurrent models cannot forget a part; they start anew.
        if kept < len(self._cached) and not self._c.llama_memory_seq_rm(self._memory, 0, kept, -1):
            self._c.llama_memory_clear(self._memory, True)
            kept = 0
        del self._cached[kept:]
        self.prompt_tokens_read = len(prompt) - kept
        callback = self._c.ggml_abort_callback(lambda _: stop())
        self._c.llama_set_abort_callback(self._context, callback, None)
        try:
            for start in range(kept, len(prompt), _BATCH_TOKENS):
                if stop() or not self._decode(prompt[start : start + _BATCH_TOKENS]):
                    return False
        finally:
            # Only here: called after each node of the graph, it would slow down single tokens.
            self._c.llama_set_abort_callback(self._context, self._c.ggml_abort_callback(), None)
        return True

    def _decode(self, tokens: Sequence[int]) -> bool:
        """Read `tokens` after those in memory; False if aborted."""
        array = (self._c.llama_token * len(tokens))(*tokens)
        code = self._c.llama_decode(self._context, self._c.llama_batch_get_one(array, len(tokens)))
        if code == 0:
            self._cached += tokens
            return True
        # What was read of the batch stays in memory: drop it, or the next request starts askew.
        if not self._c.llama_memory_seq_rm(self._memory, 0, len(self._cached), -1):
            self._c.llama_memory_clear(self._memory, True)
            self._cached.clear()
        if code == 2:
            return False
        raise RequestError(f"llama.cpp could not read the prompt (llama_decode returned {code})")

    def _likeliest(self, sampler: Any) -> int:
        import numpy as np

        pointer = self._c.llama_get_logits_ith(self._context, -1)
        logits = np.ctypeslib.as_array(pointer, shape=(self._vocab_size,))
        best = int(logits.argmax())
        if sampler is None:
            return best
        # Nearly always the likeliest token is allowed: ask for it alone before asking for all.
        candidates = np.zeros(1, dtype=_CANDIDATE)
        candidates["id"], candidates["logit"] = best, logits[best]
        if not np.isneginf(self._allowed(sampler, candidates)[0]):
            self._c.llama_sampler_accept(sampler, best)
            return best
        candidates = np.zeros(self._vocab_size, dtype=_CANDIDATE)
        candidates["id"] = np.arange(self._vocab_size)
        candidates["logit"] = logits
        allowed = self._allowed(sampler, candidates)
        best = int(allowed.argmax())
        if np.isneginf(allowed[best]):
            raise RequestError("the grammar allows no token here")
        self._c.llama_sampler_accept(sampler, best)
        return best

    def _allowed(self, sampler: Any, candidates: Any) -> Any:
        array = self._c.llama_token_data_array(
            data=candidates.ctypes.data_as(self._c.llama_token_data_p),
            size=len(candidates),
            selected=-1,
            sorted=False,
        )
        self._c.llama_sampler_apply(sampler, ctypes.byref(array))
        return candidates["logit"]

    def _piece(self, token: int) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = self._c.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            room = -count


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
        model = LoadedModel(load["path"], threads=load["threads"], context_tokens=load["context_tokens"])
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
