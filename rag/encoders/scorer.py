"""The scorer: a cross-encoder of our own that scores all sentences of a passage in one pass.

`training/train_scorer.py` makes it; the weights lie in `rag/weights/scorer`. Two heads share the encoder:
relevance (does this sentence answer the question) and support (does this text bear the claim out).
`pack`, `pool` and `run_rows` are the whole recipe, in training as here.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelDamaged
from rag.protocols import ScoredText

MAX_TOKENS = 320
"""Of a whole row; a passage that needs more is split between sentences into several rows."""
MAX_ASKED_TOKENS = 80
MAX_HEADER_TOKENS = 40
_CLS, _SEP = 101, 102
"""Ids of the special tokens in the uncased BERT vocabulary, which MiniLM shares."""
_BATCH_ROWS = 2
"""Fastest of 1 to 3 measured with two single-threaded runs at once."""
_CACHED = 4_096
_LOWEST = -30.0

Scores = NDArray[np.float32]
Tokenize = Callable[[Sequence[str]], list[list[int]]]
"""Texts -> token ids without special ones, each text by itself."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row for the model. `spans[i]` are the token positions [start, end) of sentence `first + i`."""

    passage: int
    first: int
    ids: list[int]
    second: int
    spans: list[tuple[int, int]]

    @property
    def types(self) -> list[int]:
        """Token types: 0 up to and with the first [SEP], then 1."""
        return [0] * self.second + [1] * (len(self.ids) - self.second)


def make_tokenize(tokenizer: Any) -> Tokenize:
    """`tokenizer` (a `tokenizers.Tokenizer` without truncation and padding) as a function."""

    def tokenize(texts: Sequence[str]) -> list[list[int]]:
        return [item.ids for item in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    return tokenize


def open_tokenizer(path: Path) -> Any:
    """The tokenizer without truncation and padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def open_session(path: Path) -> Any:
    """The exported model; one single-threaded run for each core beats one run over all cores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def pack(tokenize: Tokenize, asked: str, passages: Sequence[ScoredText]) -> list[Row]:
    """`[CLS] asked [SEP] header sentence sentence ... [SEP]`, a row or more for each passage.

    WordPiece never crosses white space, so texts are tokenised one by one and their ids strung together:
    the spans of the sentences fall out of the lengths. Of a question that is too long the end is kept.
    """
    parts = [asked]
    for passage in passages:
        parts += [passage.header, *passage.sentences]
    tokens = tokenize(parts)
    front = [_CLS, *tokens[0][-MAX_ASKED_TOKENS:], _SEP]
    rows: list[Row] = []
    position = 1
    for number, passage in enumerate(passages):
        header = tokens[position][:MAX_HEADER_TOKENS]
        sentences = tokens[position + 1 : position + 1 + len(passage.sentences)]
        position += 1 + len(sentences)
        start = [*front, *header]
        ids, first = list(start), 0
        spans: list[tuple[int, int]] = []
        for index, sentence in enumerate(sentences):
            if spans and len(ids) + len(sentence) + 1 > MAX_TOKENS:
                rows.append(Row(number, first, [*ids, _SEP], len(front), spans))
                ids, spans, first = list(start), [], index
            kept = sentence[: MAX_TOKENS - len(ids) - 1]
            spans.append((len(ids), len(ids) + len(kept)))
            ids += kept
        if spans:
            rows.append(Row(number, first, [*ids, _SEP], len(front), spans))
    return rows


def pool(tokens: Scores, row: Scores, spans: Sequence[tuple[int, int]]) -> Scores:
    """Logits of the sentences of one row, shape (len(spans),).

    `tokens` (tokens, 2) holds for each token how much it weighs and what it says; `row` (2,) the passage
    logit and the support logit. A sentence's logit is the softmax-weighted mean of its tokens plus the
    passage's logit. A sentence without tokens gets the lowest possible one.
    """
    found = np.full(len(spans), _LOWEST, dtype=np.float32)
    for index, (start, end) in enumerate(spans):
        if end > start:
            weights = np.exp(tokens[start:end, 0] - tokens[start:end, 0].max())
            found[index] = float(weights @ tokens[start:end, 1] / weights.sum()) + float(row[0])
    return found


def run_rows(session: Any, rows: Sequence[Row], workers: Executor) -> list[tuple[Scores, Scores]]:
    """The model's raw output for each row: (tokens, 2) and (2,). Rows of like length run together."""
    order = sorted(range(len(rows)), key=lambda index: len(rows[index].ids), reverse=True)
    batches = [order[start : start + _BATCH_ROWS] for start in range(0, len(order), _BATCH_ROWS)]
    found: dict[int, tuple[Scores, Scores]] = {}

    def run(indices: list[int]) -> None:
        width = max(len(rows[index].ids) for index in indices)
        ids = np.zeros((len(indices), width), dtype=np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        for place, index in enumerate(indices):
            size = len(rows[index].ids)
            ids[place, :size], types[place, :size], mask[place, :size] = rows[index].ids, rows[index].types, 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        tokens, whole = session.run(None, feed)
        for place, index in enumerate(indices):
            found[index] = (tokens[place], whole[place])

    list(workers.map(run, batches))
    return [found[index] for index in range(len(rows))]


class PassageScorer:
    """The scorer in a folder (`scorer.onnx`, `tokenizer.json`, `scorer.json`). Thread-safe.

    `languages` in `scorer.json` names those it was trained in; without it English.
    """

    languages: frozenset[str] | None

    def __init__(self, folder: Path, *, name: str, threads: int) -> None:
        """Raises `ModelDamaged` when the files do not load."""
        self.name = name
        try:
            settings = json.loads((folder / "scorer.json").read_text(encoding="utf-8"))
            self.languages = frozenset(settings.get("languages", ("en",)))
            self._relevance = Calibration(**_only(settings["relevance"]))
            self._support = Calibration(**_only(settings["support"]))
            self._tokenize = make_tokenize(open_tokenizer(folder / "tokenizer.json"))
            self._session = open_session(folder / "scorer.onnx")
        except Exception as error:
            raise ModelDamaged(f"{folder}: the scorer does not load ({error}); reinstall it") from error
        self._workers = ThreadPoolExecutor(max(1, threads), thread_name_prefix="score")
        self._known: OrderedDict[tuple[str, ScoredText], list[float]] = OrderedDict()
        self._lock = Lock()

    def relevance(self, question: str, passages: Sequence[ScoredText]) -> list[list[float]]:
        """For each sentence of each passage the probability that it answers `question`."""
        with self._lock:
            known = {text: found for text in passages if (found := self._known.get((question, text)))}
        new = [text for text in dict.fromkeys(passages) if text not in known]
        rows = pack(self._tokenize, question, new)
        scored: list[list[float]] = [[] for _ in new]
        for row, (tokens, whole) in zip(rows, run_rows(self._session, rows, self._workers), strict=True):
            scored[row.passage] += self._relevance.of(pool(tokens, whole, row.spans))
        known.update(zip(new, scored, strict=True))
        with self._lock:
            self._known.update(((question, text), values) for text, values in known.items())
            while len(self._known) > _CACHED:
                self._known.popitem(last=False)
        return [known[text] for text in passages]

    def support(self, claims: Sequence[tuple[str, ScoredText]]) -> list[float]:
        """For each claim the probability that its evidence bears it out; of long evidence the best part."""
        rows: list[Row] = []
        for number, (claim, evidence) in enumerate(claims):
            rows += [replace(row, passage=number) for row in pack(self._tokenize, claim, [evidence])]
        logits = np.full(len(claims), _LOWEST, dtype=np.float32)
        for row, (_, whole) in zip(rows, run_rows(self._session, rows, self._workers), strict=True):
            logits[row.passage] = max(logits[row.passage], float(whole[1]))
        return self._support.of(logits)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits to probabilities: `1 / (1 + exp(-(scale * logit + shift)))` (Platt 1999)."""

    scale: float
    shift: float

    def of(self, logits: Scores) -> list[float]:
        """The probability of each logit."""
        values = self.scale * logits.astype(np.float64) + self.shift
        return [float(value) for value in 1.0 / (1.0 + np.exp(-values))]


def _only(settings: dict[str, Any]) -> dict[str, float]:
    return {"scale": float(settings["scale"]), "shift": float(settings["shift"])}
