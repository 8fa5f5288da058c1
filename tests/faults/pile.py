"""Piles of articles in two states, and what an index of them holds, for comparing one index with another."""

from __future__ import annotations

import hashlib
import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from rag.index import IndexReader, generations, tables
from rag.index.tables import LIBRARY_FILE
from rag.ingest import embedded_text
from tests.fake_models import WordEmbedder

_WORDS = (
    "harbour ferry council budget bridge storm minister museum coins engine grain railway vote island report "
    "doctor winter market tunnel river teacher orchard signal copper letter garden festival court police dam"
).split()
Snapshot = dict[str, Any]


def text(name: str, *, sentences: int = 6) -> str:
    """Sentences that are the same whenever the name is."""
    generator = random.Random(name)
    return " ".join(
        " ".join([f"The {name}", *generator.choices(_WORDS, k=8)]) + "." for _ in range(sentences)
    )


def first(folder: Path) -> None:
    """The pile before the change."""
    folder.mkdir(parents=True)
    for number, name in enumerate(("changed", "deleted", "renamed", "touched", "kept")):
        _article(folder / f"{name}.txt", name, text(name), number)
    _rows(folder / "d1.jsonl", ("moved", "stays"))
    _rows(folder / "d2.jsonl", ("other",))


def second(folder: Path) -> None:
    """The same pile after all that can happen to files has happened."""
    _article(folder / "changed.txt", "changed", text("changed again"), 0)
    (folder / "deleted.txt").unlink()
    (folder / "renamed.txt").rename(folder / "zz-renamed.txt")
    (folder / "touched.txt").touch()
    for number, name in enumerate(("new-one", "new-two", "new-three"), start=10):
        _article(folder / f"{name}.txt", name, text(name), number)
    near = text("new-one", sentences=14)
    _article(folder / "near-one.txt", "near", near, 21)
    _article(folder / "near-two.txt", "near", near + " Reporting by the agency.", 22)
    _rows(folder / "d1.jsonl", ("stays",))
    _rows(folder / "d2.jsonl", ("other", "moved"))


def edition(folder: Path, number: int, files: int = 6) -> None:
    """A pile of which every article names its edition: no answer may mix two."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in range(files):
        words = text(f"edition {item} {number % 7}", sentences=3)
        _article(folder / f"{item}.txt", f"Edition{number}", f"This is edition{number}. {words}", item)


def _article(path: Path, title: str, body: str, day: int) -> None:
    head = f"About the {title}\nHarbour Post\n{day % 27 + 1} March 2024\n\n"
    path.write_text(head + body, encoding="utf-8")


def _rows(path: Path, names: tuple[str, ...]) -> None:
    rows = [{"id": name, "title": f"Row {name}", "text": text(f"row {name}")} for name in names]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def snapshot(reader: IndexReader, directory: Path) -> Snapshot:
    """All that a generation holds, without the keys that depend on the order of events."""
    place = generations.folder(directory, reader.manifest.generation)
    held: dict[str, Any] = {}
    with closing(tables.connect(place / LIBRARY_FILE, read_only=True)) as connection:
        files = {row["path"]: row["source_hash"] for row in connection.execute("SELECT * FROM files")}
        found: dict[str, set[str]] = {path: set() for path in files}
        for path, name in connection.execute(
            "SELECT p.path, a.id FROM provenances p JOIN articles a ON a.key = p.article_key"
        ):
            found[path].add(name)
        rows = {row["id"]: row["key"] for row in connection.execute("SELECT id, key FROM articles")}
        for item in reader.articles():
            key = rows[item.article.id]
            passages = connection.execute(
                """SELECT p.key, ordinal, start, end, vector FROM passages p JOIN vectors v ON v.hash = vector_hash
                WHERE article_key = ? ORDER BY ordinal""",
                (key,),
            ).fetchall()
            for row in passages:
                vector = np.frombuffer(row["vector"], dtype=np.float16).astype(np.float32)
                (hit,) = reader.dense(vector, 1, np.array([row["key"]]))
                assert hit.score > 0.999 * float(vector @ vector), "FAISS serves another vector"
            (body,) = connection.execute("SELECT text FROM articles WHERE key = ?", (key,)).fetchone()
            sentences = connection.execute(
                "SELECT ordinal, start, end, speaker FROM sentences WHERE article_key = ? ORDER BY ordinal",
                (key,),
            )
            held[item.article.id] = {
                "article": item.article,
                "text": body,
                "passages": [tuple(row)[1:4] for row in passages],
                "vectors": b"".join(row["vector"] for row in passages),
                "sentences": [tuple(row) for row in sentences],
            }
    assert set(held) == set(rows), "an article that no file holds is served"
    return {"files": files, "found": found, "articles": held}


def mismatches(reader: IndexReader, held: Snapshot) -> list[str]:
    """Where the three sides of a generation (texts, vectors, words) do not speak of the same passages."""
    embedder = WordEmbedder()
    problems: list[str] = []
    for name, item in held["articles"].items():
        article, body = item["article"], item["text"]
        if hashlib.sha256(body.encode()).hexdigest() != article.content_hash:
            problems.append(f"{article.title}: the text is not the one that was read")
        if not item["passages"]:
            problems.append(f"{article.title}: without passages")
            continue
        texts = [body[start:end] for _, start, end in item["passages"]]
        wanted = embedder.encode([embedded_text(article, passage) for passage in texts]).astype(np.float16)
        if wanted.tobytes() != item["vectors"]:
            problems.append(f"{article.title}: its vectors are of other passages")
        hits = reader.passages([hit.key for hit in reader.keyword(f"{article.title} {texts[0]}", 500, None)])
        if not any(passage.article_id == name and passage.text == texts[0] for passage, _ in hits):
            problems.append(f"{article.title}: not found by its own words")
    return problems


def strays(held: Snapshot, known: list[Snapshot]) -> list[str]:
    """Files of a generation that are neither as they were before nor as they are after."""
    problems: list[str] = []
    for path, names in held["found"].items():
        if not any(names == other["found"].get(path) for other in known):
            problems.append(f"{Path(path).name}: half of it is served")
    for name, item in held["articles"].items():
        if not any(_same(item, other["articles"].get(name)) for other in known):
            problems.append(f"{item['article'].title}: differs from what was ingested")
    return problems


def differences(held: Snapshot, wanted: Snapshot) -> list[str]:
    """What tells a finished index from the one of a run that was never killed."""
    problems = [f"{name} differ" for name in ("files", "found") if held[name] != wanted[name]]
    if set(held["articles"]) != set(wanted["articles"]):
        problems.append("other articles")
    problems += [
        f"{item['article'].title} differs"
        for name, item in wanted["articles"].items()
        if held["articles"].get(name) != item
    ]
    return problems


def _same(one: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Apart from where it lies and whose copy it is: other files decide that."""
    names = ("text", "passages", "vectors", "sentences")
    return other is not None and all(one[name] == other[name] for name in names)
