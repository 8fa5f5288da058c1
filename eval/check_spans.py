"""Check that every evidence quote of a question file occurs in the article it names.

Plain text and Markdown are searched as they stand, JSON Lines in each article's ``text`` field, and HTML in
its visible text, one paragraph at a time with white space normalised.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

INLINE = frozenset(
    ("a", "abbr", "b", "cite", "code", "em", "i", "q", "small", "span", "strong", "sub", "sup", "time")
)
HIDDEN = frozenset(("noscript", "script", "style", "template", "title"))


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
    text = path.read_text(encoding="utf-8")
    if suffix in {".html", ".htm"}:
        page = VisibleText()
        page.feed(text)
        page.close()
        page.flush()
        return page.blocks
    return [text]


def occurs(quote: str, path: Path) -> bool:
    """Tell whether the quote stands in the file; an empty quote never does."""
    if path.suffix.lower() in {".html", ".htm"}:
        quote = squeeze(quote)
    return bool(quote.strip()) and path.is_file() and any(quote in text for text in passages(path))


def main() -> int:
    """Check one question file and return the exit status."""
    parser = argparse.ArgumentParser(description="Check the evidence quotes of a question file.")
    parser.add_argument("questions", type=Path, help="question file, one JSON object a line")
    parser.add_argument(
        "--root",
        type=Path,
        help="folder the evidence paths start from (default: the folder above the question file's folder)",
    )
    arguments = parser.parse_args()
    questions: Path = arguments.questions
    root: Path = arguments.root or questions.resolve().parent.parent

    asked = quotes = missing = 0
    try:
        for question in read_jsonl(questions):
            asked += 1
            for item in question.get("evidence", []):
                quotes += 1
                if not occurs(item["quote"], root / item["file"]):
                    missing += 1
                    print(f"{item['file']}: {question['id']}: not found: {item['quote']}")
    except KeyError as error:
        print(f"{questions}: question {asked}: field {error} is missing", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{asked} questions, {quotes} quotes, {missing} missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
