"""Ingest speed beside LangChain on the same text with the same model: `python eval/benchmarks/ingest.py`."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rag.articles import discover, read
from rag.assistant import Assistant, make_embedder
from rag.config import Config
from rag.index import IndexReader
from rag.ingest import embedded_text
from rag.models import Registry

SAMPLE = Path(__file__).parent.parent / "articles" / "sample"
MAX_BYTES = 10**9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--articles", type=Path, default=SAMPLE, help="folder of articles (default: the sample)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(".bench/ingest.json"))
    parser.add_argument("--run", choices=["footnote", "langchain"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run = footnote if arguments.run == "footnote" else langchain
        with tempfile.TemporaryDirectory() as scratch:
            figures = run(arguments.articles, Path(scratch))
        figures.setdefault("peak_memory_mb", peak_memory_mb())
        print(json.dumps(figures))
        return
    compare(arguments.articles, arguments.rounds, arguments.out)


def compare(articles: Path, rounds: int, out: Path) -> None:
    """Run both in turn, print the medians and write them to `out`."""
    texts = load(articles)
    runs: dict[str, list[dict[str, Any]]] = {"footnote": [], "langchain": []}
    for number in range(rounds):
        for name, found in runs.items():
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            started = time.perf_counter()
            command = [sys.executable, __file__, "--run", name, "--articles", str(articles)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            figures = json.loads(done.stdout.splitlines()[-1])
            found.append(figures | {"process_seconds": round(time.perf_counter() - started, 2)})
    pairs = zip(runs["footnote"], runs["langchain"], strict=True)
    ratio = statistics.median(
        ours["characters_per_second"] / theirs["characters_per_second"] for ours, theirs in pairs
    )
    medians = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    result = {
        "ratio": round(ratio, 2),
        "memory_ratio": round(
            medians["footnote"]["peak_memory_mb"] / medians["langchain"]["peak_memory_mb"], 2
        ),
        "encoder_ratio": medians["footnote"]["encoder_ratio"],
        "articles": len(texts),
        "characters": sum(map(len, texts)),
        "rounds": rounds,
        **medians,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    print(
        f"ingest: {ratio:.2f} times LangChain's speed with {result['memory_ratio']:.2f} of its memory, "
        f"{result['encoder_ratio']:.2f} of the bare encoder's speed; {out}"
    )


def load(articles: Path) -> list[str]:
    """The texts of all articles, as Footnote reads them."""
    sources = discover([articles]).sources
    return [article.text for source in sources for article in read(source.path, max_bytes=MAX_BYTES).articles]


def footnote(articles: Path, scratch: Path) -> dict[str, Any]:
    """Read, split, embed, index and publish with Footnote; then embed the same passages and do nothing else."""
    config = Config(index_dir=scratch / "index")
    with Assistant.open(config) as assistant:
        warm = scratch / "warm.txt"
        warm.write_text("A text that loads the model.", encoding="utf-8")
        assistant.ingest([warm])
        started = time.perf_counter()
        report = assistant.ingest([articles])
        seconds = time.perf_counter() - started
        peak = peak_memory_mb()
    embedder = make_embedder(Registry.load(config).current("embedder", config.embedder), config)
    warmed = embedder.encode(["A text that loads the model.", "Another."])
    with closing(IndexReader(config.index_dir)) as reader:
        keys = [found.key for found in reader.dense(warmed[0], reader.manifest.passages, None)]
        texts = {embedded_text(article, passage.text) for passage, article in reader.passages(keys)}
    started = time.perf_counter()
    embedder.encode(sorted(texts))
    alone = time.perf_counter() - started
    return figures_of(load(articles), seconds, report.passages - 1) | {
        "encoder_seconds": round(alone, 3),
        "encoder_ratio": round(alone / seconds, 3),
        "peak_memory_mb": peak,
    }


def langchain(articles: Path, scratch: Path) -> dict[str, Any]:
    """The same with LangChain's splitter, embeddings and FAISS store."""
    from langchain_community.vectorstores import FAISS
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    model = Registry.load(Config()).get("minilm", "embedder").path
    embeddings = HuggingFaceEmbeddings(model_name=str(model), encode_kwargs={"normalize_embeddings": True})
    embeddings.embed_documents(["A text that loads the model."])
    started = time.perf_counter()
    texts = load(articles)  # the same reader for both: only what comes after it differs
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = splitter.split_documents([Document(page_content=text) for text in texts])
    FAISS.from_documents(chunks, embeddings).save_local(str(scratch / "faiss"))
    return figures_of(texts, time.perf_counter() - started, len(chunks))


def peak_memory_mb() -> int:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def figures_of(texts: list[str], seconds: float, passages: int) -> dict[str, Any]:
    """What one run prints."""
    characters = sum(map(len, texts))
    return {
        "characters_per_second": round(characters / seconds),
        "seconds": round(seconds, 3),
        "passages": passages,
    }


if __name__ == "__main__":
    main()
