"""Big indexes: 100,000 passages opened and searched, a million vectors: `python eval/benchmarks/scale.py`.

Nothing is downloaded: the passages are sentences of `eval/articles` in new orders, the vectors are real embeddings
of those sentences with noise, so that neighbours are as near as real ones are. Everything is seeded.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import chunking
from rag.articles import discover, read
from rag.assistant import make_embedder
from rag.config import Config
from rag.index import ArticleParts, FileState, IndexReader, IndexWriter
from rag.index import vectors as faiss_side
from rag.models import Registry
from rag.protocols import Embedder, Vectors
from rag.retrieval.evidence import reciprocal_rank_fusion
from rag.schema import Article, Filters, Passage, Sentence

EVAL = Path(__file__).parent.parent
TEXTS, BASE, ASKED, QUESTIONS = "texts.json", "base.npy", "asked.npy", "questions.json"
PASSAGES_PER_ARTICLE = 10
SENTENCES_PER_PASSAGE = 6
ARTICLES_PER_FILE = 100
CANDIDATES = 50
"""What `rag search` takes from each of the two searches."""
HELD_OUT = 200
"""Sentences of which no vector is stored: the harder queries, their neighbours are spread wide."""
BLOCK = 50_000
FIRST_DAY = date(2023, 1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--passages", type=int, default=100_000, help="0 leaves this part out")
    parser.add_argument("--vectors", type=int, default=1_000_000, help="0 leaves this part out")
    parser.add_argument("--out", type=Path, default=Path(".bench/scale.json"))
    parser.add_argument("--run", choices=sorted(STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        figures = STEPS[arguments.run](arguments.scratch, arguments.passages, arguments.vectors)
        figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(figures))
        return
    steps = ["embed"]
    steps += ["library", "search"] if arguments.passages else []
    steps += ["perturb", "write", "nearest"] if arguments.vectors else []
    result: dict[str, Any] = {"passages": arguments.passages, "vectors": arguments.vectors}
    with tempfile.TemporaryDirectory() as scratch:
        for step in steps:  # each in a process of its own, so that each has a peak of memory of its own
            print(f"{step} ...", file=sys.stderr, flush=True)
            command = [sys.executable, __file__, "--run", step, "--scratch", scratch]
            command += ["--passages", str(arguments.passages), "--vectors", str(arguments.vectors)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            result[step] = json.loads(done.stdout.splitlines()[-1])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def embed(scratch: Path, _passages: int, _vectors: int) -> dict[str, Any]:
    """The sentences of our own articles and the questions about them, with their vectors."""
    embedder = _embedder()
    texts: dict[str, None] = {}
    for source in discover([EVAL / "articles"]).sources:
        for article in read(source.path, max_bytes=10**9).articles:
            texts |= dict.fromkeys(item.text for item in chunking.sentences(article.id, article.text))
    kept = [text for text in texts if len(text.split()) > 4]
    np.save(scratch / BASE, embedder.encode(kept))
    (scratch / TEXTS).write_text(json.dumps(kept), encoding="utf-8")
    questions = [
        row["question"]
        for name in ("sample", "pile")
        for row in map(json.loads, (EVAL / "questions" / f"{name}.jsonl").open(encoding="utf-8"))
        if row.get("split") != "test"
    ]
    np.save(scratch / ASKED, embedder.encode(questions))
    (scratch / QUESTIONS).write_text(json.dumps(questions), encoding="utf-8")
    return {"texts": len(kept), "questions": len(questions)}


def library(scratch: Path, passages: int, _vectors: int) -> dict[str, Any]:
    """An index of `passages` passages, written by the writer that `rag ingest` uses."""
    texts: list[str] = json.loads((scratch / TEXTS).read_text(encoding="utf-8"))
    base = np.load(scratch / BASE)
    generator = np.random.default_rng(11)
    embedder = _embedder()
    started = time.perf_counter()
    with IndexWriter(
        scratch / "index",
        embedder=embedder.name,
        fingerprint=embedder.fingerprint,
        dimension=base.shape[1],
    ) as writer:
        articles = -(-passages // PASSAGES_PER_ARTICLE)
        for first in range(0, articles, ARTICLES_PER_FILE):
            parts: list[ArticleParts] = []
            for number in range(first, min(first + ARTICLES_PER_FILE, articles)):
                chosen = generator.integers(len(texts), size=(PASSAGES_PER_ARTICLE, SENTENCES_PER_PASSAGE))
                part = _article(number, [[texts[index] for index in row] for row in chosen])
                made = _near(base[chosen].mean(axis=1), generator, 0.2, 0.6)
                writer.add_vectors(dict(zip(part.vector_hashes, made, strict=True)))
                parts.append(part)
            writer.put(FileState(f"/made/{first}.txt", f"{first}", 1, 1), parts)
        written = time.perf_counter()
        manifest = writer.publish()
    done = time.perf_counter()
    return {
        "articles": manifest.articles,
        "passages": manifest.passages,
        "write_seconds": round(written - started, 1),
        "publish_seconds": round(done - written, 1),
        "file_mb": {name: entry.size_bytes >> 20 for name, entry in manifest.files.items()},
    }


def _article(number: int, runs: Sequence[Sequence[str]]) -> ArticleParts:
    """An article that consists of these sentences, with the offsets of an article that was read."""
    name = f"made-{number}"
    sentences: list[Sentence] = []
    passages: list[Passage] = []
    text = ""
    for run in runs:
        start = len(text)
        for sentence in run:
            place = len(text)
            sentences.append(Sentence(name, len(sentences), place, place + len(sentence), sentence))
            text += sentence + " "
        end = len(text) - 1
        passages.append(Passage(f"{name}-{len(passages)}", name, len(passages), start, end, text[start:end]))
    chooser = np.random.default_rng(number)
    article = Article(
        id=name,
        title=" ".join(runs[0][0].split()[:8]),
        text=text.rstrip(),
        source_path=f"/made/{number}.txt",
        source_hash=str(number),
        content_hash=str(number),
        outlet=f"Outlet {chooser.integers(40)}",
        published=FIRST_DAY + timedelta(days=int(chooser.integers(1000))),
        language="en",
    )
    hashes = [number.to_bytes(8, "big") + ordinal.to_bytes(8, "big") for ordinal in range(len(passages))]
    return ArticleParts(article, sentences, passages, hashes)


def search(scratch: Path, _passages: int, _vectors: int) -> dict[str, Any]:
    """Open that index, and fuse the two searches for each question, with and without a filter."""
    import faiss  # noqa: F401 - opening is timed without the import, which is told apart

    asked = np.load(scratch / ASKED)
    questions: list[str] = json.loads((scratch / QUESTIONS).read_text(encoding="utf-8"))
    order = np.random.default_rng(13).permutation(len(questions))
    before = _memory_mb()
    started = time.perf_counter()
    reader = IndexReader(scratch / "index")
    figures: dict[str, Any] = {"open_seconds": round(time.perf_counter() - started, 3)}
    figures["memory_mb_of_opening"] = _memory_mb(before)
    year = Filters(date_from=FIRST_DAY, date_to=FIRST_DAY + timedelta(days=365))
    for name, filters in (
        ("cold", Filters()),  # every question for the first time
        ("again", Filters()),
        ("one_year", year),
        ("one_outlet", Filters(outlet="Outlet 7")),
    ):
        spent: dict[str, list[float]] = {"filter": [], "dense": [], "keyword": [], "fetch": [], "hybrid": []}
        processor: list[float] = []
        for index in order:
            times, used = [time.perf_counter()], time.process_time()
            allowed, _ = reader.allowed(filters)
            times.append(time.perf_counter())
            dense = reader.dense(asked[index], CANDIDATES, allowed)
            times.append(time.perf_counter())
            keyword = reader.keyword(questions[index], CANDIDATES, allowed)
            times.append(time.perf_counter())
            fused = reciprocal_rank_fusion([[item.key for item in dense], [item.key for item in keyword]])
            reader.passages(list(fused))
            times.append(time.perf_counter())
            processor.append(time.process_time() - used)
            steps = [after - before for before, after in pairwise(times)]
            for step, seconds in zip(spent, [*steps, times[-1] - times[0]], strict=True):
                spent[step].append(seconds)
        figures[name] = {step: _milliseconds(seconds) for step, seconds in spent.items()}
        figures[name]["processor"] = _milliseconds(processor)
        later = len(order) // 2  # by then the frequent words have been looked up
        figures[name]["hybrid_second_half"] = _milliseconds(spent["hybrid"][later:])
        figures[name]["processor_second_half"] = _milliseconds(processor[later:])
    figures["memory_mb"] = _memory_mb(before)
    reader.close()
    return figures


def perturb(scratch: Path, _passages: int, vectors: int) -> dict[str, Any]:
    """`vectors` vectors near real ones, queries, and the queries' true neighbours."""
    base = np.random.default_rng(17).permutation(np.load(scratch / BASE))
    held, base = base[:HELD_OUT], base[HELD_OUT:]
    made = np.lib.format.open_memmap(
        scratch / "made.npy", mode="w+", dtype=faiss_side.STORED, shape=(vectors, base.shape[1])
    )
    generator = np.random.default_rng(19)
    for start in range(0, vectors, BLOCK):
        size = min(BLOCK, vectors - start)
        made[start : start + size] = _near(
            base[generator.integers(len(base), size=size)], generator, 0.4, 1.0
        )
    near = _near(base[generator.integers(len(base), size=HELD_OUT)], generator, 0.6, 1.0)
    cosines: dict[str, list[float]] = {}
    for name, queries in (("held_out", held), ("near", near), ("questions", np.load(scratch / ASKED))):
        scores, keys = _exactly(queries, made, 10)
        np.savez(scratch / f"{name}.npz", queries=queries, keys=keys)
        cosines[name] = [round(float(value), 3) for value in np.percentile(scores[:, -1], [5, 50, 95])]
    return {"cosine_of_the_tenth_5_50_95": cosines}


def _exactly(queries: Vectors, made: NDArray[Any], count: int) -> tuple[Vectors, NDArray[np.int64]]:
    """Scores and rows of the `count` nearest, computed without FAISS."""
    scores = np.full((len(queries), count), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), count), dtype=np.int64)
    for start in range(0, len(made), BLOCK):
        found = queries @ np.asarray(made[start : start + BLOCK], dtype=np.float32).T
        numbers = np.broadcast_to(np.arange(start, start + found.shape[1]), found.shape)
        found, numbers = np.hstack([scores, found]), np.hstack([rows, numbers])
        best = np.argsort(-found, axis=1, kind="stable")[:, :count]
        scores, rows = np.take_along_axis(found, best, 1), np.take_along_axis(numbers, best, 1)
    return scores, rows


def write(scratch: Path, _passages: int, _vectors: int) -> dict[str, Any]:
    """Build the file as publishing does: the half-precision vectors in memory, then FAISS."""
    made = np.load(scratch / "made.npy")
    started = time.perf_counter()
    path = scratch / faiss_side.VECTORS_FILE
    faiss_side.write(path, np.arange(len(made), dtype=np.int64), made)
    return {
        "kind": faiss_side.kind_of(len(made)).value,
        "build_seconds": round(time.perf_counter() - started, 1),
        "file_mb": path.stat().st_size >> 20,
        "vectors_mb": made.nbytes >> 20,
    }


def nearest(scratch: Path, _passages: int, _vectors: int) -> dict[str, Any]:
    """Open that file, and compare what it finds with the true neighbours."""
    import faiss  # noqa: F401 - as in `search`

    before = _memory_mb()
    started = time.perf_counter()
    opened = faiss_side.VectorSearch(scratch / faiss_side.VECTORS_FILE)
    figures: dict[str, Any] = {"open_seconds": round(time.perf_counter() - started, 3)}
    figures["memory_mb_of_opening"] = _memory_mb(before)
    generator = np.random.default_rng(23)
    few = np.sort(generator.choice(opened.keys, size=len(opened.keys) // 100, replace=False))
    half = np.sort(generator.choice(opened.keys, size=len(opened.keys) // 2, replace=False))
    made = np.load(scratch / "made.npy", mmap_mode="r")
    for name in ("held_out", "near", "questions"):
        truth = np.load(scratch / f"{name}.npz")
        figures[name] = _measured(opened, truth["queries"], truth["keys"], None)
    figures["memory_mb"] = _memory_mb(before)
    queries = np.load(scratch / "held_out.npz")["queries"]
    topic = _one_side(made)
    for name, allowed in (("one_in_hundred", few), ("half", half), ("half_by_topic", topic)):
        _, rows = _exactly(queries, made[allowed], 10)
        figures[name] = _measured(opened, queries, allowed[rows], allowed)
    return figures


def _one_side(made: NDArray[Any]) -> NDArray[np.int64]:
    """Rows of the half that lies on one side of the vectors' first principal axis: a filter on an outlet or a
    language leaves neighbours together and takes others away together, unlike one drawn at random."""
    sample = np.asarray(made[:: max(1, len(made) // 20_000)], dtype=np.float32)
    axis = np.linalg.eigh(np.cov(sample.T))[1][:, -1].astype(np.float32)
    sides = [
        np.asarray(made[start : start + BLOCK], dtype=np.float32) @ axis
        for start in range(0, len(made), BLOCK)
    ]
    along = np.concatenate(sides)
    return np.flatnonzero(along > np.median(along)).astype(np.int64)


def _measured(
    opened: faiss_side.VectorSearch,
    queries: Vectors,
    true: NDArray[np.int64],
    allowed: NDArray[np.int64] | None,
) -> dict[str, Any]:
    spent: list[float] = []
    hits = 0
    for query, keys in zip(queries, true, strict=True):
        started = time.perf_counter()
        found = opened.search(query, CANDIDATES, allowed)
        spent.append(time.perf_counter() - started)
        hits += len({key for key, _ in found[: len(keys)]} & set(keys.tolist()))
    return {"recall_at_10": round(hits / true.size, 4), **_milliseconds(spent)}


def _near(rows: Vectors, generator: np.random.Generator, least: float, most: float) -> Vectors:
    """Unit vectors near `rows`: noise of a length between `least` and `most` of theirs is added."""
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    noise = generator.standard_normal(rows.shape, dtype=np.float32)
    noise *= generator.uniform(least, most, (len(rows), 1)) / np.linalg.norm(noise, axis=1, keepdims=True)
    rows = rows + noise
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _embedder() -> Embedder:
    config = Config()
    return make_embedder(Registry.load(config).current("embedder", config.embedder), config)


def _milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 2),
        "p95_ms": round(1000 * ordered[int(0.95 * len(ordered))], 2),
    }


def _memory_mb(before: dict[str, int] | None = None) -> dict[str, int]:
    """What this process holds itself (`own`) and of mapped files (`mapped`, which the system can take back)."""
    names = {"RssAnon": "own", "RssFile": "mapped"}
    lines = (line.split() for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    found = {names[key]: int(line[1]) >> 10 for line in lines if (key := line[0].rstrip(":")) in names}
    return found if before is None else {name: found[name] - before[name] for name in found}


STEPS = {step.__name__: step for step in (embed, library, search, perturb, write, nearest)}

if __name__ == "__main__":
    main()
