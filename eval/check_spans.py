"""Check a question file against its articles: every quote, span, point and split; `--write` fills in the spans.

A quote must stand exactly once in its file: as it is in plain text and Markdown, in one article's ``text`` field
in JSON Lines, and with white space normalised in HTML (one block), DOCX (one paragraph) and PDF. Every point of
an answer needs a quote that holds one of its accepted values, and no article may serve both splits.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

INLINE = frozenset(
    ("a", "abbr", "b", "cite", "code", "em", "i", "q", "small", "span", "strong", "sub", "sup", "time")
)
HIDDEN = frozenset(("noscript", "script", "style", "template", "title"))
PLAIN = frozenset((".txt", ".md", ".text", ".markdown"))


class VisibleText(HTMLParser):
    """Collects the visible text of a page, one string for each block of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        elif tag not in INLINE:
            self.flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag not in INLINE:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)

    def flush(self) -> None:
        """End the current block and keep it unless it is blank."""
        text = squeeze("".join(self._parts))
        self._parts.clear()
        if text:
            self.blocks.append(text)


def squeeze(text: str) -> str:
    """Replace every run of white space by one space."""
    return " ".join(text.split())


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file; blank lines are skipped."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}:{number}: not valid JSON: {error}") from error
        if not isinstance(record, dict):
            raise ValueError(f"{path}:{number}: not a JSON object")
        yield record


def passages(path: Path) -> list[str]:
    """Return the texts of a file in which one quote may lie."""
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return [str(article.get("text", "")) for article in read_jsonl(path)]
    if suffix in {".html", ".htm"}:
        page = VisibleText()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        page.flush()
        return page.blocks
    if suffix == ".docx":
        import docx

        return [squeeze(paragraph.text) for paragraph in docx.Document(str(path)).paragraphs]
    if suffix == ".pdf":
        import pypdf

        return [squeeze(page.extract_text()) for page in pypdf.PdfReader(path).pages]
    with path.open(encoding="utf-8", newline="") as file:  # offsets count line ends as they are
        return [file.read()]


def find(quote: str, path: Path) -> tuple[int, int]:
    """How often the quote stands in the file, and where it begins the first time; a blank one never does."""
    if path.suffix.lower() not in {*PLAIN, ".jsonl"}:
        quote = squeeze(quote)
    if not quote.strip() or not path.is_file():
        return 0, -1
    texts = passages(path)
    return sum(text.count(quote) for text in texts), next((p for p in map(_find(quote), texts) if p >= 0), -1)


def _find(quote: str) -> Any:
    return lambda text: text.find(quote)


def says(text: str, value: str) -> bool:
    """Whether the value stands in the text as whole words."""
    text, value = (squeeze(unicodedata.normalize("NFKC", item).lower()) for item in (text, value))
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def points(question: dict[str, Any]) -> list[list[str]]:
    """The points of an answer: `accepted` is a list of variants, or a list of such lists."""
    accepted = question.get("accepted") or []
    return [accepted] if accepted and isinstance(accepted[0], str) else accepted


def problems(question: dict[str, Any], root: Path, *, write: bool) -> Iterator[str]:
    """What is wrong with a question, one sentence each; with `write` its spans are filled in."""
    evidence, wanted = question.get("evidence") or [], points(question)
    if question.get("answer") is None and (evidence or wanted):
        yield "has no answer, but evidence or accepted values"
    if question.get("answer") is not None and not (evidence and wanted):
        yield "has an answer, but no evidence or no accepted values"
    for item in evidence:
        path = root / item["file"]
        count, start = find(item["quote"], path)
        if count != 1:
            yield f"{item['file']}: stands there {count} times: {item['quote']}"
            continue
        span = (start, start + len(item["quote"])) if path.suffix.lower() in PLAIN else (None, None)
        if write:
            item["start"], item["end"] = span
        elif (item.get("start"), item.get("end")) not in {span, (None, None)}:
            yield f"{item['file']}: the span should be {span}: {item['quote']}"
    for number, variants in enumerate(wanted):
        quotes = [item["quote"] for item in evidence if item.get("point", 0) == number]
        if not quotes:
            yield f"point {number} has no evidence"
        elif not any(says(quote, variant) for quote in quotes for variant in variants):
            yield f"point {number}: no quote holds any of {variants}"


def main() -> int:
    """Check one question file and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path, help="question file, one JSON object a line")
    parser.add_argument(
        "--root",
        type=Path,
        help="folder the evidence paths start from (default: the folder above the question file's folder)",
    )
    parser.add_argument("--write", action="store_true", help="fill in start and end, and write the file anew")
    arguments = parser.parse_args()
    path: Path = arguments.questions
    root: Path = arguments.root or path.resolve().parent.parent

    found = quotes = 0
    ids: set[str] = set()
    splits: dict[str, set[str]] = defaultdict(set)
    questions: list[dict[str, Any]] = []
    try:
        for question in read_jsonl(path):
            questions.append(question)
            name = str(question["id"])
            said = list(problems(question, root, write=arguments.write))
            if name in ids:
                said.append("the id is taken twice")
            ids.add(name)
            for problem in said:
                print(f"{name}: {problem}")
            found += len(said)
            quotes += len(question.get("evidence") or [])
            if "split" in question and "event" in question:
                splits[question["event"]].add(question["split"])
    except KeyError as error:
        print(f"{path}: question {len(questions)}: field {error} is missing", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for event, names in splits.items():
        if len(names) > 1:
            print(f"event {event} is in several splits: {', '.join(sorted(names))}")
            found += 1
    if arguments.write and not found:
        lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
        path.write_text("".join(lines), encoding="utf-8")
    print(f"{len(questions)} questions, {quotes} quotes, {found} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
