"""Trains the reader of digests: which lines of a pasted text are which part of which article (`rag/articles/parts.py`).

    pip install python-crfsuite
    python training/train_digests.py training/authored/digests.jsonl.gz rag/weights/digests
    python training/train_digests.py training/authored/digests.jsonl.gz --only-measure   # on writers left out

Each line of the data is a file: its text, and of each article the spans (offsets of characters) of the whole, of its
body and of what names it. Files of one writer share the first part of their names. The rules were made with those that
they are said to know, which therefore tell nothing of how far rules can be trusted. Blind files are only measured.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from rag.articles import mentions, sights
from rag.articles.chain import Chain
from rag.articles.dates import settled
from rag.articles.digest import boundaries_of
from rag.articles.issue import issue_of
from rag.articles.kinds import Line
from rag.articles.lines import read_lines
from rag.articles.looks import carried, echoes, looks_of
from rag.articles.metadata import Head
from rag.articles.parts import BEGINS, guesses_of, tags_by
from rag.articles.sections import ruled_heads, spans_of

Record = dict[str, Any]
Sequences = Iterable[tuple[list[list[str]], list[str]]]
_LONG = 4
"""One in so many files is read in a long copy as well."""
_FIELDS = ("title", "outlet", "author", "published")


def records(path: Path) -> list[Record]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def writer(name: str) -> str:
    return name.partition("/")[0]


def line_tags(lines: Sequence[Line], articles: Sequence[Record]) -> list[str]:
    """The part of each line, from the spans of the gold."""
    starts, ends = [line.start for line in lines], [line.end for line in lines]
    tags = ["X"] * len(lines)
    for article in articles:
        first, last = bisect_right(ends, article["span"][0]), bisect_left(starts, article["span"][1])
        body = bisect_right(ends, article["body"][0]), bisect_left(starts, article["body"][1])
        title = bisect_right(ends, article["title"][0]) if article["title"] else None
        source = {
            bisect_right(ends, span[0]) for name in ("outlet", "author", "date") if (span := article[name])
        }
        for place in range(first, last):
            above = place < body[0] or (place == body[0] and place in source)
            if place == title:
                tag = "T"
            elif place in source:
                tag = "M" if above or place < min(body[1], first + 6) else "E"
            else:
                tag = "H" if place < body[0] else "B"
            tags[place] = (BEGINS if place == first else "") + tag
    return tags


def fit(data: Sequences, *, c1: float = 0.3, c2: float = 0.05, steps: int = 120) -> Chain:
    """A chain fitted by L-BFGS with both penalties (`python-crfsuite`)."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(
        {
            "c1": c1,
            "c2": c2,
            "max_iterations": steps,
            "feature.minfreq": 2,
            "feature.possible_transitions": True,
        }
    )
    for seen, tags in data:
        trainer.append(seen, tags)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        told = tagger.info()
        labels = tuple(tagger.labels())
        tagger.close()
    at = {label: place for place, label in enumerate(labels)}
    rows = {name: row for row, name in enumerate(sorted({name for name, _ in told.state_features}))}
    weights = np.zeros((len(rows), len(labels)), np.float32)
    for (name, label), weight in told.state_features.items():
        weights[rows[name], at[label]] = weight
    following = np.full((len(labels), len(labels)), 0.0, np.float32)
    for (before, after), weight in told.transitions.items():
        following[at[before], at[after]] = weight
    return Chain(labels, rows, weights, following)


def store(chain: Chain, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / f"{name}.npz",
        weights=chain.weights.astype(np.float16),
        following=chain.following.astype(np.float16),
    )
    (folder / f"{name}.json").write_text(
        json.dumps({"labels": chain.labels, "seen": list(chain.rows)}, ensure_ascii=False), encoding="utf-8"
    )


class File:
    """A record as the models see it."""

    def __init__(self, record: Record, *, long: bool = False) -> None:
        self.name, self.text, self.articles = record["name"], record["text"], record["articles"]
        self.long = long
        self.lines = read_lines(settled(self.text))
        self.tags = line_tags(self.lines, self.articles)
        self.starts = [article["span"][0] for article in self.articles]
        self.ruled = boundaries_of(self.lines)
        self.rules_know = record["rules_know"]
        self.advice = None if self.rules_know else self.ruled
        self.seen = looks_of(self.lines, self.advice)

    def place(self, first: Chain, second: Chain) -> list[str]:
        """The tags that two readers give; those who made the rules had seen some of the files."""
        return tags_by(self.lines, first, second, self.advice)


class Words:
    """The words of a file, read with tags that come from readers who have not seen it."""

    def __init__(self, file: File, tags: list[str]) -> None:
        self.file, self.tags = file, tags
        self.spans = spans_of(file.lines, tags)
        self.heads = ruled_heads(file.text, file.lines, self.spans, file.ruled)
        held = {
            index: head for span, head in zip(self.spans, self.heads, strict=True) for index in range(*span)
        }
        self.ruled = None if file.rules_know else held
        self.words = sights.words_of(file.lines, tags)
        self.sights = sights.sights_of(file.lines, tags, self.words, self.ruled)
        self.labels = word_tags(file.lines, self.words, file.articles)

    def compared(self, reader: Chain) -> list[list[str]]:
        guesses = sights.guesses_of(reader, reader.shares(reader.scores(self.sights)))
        return sights.compared(self.file.lines, self.tags, self.words, self.sights, guesses)

    def read(self, first: Chain, second: Chain) -> list[Head]:
        labels = mentions.labels_of(self.file.lines, self.tags, self.words, self.ruled, first, second)
        top = settled(self.file.text)[: self.file.lines[self.spans[0][0]].start]
        resolve = issue_of(top).resolve
        return mentions.heads_of(
            self.file.text, self.file.lines, self.tags, self.words, labels, self.heads, resolve
        )


def train_lines(files: Sequence[File], parts: int = 3) -> tuple[Chain, Chain]:
    """Both readings; the second learns from what the first says of files that it was not trained on."""
    first = fit((carried(file.seen), file.tags) for file in files)
    again: list[tuple[list[list[str]], list[str]]] = []
    for part in range(parts):
        reader = fit(
            (carried(file.seen), file.tags) for place, file in enumerate(files) if place % parts != part
        )
        for place, file in enumerate(files):
            if place % parts == part:
                guesses = guesses_of(reader, reader.shares(reader.scores(carried(file.seen))))
                again.append((carried(echoes(file.lines, file.seen, guesses)), file.tags))
    return first, fit(again)


def lengthened(record: Record, seed: int) -> Record:
    """The same digest with articles several times as long, as whole pages are: further paragraphs of their own
    sentences, and lines like sub-headlines between."""
    generator = random.Random(seed)
    text, added = record["text"], []
    for article in record["articles"]:
        body = text[slice(*article["body"])]
        sentences = [item for item in re.split(r"(?<=[.!?؟։])\s+", body) if len(item) > 30]
        if len(sentences) < 2:
            continue
        gap = "\n\n" if "\n\n" in body or "\n" not in body else "\n"
        more = []
        for _ in range(generator.choice((3, 8, 15, 30))):
            if generator.random() < 0.15:
                words = generator.choice(sentences).split()
                begin = generator.randrange(max(1, len(words) - 3))
                line = " ".join(words[begin : begin + generator.randint(2, 6)]).strip(' ,.;:–—"“”«»')
                more.append(line[:1].upper() + line[1:] or "Background")
            more.append(" ".join(generator.choice(sentences) for _ in range(generator.randint(1, 5))))
        added.append((article["body"][1], gap + gap.join(more)))

    def moved(offset: int, *, end: bool) -> int:
        return offset + sum(len(more) for place, more in added if place < offset or (end and place == offset))

    whole, last = "", 0
    for place, more in added:
        whole, last = whole + text[last:place] + more, place
    articles = []
    for article in record["articles"]:
        copy = dict(article)
        for name in ("span", "body", "title", "outlet", "author", "date"):
            if span := article[name]:
                copy[name] = [moved(span[0], end=False), moved(span[1], end=name in ("span", "body"))]
        articles.append(copy)
    return {**record, "text": whole + text[last:], "articles": articles}


def near(text: str, one: int, other: int) -> bool:
    """Whether two beginnings are the same but for a number or a rule."""
    between = text[min(one, other) : max(one, other)]
    return abs(one - other) <= 6 or not between.strip(" \n0123456789.)#-=*")


def word_tags(lines: Sequence[Line], words: Sequence[sights.Word], articles: Sequence[Record]) -> list[str]:
    """The label of each word, from the spans of the gold."""
    found = ["O"] * len(words)
    places = [(lines[word.line].start + word.start, lines[word.line].start + word.end) for word in words]
    for article in articles:
        for name, letter in zip(("title", "outlet", "author", "date"), sights.FIELDS, strict=True):
            if not (span := article[name]):
                continue
            inside = [
                place
                for place, (start, end) in enumerate(places)
                if span[0] <= start and end <= span[1] and found[place] == "O"
            ]
            for rank, place in enumerate(inside):
                found[place] = ("I" if rank else "B") + letter
    return found


def train_words(files: Sequence[Words], parts: int = 3) -> tuple[Chain, Chain]:
    """Both readings of the words; the second learns from what the first says of files it was not trained on."""
    first = fit((file.sights, file.labels) for file in files)
    again: list[tuple[list[list[str]], list[str]]] = []
    for part in range(parts):
        reader = fit(
            ((file.sights, file.labels) for place, file in enumerate(files) if place % parts != part),
        )
        again += [
            (file.compared(reader), file.labels) for place, file in enumerate(files) if place % parts == part
        ]
    return first, fit(again)


def left_out(files: Sequence[File], parts: int) -> list[Words]:
    """The words of each file, with the tags of readers trained on other writers' files only."""
    writers = sorted({writer(file.name) for file in files})
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        told = pool.map(_tags_left_out, [(files, set(writers[part::parts])) for part in range(parts)])
        tags = {name: found for part in told for name, found in part.items()}
    return [Words(file, tags[file.name]) for file in files if not file.long]


def _tags_left_out(asked: tuple[Sequence[File], set[str]]) -> dict[str, list[str]]:
    files, own = asked
    readers = train_lines([file for file in files if writer(file.name) not in own])
    return {file.name: file.place(*readers) for file in files if writer(file.name) in own and not file.long}


class Measured:
    """How many beginnings are right, too many, missed; how many heads are right, and name something wrong."""

    def __init__(self) -> None:
        self.starts = Counter[str]()
        self.fields: dict[str, Counter[str]] = {field: Counter() for field in _FIELDS}
        self.not_whole: list[str] = []

    def add(self, file: Words, heads: Sequence[Head]) -> None:
        lines, text, starts = file.file.lines, file.file.text, file.file.starts
        found = {lines[first].start: head for (first, _), head in zip(file.spans, heads, strict=True)}
        over = sum(not any(near(text, start, place) for start in starts) for place in found)
        missed = 0
        for article in file.file.articles:
            start = article["span"][0]
            head = next((head for place, head in found.items() if near(text, start, place)), None)
            missed += head is None
            for field, counts in self.fields.items():
                gold = said(article, field, text)
                value = getattr(head, field) if head else None
                same = plain(value) == plain(gold)
                counts["all"] += 1
                counts["right"] += head is not None and same
                counts["wrong"] += value is not None and not same
        self.starts.update(right=len(starts) - missed, over=over, missed=missed)
        if over or missed:
            self.not_whole.append(f"{file.file.name} +{over} -{missed}")

    def __str__(self) -> str:
        right, over, missed = (self.starts[name] for name in ("right", "over", "missed"))
        told = [
            f"F1 {2 * right / max(1, 2 * right + over + missed):.3f} ({right} right, {over} over, {missed} missed)"
        ]
        told += [
            f"{field} {seen['right'] / max(1, seen['all']):.3f} (wrong {seen['wrong'] / max(1, seen['all']):.3f})"
            for field, seen in self.fields.items()
        ]
        return ", ".join(told)


def said(article: Record, field: str, text: str) -> str | None:
    if field == "published":
        return article["published"]
    span = article[field]
    return text[span[0] : span[1]] if span else (article.get("unfound") or {}).get(field)


def plain(value: object) -> str:
    return re.sub(r"\W+", " ", str(value or "").lower()).strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path, nargs="?", help="folder for the weights")
    parser.add_argument("--folds", type=int, default=4, help="parts in which writers are left out")
    parser.add_argument("--only-measure", action="store_true", help="measure, by folds, and store nothing")
    asked = parser.parse_args()
    told = records(asked.data)
    files = [File(record) for record in told if not record["blind"]]
    files += [
        File(lengthened(record, seed), long=True)
        for seed, record in enumerate(told)
        if seed % _LONG == 0 and not record["blind"] and len(record["articles"]) > 1
    ]
    blind = [File(record) for record in told if record["blind"]]
    words = left_out(files, asked.folds)
    if asked.only_measure:
        measure(words, asked.folds)
        return
    readers = train_lines(files)
    namers = train_words(words)
    for name, chain in zip(("lines", "lines2", "words", "words2"), (*readers, *namers), strict=True):
        store(chain, asked.out, name)
    for name in sorted({writer(file.name) for file in blind}):
        seen = Measured()
        for file in blind:
            if writer(file.name) == name:
                read = Words(file, file.place(*readers))
                seen.add(read, read.read(*namers))
        print(f"blind set {name}: {seen}")


def measure(words: Sequence[Words], parts: int) -> None:
    """Prints what readers say of writers whom they have not read, and what the rules say of the same."""
    writers = sorted({writer(file.file.name) for file in words})
    total, rules = Measured(), Measured()
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        told = pool.map(_heads_left_out, [(words, set(writers[part::parts])) for part in range(parts)])
        read = {name: heads for part in told for name, heads in part.items()}
    for name in writers:
        seen = Measured()
        for file in words:
            if writer(file.file.name) == name:
                heads = read[file.file.name]
                for measured in (seen, *([] if file.file.rules_know else [total])):
                    measured.add(file, heads)
                if not file.file.rules_know:
                    rules.add(file, file.heads)
        print(f"{name}: {seen}; not whole: {', '.join(seen.not_whole)}", flush=True)

    print(f"all that the rules do not know: {total}\nheads by the rules there: {rules}")


def _heads_left_out(asked: tuple[Sequence[Words], set[str]]) -> dict[str, list[Head]]:
    words, own = asked
    namers = train_words([file for file in words if writer(file.file.name) not in own])
    return {file.file.name: file.read(*namers) for file in words if writer(file.file.name) in own}


if __name__ == "__main__":
    main()
