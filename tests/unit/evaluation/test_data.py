"""Reading a folder: what is missing, broken, extra or trained on."""

from pathlib import Path

import pytest

from bot.evaluation.data import DataError, Dataset
from bot.nlp.training_rows import message_id, row_key, text_key
from tests.unit.evaluation.fakes import write_rows

GOOD = '{"id": "a", "text": "hello", "intent": "other"}\n'


def test_rows_carry_label_subset_and_previous_lines(tmp_path: Path) -> None:
    write_rows(
        tmp_path, "chat", [{"text": "it broke", "intent": "problem", "subset": "s", "context": ["x: hi"]}]
    )
    rows = Dataset(tmp_path).rows("chat", "intent")
    assert rows is not None
    (row,) = rows.rows
    assert (row.file, row.id, row.text, row.gold) == ("chat", "r0", "it broke", "problem")
    assert (row.subset, row.context) == ("s", ("x: hi",))


def test_a_missing_file_or_folder_is_none_and_no_error(tmp_path: Path) -> None:
    for data in (Dataset(tmp_path), Dataset(tmp_path / "nowhere")):
        assert data.rows("chat", "intent") is None
        assert data.messages() is None
        assert data.queries("x") is None
        assert data.retrieval_sets() == []
        assert data.knowledge("x") == ()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": "b", "text": ', "is not JSON"),
        ("[1, 2]", "is not an object"),
        ('{"id": "b", "intent": "other"}', "has no 'text'"),
        ('{"id": "b", "text": 5, "intent": "other"}', "has no 'text'"),
        ('{"text": "hello", "intent": "other"}', "has no 'id'"),
        ('{"id": "b", "text": "hello"}', "has no 'intent'"),
        ('{"id": "b", "text": "hello", "intent": "other", "context": "x: hi"}', "not a list"),
        ("[" * 200_000, "nested too deeply"),
    ],
    ids=["cut off", "list", "no text", "text a number", "no id", "no label", "context a text", "deep"],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(GOOD + "\n" + line + "\n" + GOOD, "utf-8")
    with pytest.raises(DataError, match=complaint) as caught:
        Dataset(tmp_path).rows("chat", "intent")
    assert str(caught.value).startswith(f"{path}:3: ")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_bytes(GOOD.encode() + b'{"id": "\xff"}')
    with pytest.raises(DataError, match=r"chat\.jsonl: is not UTF-8"):
        Dataset(tmp_path).rows("chat", "intent")


def test_a_byte_order_mark_and_numbers_as_ids_are_fine(tmp_path: Path) -> None:
    (tmp_path / "chat.jsonl").write_text('\ufeff{"id": 7, "text": "hi", "intent": "other"}', "utf-8")
    rows = Dataset(tmp_path).rows("chat", "intent")
    assert rows is not None
    assert rows.rows[0].id == "7"


def test_every_complete_retrieval_set_is_found_whatever_its_name(tmp_path: Path) -> None:
    for file in ("retrieval_b_kb", "retrieval_b_queries", "retrieval_a_x_kb", "retrieval_a_x_queries"):
        write_rows(tmp_path, file, [])
    write_rows(tmp_path, "retrieval_half_kb", [])
    write_rows(tmp_path, "something_else", [{"anything": 1}])
    assert Dataset(tmp_path).retrieval_sets() == ["a_x", "b"]


def test_a_query_out_of_scope_has_no_answer_but_one_in_the_knowledge_must(tmp_path: Path) -> None:
    write_rows(tmp_path, "retrieval_x_queries", [{"text": "?", "answer_id": None, "scope": "far_oos"}])
    write_rows(tmp_path, "retrieval_x_kb", [{"text": "?", "answer_id": None}])
    queries = Dataset(tmp_path).queries("x")
    assert queries is not None
    assert (queries.rows[0].gold, queries.rows[0].subset) == ("", "far_oos")
    with pytest.raises(DataError, match="has no 'answer_id'"):
        Dataset(tmp_path).knowledge("x")


def test_trained_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    write_rows(tmp_path, "chat", [{"text": text, "intent": "other"} for text in ("one", "two", "three")])
    data = Dataset(tmp_path, frozenset({row_key("chat", "r1", "two"), row_key("other", "r0", "one")}))
    rows = data.rows("chat", "intent")
    assert rows is not None
    assert [row.text for row in rows.rows] == ["one", "three"]
    assert rows.left_out == 1


def test_messages_of_a_day_are_rows_by_log_and_place(tmp_path: Path) -> None:
    log = {"id": "day", "messages": [{"text": "one"}, {"text": "two"}, {"text": "three"}]}
    write_rows(tmp_path, "day_logs", [log])
    trained = frozenset({row_key("day_logs", message_id("day", 1), "two")})
    found = Dataset(tmp_path, trained).messages()
    assert found is not None
    assert [(row.id, row.text) for row in found.rows] == [("day:0", "one"), ("day:2", "three")]
    assert found.left_out == 1
    write_rows(tmp_path, "day_logs", [{"id": "day", "messages": [{"text": "one"}, {}]}])
    with pytest.raises(DataError, match=r"day_logs\.jsonl:1, message 1: has no 'text'"):
        Dataset(tmp_path).messages()


def test_a_key_is_64_bits_the_same_everywhere_and_different_for_each_part() -> None:
    assert row_key("file", "id", "text") == 0x4C45CF91EF4C2BD0
    assert (
        len(
            {
                row_key(*parts)
                for parts in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d"))
            }
        )
        == 4
    )
    assert 0 <= row_key("a", "b", "half a character \ud83d") < 2**64


def test_a_text_that_was_trained_on_elsewhere_is_left_out_too(tmp_path: Path) -> None:
    long, short = "how do i mount the second disk", "ok thanks"
    write_rows(tmp_path, "intent_chat_hand", [{"text": text, "intent": "other"} for text in (long, short)])
    trained = frozenset({text_key("How do I mount  the second disk"), text_key(short)} - {0})
    found = Dataset(tmp_path, trained).rows("intent_chat_hand", "intent")
    assert found is not None
    assert [row.text for row in found.rows] == [short]  # which anybody may say by chance
