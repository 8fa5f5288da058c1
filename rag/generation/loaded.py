"""A GGUF model with one context, driven through llama.cpp's C functions: prompts, answers, choices."""

from __future__ import annotations

import codecs
import ctypes
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

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

    def __init__(self, path: str, *, threads: int, context_tokens: int, adapter: str | None = None) -> None:
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
        if adapter is not None:
            self._adapt(model, adapter)
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

    def _adapt(self, model: Any, path: str) -> None:
        """Add trained low-rank weights to every projection they are for."""
        adapter = self._c.llama_adapter_lora_init(model, os.fsencode(path))
        if not adapter:
            raise RequestError("llama.cpp cannot load the adapter")
        adapters, scales = (self._c.llama_adapter_lora_p_ctypes * 1)(adapter), (ctypes.c_float * 1)(1.0)
        if self._c.llama_set_adapters_lora(self._context, adapters, 1, scales) != 0:
            raise RequestError("llama.cpp cannot use the adapter")

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

    def choose(
        self, messages: Sequence[Mapping[str, str]], *, count: int, none: str, stop: Stop
    ) -> tuple[list[float], float] | None:
        """Probabilities of each marker `[1]` to `[count]` as the answer's beginning, and of `none`.

        None if stopped, or where the tokenizer does not give each marker a token of its own.
        """
        import numpy as np

        markers = [self._content_tokens(f"[{number}] A") for number in range(1, count + 1)]
        refusal = self._content_tokens(none)[0]
        opens = _common(markers)
        numbers = [marker[len(opens)] for marker in markers]
        if len({*numbers, refusal}) <= count or refusal in opens:
            return None
        # Numbers read in another company come out a little otherwise: anew, so that a question is always judged alike.
        self._c.llama_memory_clear(self._memory, True)
        self._cached.clear()
        if not self._read_prompt(self._fitting(messages), stop):
            return None
        refused = 0.0
        for place, token in enumerate(opens):
            if place == 0:
                refused = float(_softmax(self._logits()[[refusal, token]])[0])
            if stop() or not self._decode([token]):
                return None
        logits = self._logits()
        if not opens:
            *shares, refused = _softmax(logits[[*numbers, refusal]]).tolist()
            return shares, refused
        shares = (1 - refused) * _softmax(logits[numbers])
        return np.asarray(shares).tolist(), refused

    def _fitting(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        prompt = self.prompt_tokens(messages)
        if len(prompt) >= self.context_tokens:
            raise RequestError(
                "prompt too long", prompt_tokens=len(prompt), context_tokens=self.context_tokens
            )
        return prompt

    def generate(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int,
        grammar: str | None,
        stop: Stop,
    ) -> Iterator[str]:
        """Pieces of the answer, the likeliest token each time."""
        prompt = self._fitting(messages)
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

    def _logits(self) -> Any:
        import numpy as np

        pointer = self._c.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(pointer, shape=(self._vocab_size,))

    def _likeliest(self, sampler: Any) -> int:
        import numpy as np

        logits = self._logits()
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


def _common(texts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The tokens that all of `texts` begin with."""
    length = 0
    for tokens in zip(*texts, strict=False):
        if len(set(tokens)) > 1:
            break
        length += 1
    return texts[0][:length]


def _softmax(logits: Any) -> Any:
    import numpy as np

    raised = np.exp(logits.astype(np.float64) - float(logits.max()))
    return raised / raised.sum()
