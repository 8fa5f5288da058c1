"""Examples for the adapter: questions of our own below sentences as the assistant's prompt shows them, as tokens."""

from __future__ import annotations

import argparse
import logging
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from fit_evidence import held_back_bundles
from train_scorer import bundle_questions, later_bundles, read_bundles

from rag.assistant.steps import asked
from rag.attribution import Ground, grounds
from rag.generation.loaded import LoadedModel
from rag.prompts import NO_ANSWER
from rag.protocols import Message
from rag.schema import Article, Evidence, Hit, Passage, Sentence

_log = logging.getLogger("train_adapter")

TOGETHER = 4
"""Questions that share their sentences."""
SIZES = (5, 6, 6, 7)
"""How many sentences a prompt has."""
FOREIGN = 6
"""How many of the nearest sentences of other bundles may stand among those of a question's own."""
SHORT = 45
"""A sentence of more words is no answer to copy."""
Key = tuple[str, int, int]
"""Bundle, passage, sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the sentences that answer it, statements with what they cite, and the short answer."""

    text: str
    bundle: str
    gold: frozenset[Key]
    cited: tuple[tuple[str, frozenset[Key]], ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of evidence as the assistant would quote it, and the sentences that it holds."""

    ground: Ground
    holds: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a question's tokens begin, how many are asked, the answer's tokens, the right numbers."""

    ids: list[int]
    asked: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens that questions share, and each question with its answer."""

    shared: list[int]
    targets: list[Target]

    @property
    def tokens(self) -> int:
        return len(self.shared) + sum(len(target.ids) for target in self.targets)


def read_asked(bundle: dict[str, Any]) -> Iterator[Asked]:
    """The questions of a bundle, follow-ups as the assistant rewrites them."""
    name = bundle["id"]
    for row, question in zip(bundle["questions"], bundle_questions(bundle), strict=True):
        cited = tuple(
            (item["text"], frozenset((name, p, s) for p, s in item["cites"])) for item in row["cited_answer"]
        )
        gold = frozenset((name, p, s) for p, s in question.evidence)
        yield Asked(question.text, name, gold, cited, question.answer)


def read_items(bundle: dict[str, Any]) -> Iterator[tuple[Key, Item]]:
    """Each sentence of a bundle as a piece of evidence, with what names its subject before it."""
    for p, passage in enumerate(bundle["passages"]):
        said = [" ".join(sentence.split()) for sentence in passage["sentences"]]
        starts = np.cumsum([0, *(len(text) + 1 for text in said)]).tolist()
        name, text = f"{bundle['id']}-{p}", " ".join(said)
        day = date.fromisoformat(passage["date"]) if passage.get("date") else None
        article = Article(
            name, passage["title"], text, "", "", "", outlet=passage.get("outlet"), published=day
        )
        hit = Hit(Passage(name, name, 0, 0, len(text), text), article, 1.0, 1, {})
        sentences = [Sentence(name, s, starts[s], starts[s] + len(t), t) for s, t in enumerate(said)]

        def between(
            _: Article, start: int, end: int, known: Sequence[Sentence] = sentences
        ) -> list[Sentence]:
            return [item for item in known if item.start >= start and item.end <= end]

        for s, sentence in enumerate(sentences):
            (ground,) = grounds([Evidence(sentence, hit, 1.0, {})], between)
            held = between(article, ground.span.start, ground.span.end)
            yield (bundle["id"], p, s), Item(ground, frozenset((bundle["id"], p, n.ordinal) for n in held))


@dataclass(frozen=True, slots=True)
class Data:
    """Questions by bundle, all evidence, and for each question the sentences nearest to it, best first."""

    train: list[list[Asked]]
    development: list[list[Asked]]
    items: dict[Key, Item]
    nearest: dict[str, list[Key]]


def load(arguments: argparse.Namespace) -> Data:
    """All data: what `train_scorer.py` holds back is held back here, its development bundles choose."""
    bundles = read_bundles(arguments.data / "authored")
    held = held_back_bundles(bundles, arguments.held_back, arguments.seed)
    away = {bundle["id"] for bundle in held}
    later = [b for b in later_bundles(arguments.more, bundles) if b["id"] not in away]
    train = [*(b for b in bundles if b["id"] not in away), *later]
    development = [b for b in held if not b["id"].startswith(arguments.held_back)]
    known = {bundle["id"]: bundle for bundle in [*train, *development]}
    items = dict(pair for bundle in known.values() for pair in read_items(bundle))
    by_bundle: dict[str, list[Asked]] = defaultdict(list)
    for bundle in train:
        by_bundle[bundle["id"]] += read_asked(bundle)
    chosen = [list(read_asked(bundle)) for bundle in development]
    every = [question for of in (*by_bundle.values(), *chosen) for question in of]
    _log.info("%d questions, %d sentences", len(every), len(items))
    nearest = nearest_sentences(every, items, arguments.work)
    return Data(list(by_bundle.values()), chosen, items, nearest)


def nearest_sentences(questions: Sequence[Asked], items: dict[Key, Item], work: Path) -> dict[str, list[Key]]:
    """For each question the nearest foreign sentences and all of its own bundle, by the embedder's cosine."""
    from rag.assistant import wiring
    from rag.config import Config
    from rag.models import Registry

    config = Config()
    embedder = wiring.make_embedder(Registry.load(config).current("embedder", config.embedder), config)
    cache = work / "vectors.npz"
    if cache.exists():
        with np.load(cache) as known:
            said, wanted = known["said"], known["wanted"]
    else:
        said = embedder.encode([item.ground.text for item in items.values()])
        wanted = embedder.encode([question.text for question in questions])
        np.savez(cache, said=said, wanted=wanted)
    keys = list(items)
    owners = np.array([key[0] for key in keys])
    found = {}
    for question, vector in zip(questions, wanted, strict=True):
        near = said @ vector
        own = np.flatnonzero(owners == question.bundle)
        others = np.argsort(-np.where(owners == question.bundle, -1.0, near))[:FOREIGN]
        order = sorted([*own.tolist(), *others.tolist()], key=lambda place: -near[place])
        found[question.text] = [keys[place] for place in order]
    return found


def together(questions: Sequence[Asked], data: Data, rng: random.Random) -> list[Item]:
    """Sentences for some questions of one bundle: what answers them, and what lies near but does not."""
    chosen: dict[Key, Item] = {}
    size = rng.choice(SIZES)

    def add(key: Key) -> None:
        item = data.items[key]
        if not any(item.holds & other.holds for other in chosen.values()):
            chosen[key] = item

    for question in rng.sample(list(questions), len(questions)):
        gold = sorted(question.gold)
        there = any(item.holds & question.gold for item in chosen.values())
        for wanted in (bool(gold) and not there, len(gold) > 1 and rng.random() < 0.5):
            if wanted and len(chosen) < size - 1:
                add(rng.choice(gold))
    for turn in range(10 * size):
        if len(chosen) >= size:
            break
        question = questions[turn % len(questions)]
        near = [
            key
            for key in data.nearest[question.text]
            if key not in chosen
            and not (data.items[key].holds & question.gold)
            and not (len(question.answer) > 2 and _stands(question.answer, data.items[key]) and question.gold)
        ]
        if near:
            add(near[min(int(rng.expovariate(0.35)), len(near) - 1)])
    found = list(chosen.values())
    rng.shuffle(found)
    bare = rng.random() < 0.1  # real files often lack outlets
    return [numbered(item, number, bare=bare) for number, item in enumerate(found, 1)]


def numbered(item: Item, number: int, *, bare: bool) -> Item:
    """`item` under a number, its outlet perhaps not known."""
    span = item.ground.span
    span = replace(span, article=replace(span.article, outlet=None)) if bare else span
    return replace(item, ground=replace(item.ground, number=number, span=span))


def _stands(answer: str, item: Item) -> bool:
    return answer.lower() in item.ground.text.lower()


def answer_of(question: Asked, items: Sequence[Item], right: Sequence[int]) -> str:
    """What the model shall write: number and statement, in words that mostly stand in the sentence."""
    if not right:
        return NO_ANSWER
    for text, cites in question.cited:
        for item in items:
            if item.ground.number in right and cites <= item.holds:
                words = set(re.findall(r"\w{4,}", text.lower()))
                known = set(re.findall(r"\w{4,}", item.ground.text.lower()))
                if len(words & known) >= 0.5 * len(words) or len(item.ground.text.split()) > SHORT:
                    return f"[{item.ground.number}] {text}"
    return f"[{right[0]}] {items[right[0] - 1].ground.text}"


def make_prompts(
    bundles: Sequence[Sequence[Asked]], data: Data, model: LoadedModel, signs: Signs, rng: random.Random
) -> list[Prompt]:
    """All questions once, each bundle's in groups that share their sentences."""
    found = []
    for bundle in bundles:
        questions = rng.sample(list(bundle), len(bundle))
        count = max(1, round(len(questions) / TOGETHER))
        for group in (questions[start::count] for start in range(count)):
            items = together(group, data, rng)
            written = [tokens_of(question, items, model, signs) for question in group]
            targets = [target for target in written if target is not None]
            if not targets:
                continue
            shared = common([target.ids[: target.asked - 1] for target in targets])
            rest = [Target(each.ids[shared:], each.asked - shared, each.numbers) for each in targets]
            found.append(Prompt(targets[0].ids[:shared], rest))
    return found


def tokens_of(question: Asked, items: Sequence[Item], model: LoadedModel, signs: Signs) -> Target | None:
    """The prompt's and the answer's tokens; None where a sentence not marked so holds the answer."""
    right = [item.ground.number for item in items if item.holds & question.gold]
    if not right and len(question.answer) > 2 and any(_stands(question.answer, item) for item in items):
        return None
    messages = asked(question.text, [item.ground for item in items], large=False)
    answer = Message("assistant", answer_of(question, items, right))
    prompt, whole = (
        model.prompt_tokens([{"role": each.role, "content": each.content} for each in said])
        for said in (messages, [*messages, answer])
    )
    end = whole.index(signs.end, len(prompt))
    return Target(whole[: end + 1], len(prompt), tuple(right))


def common(texts: Sequence[Sequence[int]]) -> int:
    """How many tokens all of `texts` begin with.

    >>> common([[1, 2, 3], [1, 2, 4], [1, 2]])
    2
    """
    shortest = min(texts, key=len)
    differs = (place for place, token in enumerate(shortest) if any(text[place] != token for text in texts))
    return next(differs, len(shortest))


@dataclass(frozen=True, slots=True)
class Signs:
    """Tokens with a meaning of their own: those of the numbers from 1, what opens a marker, what ends a turn."""

    numbers: list[int]
    opens: int
    none: int
    end: int

    @classmethod
    def of(cls, model: LoadedModel, end: int) -> Signs:
        """As the model's tokenizer cuts them at the beginning of an answer."""
        begun = len(model.prompt_tokens([_said("user", "?")]))
        cut = [
            model.prompt_tokens([_said("user", "?"), _said("assistant", text)])[begun:]
            for text in (NO_ANSWER, *(f"[{number}] A" for number in range(1, 10)))
        ]
        return cls([tokens[1] for tokens in cut[1:]], cut[1][0], cut[0][0], end)


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
