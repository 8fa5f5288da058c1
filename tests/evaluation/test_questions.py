"""Question files: what is read, and how bad lines are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation import load_questions
from rag.evaluation.questions import check_evidence

LINE = (
    '{"id": "1", "question": "Q?", "answer": "A", "accepted": ["a", "b"], '
    '"evidence": [{"file": "articles/x.txt", "quote": "is a", "start": 3, "end": 7}]}'
)


def write(folder: Path, text: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_point_or_several(tmp_path: Path) -> None:
    several = LINE.replace('"id": "1"', '"id": "2", "split": "dev"').replace(
        '["a", "b"]', '[["a", "b"], ["c"]]'
    )
    one, two = load_questions(write(tmp_path, f"\ufeff\n{LINE}\r\n\n{several}\n"))
    assert one.accepted == (("a", "b"),)
    assert two.accepted == (("a", "b"), ("c",))
    assert load_questions(tmp_path / "questions.jsonl", split="dev") == [two]
    with pytest.raises(InputError, match="no question of the split 'test'; it has dev"):
        load_questions(tmp_path / "questions.jsonl", split="test")


def test_a_line_separator_inside_a_string(tmp_path: Path) -> None:
    (found,) = load_questions(write(tmp_path, '{"id": "1", "question": "One\u2028two\x85?"}'))
    assert found.question == "One\u2028two\x85?"
    assert not found.answerable


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line: "),
        ('{"id": "1"}', "question: "),
        ('{"id": "1", "question": "Q?", "to": "x"}', "to: "),
        ('{"id": "1", "question": "Q?", "accepted": "one"}', "accepted: "),
        ('{"id": "1", "question": "Q?", "answer": "A", "accepted": [""]}', "accepted.0.0: "),
        ('{"id": "1", "question": "Q?", "acepted": []}', "acepted: unknown field; did you mean accepted?"),
        ('{"id": "1", "question": "Q?", "zzz": 1}', "zzz: unknown field; `note` takes remarks"),
        ('{"id": "1", "question": "Q?", "type": "trivia"}', "type: "),
        ('{"id": "1", "question": "Q?", "accepted": ["a"]}', "line: there is no answer"),
        (LINE.replace('"quote": "is a"', '"quote": ""').replace('"1"', '"9"'), "evidence.0.quote: "),
        (LINE.replace('"end": 7', '"end": 8').replace('"1"', '"9"'), "evidence.0: the span is 5 long"),
        (LINE.replace(', "end": 7', "").replace('"1"', '"9"'), "evidence.0: start and end belong together"),
        (LINE.replace('"start"', '"point": 1, "start"').replace('"1"', '"9"'), "line: evidence for point 1"),
        ('{"id": "0", "question": "Q?"}', "id: '0' is taken by line 1"),
    ],
)
def test_a_bad_line_is_named_with_its_field(tmp_path: Path, line: str, told: str) -> None:
    path = write(tmp_path, f'{{"id": "0", "question": "Q?"}}\n\n{line}\n')
    with pytest.raises(InputError) as caught:
        load_questions(path)
    assert str(caught.value).startswith(f"{path}:3: {told}")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_no_questions(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="holds no questions"):
        load_questions(write(tmp_path, text))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_questions(tmp_path / "none.jsonl")


class TestEvidence:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("it is a", None),
            ("This is a", "1: articles/x.txt has other words at 3-7: 's is'"),
            ("it was b", "1: articles/x.txt has other words"),
        ],
    )
    def test_spans(self, tmp_path: Path, text: str, told: str | None) -> None:
        source = tmp_path / "articles" / "x.txt"
        source.parent.mkdir()
        source.write_text(text, encoding="utf-8")
        questions = load_questions(write(tmp_path, LINE))
        if told is None:
            check_evidence(questions, {str(source): "utf-8"})
            return
        with pytest.raises(InputError) as caught:
            check_evidence(questions, {str(source): "utf-8"})
        assert str(caught.value).startswith(told)

    def test_a_quote_without_a_span(self, tmp_path: Path) -> None:
        source = tmp_path / "articles" / "x.txt"
        source.parent.mkdir()
        source.write_text("nothing", encoding="utf-8")
        questions = load_questions(write(tmp_path, LINE.replace(', "start": 3, "end": 7', "")))
        with pytest.raises(InputError, match=r"1: not in articles/x\.txt: 'is a'"):
            check_evidence(questions, {str(source): "utf-8"})

    def test_a_file_that_is_not_indexed(self, tmp_path: Path) -> None:
        questions = load_questions(write(tmp_path, LINE))
        with pytest.raises(InputError, match=r"articles/x\.txt is not among the indexed files"):
            check_evidence(questions, {"/elsewhere/x.txt": "utf-8"})

    def test_files_that_are_not_plain_text_or_gone(self, tmp_path: Path) -> None:
        questions = load_questions(write(tmp_path, LINE))
        check_evidence(questions, {"articles/x.txt": None})
        check_evidence(questions, {str(tmp_path / "articles/x.txt"): "utf-8"})
