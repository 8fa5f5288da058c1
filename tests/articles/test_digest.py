"""Digests: measured on invented ones of twelve layouts; single articles and transcripts stay whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.articles.digest import THRESHOLD, boundaries
from rag.articles.metadata import Head, read_head

FOLDER = Path(__file__).parents[1] / "data" / "digests"
GOLD: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))
BODY = "The gate gave way on Friday night and the lower town was under water by the morning. " * 3


def split(name: str) -> list[tuple[int, Head]]:
    text = (FOLDER / name).read_bytes().decode("utf-8")
    starts = [item.start for item in boundaries(text)]
    return [
        (start, read_head(text[start:end].rstrip()))
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]


@pytest.mark.parametrize("name", sorted(GOLD))
def test_every_layout_is_split_where_its_articles_begin(name: str) -> None:
    assert [start for start, _ in split(name)] == [article["start"] for article in GOLD[name]]


def test_heads_are_read_as_an_editor_reads_them() -> None:
    asked, right = (
        {"title": 0, "outlet": 0, "author": 0, "published": 0},
        {"title": 0, "outlet": 0, "author": 0, "published": 0},
    )
    wrong: list[str] = []
    for name, articles in GOLD.items():
        heads = dict(split(name))
        for gold in articles:
            head = heads.get(gold["start"])
            for field in asked:
                asked[field] += 1
                value = getattr(head, field) if head else None
                found = value.isoformat() if field == "published" and value else value
                if found == gold[field]:
                    right[field] += 1
                else:
                    wrong.append(f"{name} {gold['title'][:30]!r} {field}: {found!r}, not {gold[field]!r}")
    shares = {field: right[field] / asked[field] for field in asked}
    floors = {"title": 0.95, "outlet": 0.9, "author": 0.9, "published": 0.97}
    assert all(shares[field] >= floor for field, floor in floors.items()), "\n".join([str(shares), *wrong])


def test_a_boundary_names_the_signs_it_rests_on() -> None:
    text = f"Dam fails\nHarbour Post\n3 May 2024\n{BODY}\n\n\nMill burns\nCoast Wire\n4 May 2024\n{BODY}"
    (_, second) = boundaries(text)
    assert {"date", "title", "outlet"} <= set(second.signs)
    assert second.score == sum(second.signs.values()) >= THRESHOLD


@pytest.mark.parametrize(
    "between",
    [
        "What the engineers found\n",
        "\n\nWhat did they find?\n\n",
        "Photo: The gate on Saturday, 4 May 2024\n",
        "• one\n• two\n• three\n",
        "Mira Tolland: We did not know of it before Friday.\n",
        "\n* * *\n",
        "https://example.org/a/2024/05/04/gate\n",
        "On 4 May 2024 the ministry of works said that it would send a second team to the dam.\n",
    ],
)
def test_what_stands_inside_an_article_begins_none(between: str) -> None:
    assert len(boundaries(f"Dam fails\nHarbour Post\n3 May 2024\n{BODY}\n{between}{BODY}")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n ",
        "---\n" + BODY,
        "One line.",
        "Title\n\nShort.",
        "x" * 5000,
        "\n".join("ab" for _ in range(50)),
    ],
)
def test_texts_without_articles_to_split(text: str) -> None:
    assert len(boundaries(text)) == (1 if text.strip() else 0)


def test_a_head_without_a_body_is_not_an_article() -> None:
    text = f"Dam fails\nHarbour Post\n3 May 2024\n{BODY}\n\n\nMill burns\nCoast Wire\n4 May 2024\n"
    assert len(boundaries(text)) == 1
