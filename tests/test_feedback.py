"""Thumbs are kept at once, the newest of an answer counts, and a cut write costs only itself."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.contract import answer_json
from rag.errors import InputError, RagError
from rag.feedback import FEEDBACK, MAX_REASON_CHARACTERS, FeedbackStore
from tests.fakes import FakeAssistant

ANSWER = FakeAssistant().ask("How long will the bridge be closed?")
ABSTENTION = FakeAssistant().ask("Is there water on Mars?")


def test_a_thumb_is_a_line_with_the_answer_as_shown(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path / "index")
    assert store.read() == []
    before = datetime.now(UTC).replace(microsecond=0)
    store.add(ANSWER, name="a", thumb="up", history=(("Which bridge?", "Harrow Quay."),))
    (line,) = (tmp_path / "index" / FEEDBACK).read_text(encoding="utf-8").splitlines()
    data = json.loads(line)
    assert data["answer"] == json.loads(json.dumps(answer_json(ANSWER)))
    assert (data["id"], data["thumb"], data["reason"]) == ("a", "up", "")
    assert data["time"].endswith("+00:00")
    (read,) = store.read()
    assert before <= read.time <= datetime.now(UTC)
    assert read.history == (("Which bridge?", "Harrow Quay."),)
    assert [said.text for said in read.answer.statements] == [said.text for said in ANSWER.statements]
    assert [cited.quote for cited in read.answer.citations] == [cited.quote for cited in ANSWER.citations]
    assert (store.path.stat().st_mode & 0o077) == 0


def test_a_later_thumb_replaces_the_earlier(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ANSWER, name="a", thumb="up")
    store.add(ABSTENTION, name="b", thumb="up")
    store.add(ANSWER, name="a", thumb="down", reason="the cost is old")
    assert [(item.id, item.thumb, item.reason) for item in store.read()] == [
        ("a", "down", "the cost is old"),
        ("b", "up", ""),
    ]


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("", ""),
        (" two\n lines\u2028here ", "two lines here"),
        ("x" * 600, "x" * MAX_REASON_CHARACTERS),
        ("پل \U0001f309", "پل \U0001f309"),
        ("half \ud83d", "half ?"),
    ],
)
def test_a_reason_is_one_short_line(tmp_path: Path, reason: str, kept: str) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ANSWER, name="a", thumb="down", reason=reason)
    assert [item.reason for item in store.read()] == [kept]


def test_a_cut_write_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ANSWER, name="a", thumb="up")
    whole = store.path.read_bytes()
    for cut in (
        1,
        len(whole) // 2,
        whole.index("£".encode()) + 1,
    ):  # the last is in the middle of a character
        store.path.write_bytes(whole + whole[:cut])
        with caplog.at_level(logging.WARNING):
            assert [item.id for item in store.read()] == ["a"]
        assert f"{FEEDBACK}:2: skipped" in caplog.text
        store.add(ANSWER, name="b", thumb="down")
        assert [item.id for item in store.read()] == ["a", "b"]
    store.path.write_bytes(whole.rstrip(b"\n"))  # only the newline is missing
    store.add(ANSWER, name="c", thumb="up")
    assert [item.id for item in store.read()] == ["a", "c"]


@pytest.mark.parametrize(
    ("change", "field"), [({"thumb": "sideways"}, "thumb"), ({"id": ""}, "id"), ({"answer": {}}, "answer")]
)
def test_a_line_that_is_something_else_is_named(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    store = FeedbackStore(tmp_path)
    store.add(ANSWER, name="a", thumb="up")
    line = json.loads(store.path.read_text(encoding="utf-8")) | change
    store.path.write_text("\n" + json.dumps(line), encoding="utf-8")
    with pytest.raises(InputError, match=rf"{FEEDBACK}:2: {field}.*correct or delete this line"):
        store.read()


def test_what_cannot_be_read_or_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FEEDBACK).mkdir()
    store = FeedbackStore(tmp_path)
    with pytest.raises(RagError, match=rf"{FEEDBACK}: cannot be read .*move it away"):
        store.read()
    with pytest.raises(RagError, match=rf"{FEEDBACK}: cannot be written .*permissions"):
        store.add(ANSWER, name="a", thumb="up")
