"""Reading and writing training as files: every shape and encoding, and nothing that a file may break."""

import csv
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import UserFacingError
from bot.services.training import files as module
from bot.services.training.drafts import Draft
from bot.services.training.files import parse, render_csv, render_json
from bot.services.training.importing import gather
from tests.services.support import NOW

FULL = Draft(
    ("How?", "How so?"), "So,\nand “so”; ok", "setup", ("https://x.org/a", "https://x.org/b"), NOW, None
)
CELLS = st.text(alphabet="=+-@'\t\"\n,;a é", min_size=1, max_size=12)


def drafts(data: bytes | str, name: str = "a.csv") -> list[Draft]:
    data = data.encode() if isinstance(data, str) else data
    return [draft for _, draft, _ in parse(data, name) if draft is not None]


def problems(data: str, name: str = "a.json") -> list[tuple[int, str]]:
    return [(number, problem) for number, _, problem in parse(data.encode(), name) if problem]


SIMPLE = [Draft(("How?",), "So.")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", "question,answer\nHow?,So.\n"),
        ("a.CSV", "answer;x;Question\r\nSo.;1;How?\r\n"),
        ("a.tsv", "question\tanswer\nHow?\tSo.\n"),
        ("a.csv", "sep=|\nquestion|answer\nHow?|So.\n"),
        ("a.csv", "\ufeffquestion,answer\nHow?,So.\n,\n"),
        ("a.json", '[{"question": "How?", "answer": "So."}]'),
        ("a.json", '{"entries": [{"questions": ["How?"], "answer": "So."}]}'),
        ("a.json", '\ufeff{"text": "How?", "answer": "So."}'),
        ("a.jsonl", '{"utterance": "How?", "response": "So."}\n\n'),
        ("a.ndjson", '{"Question": "How?", "Answer": "So.", "id": 7}\n'),
    ],
    ids=["csv", "semicolons", "tabs", "excel's sep", "mark", "list", "entries", "object", "lines", "names"],
)
def test_every_shape_is_read(name: str, data: str) -> None:
    assert drafts(data, name) == SIMPLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    assert drafts("question,answer\nWie spät?,Früh \u2013 so.\n".encode(encoding)) == [
        Draft(("Wie spät?",), "Früh \u2013 so.")
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"question,answer\n", "no entries"),
        ("a.csv", b"How?,So.\n", "no “question”"),
        ("a.csv", b"question,reply\nHow?,So.\n", "no “answer”"),
        ("a.csv", b'question,answer\nok,ok\n"How?,So.\n', "no CSV from line 3"),
        ("a.csv", b"question,answer\n" + b"x" * 200_000 + b",y\n", "no CSV from line 2"),
        ("a.csv", b"question,answer\nH\x81w?,So.\n", "save it as UTF-8"),
        ("a.json", b"hello", "no JSON"),
        ("a.json", b"7", "list of objects"),
        ("a.json", b'{"entries": {"a": 1}}', "list of objects"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"9" * 5_000, "no JSON"),
        ("a.png", b"x", r"\.csv"),
        ("a.csv", b"x" * 5_000_001, "larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_not_be_read_says_why(name: str, data: bytes, said: str) -> None:
    with pytest.raises(UserFacingError, match=said):
        parse(data, name)


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl"])
def test_more_rows_than_the_limit_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 1)
    one = {"a.csv": "a,b", "a.json": "{}", "a.jsonl": '{"text": "a", "answer": "b"}'}[name]
    data = {"a.csv": f"question,answer\n{one}\n{one}", "a.json": f"[{one}, {one}]"}
    with pytest.raises(UserFacingError, match="more than 1 rows"):
        parse(data.get(name, f"{one}\n{one}").encode(), name)


def test_odd_rows_are_named_and_the_rest_is_taken() -> None:
    odd: list[Any] = [{"question": "How?", "answer": "So."}, 7, {"question": [["x"]], "answer": "y"}]
    odd += [{"question": True, "answer": "y"}, {"question": "a", "answer": "b", "valid_from": "soon"}, {}]
    data = json.dumps(odd)
    assert drafts(data, "a.json")[:1] == SIMPLE
    said = dict(problems(data))
    assert sorted(said) == [2, 3, 4, 5]
    assert "no object" in said[2]
    assert said[3] == said[4] == "“question” is no text."
    assert "no date" in said[5]
    lines = '{"question": "How?", "answer": "So."}\nnope\n' + "[" * 100_000
    assert problems(lines, "a.jsonl") == [(2, "It is no JSON object."), (3, "It is nested too deeply.")]
    assert [issue.row for issue in gather(parse(data.encode(), "a.json")).issues.invalid] == [2, 3, 4, 5, 6]


def test_rows_are_numbered_by_their_lines() -> None:
    data = 'question,answer,valid_from\n"a\nb",x,\nc,y,soon\n'
    assert problems(data, "a.csv")[0][0] == 4


@pytest.mark.parametrize(
    ("render", "name"), [(render_csv, "a.csv"), (render_json, "a.json")], ids=["csv", "json"]
)
def test_what_was_written_is_read_again(render: Any, name: str) -> None:
    written = [FULL, Draft(("=1+1", "'=x", "''-y", "@here"), "-5", "+c", valid_until=NOW)]
    [data] = render(written)
    groups = gather(parse(data, name)).groups
    again = [
        Draft(
            tuple(each.text for each in group.questions), group.draft.answer, group.draft.category,
            group.draft.links, group.draft.valid_from, group.draft.valid_until,
        )
        for group in groups
    ]  # fmt: skip
    assert again == written


@given(st.lists(CELLS, min_size=2, max_size=2))
def test_no_cell_is_a_formula_and_each_comes_back(cells: list[str]) -> None:
    question, answer = cells
    [data] = render_csv([Draft((question,), answer)])
    [row] = csv.reader(data.decode("utf-8-sig").splitlines(keepends=True)[1:])
    assert not any(cell[:1] in "=+-@\t\r" for cell in row if cell)
    assert drafts(data) == [Draft((question,), answer)]


def test_large_exports_are_split_into_files_that_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_BYTES", 300)
    written = [Draft((f"question {number}",), "x" * 100) for number in range(5)]
    for render, name in ((render_csv, "a.csv"), (render_json, "a.json")):
        parts = render(written)
        assert len(parts) > 1
        assert [draft for part in parts for draft in drafts(part, name)] == written
