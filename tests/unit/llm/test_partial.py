"""The text of a JSON answer while it is written."""

import json

import pytest

from bot.llm.partial import MOST_BEFORE, TextReader

TEXT = 'Say "hé\\llo"\n\tto 🙂 and 漢字 / \u2028 then go.'
WHOLE = {"answered": True, "used": ["e1", "e{2}"], "more": {"answer": "no"}, "answer": TEXT}


def read(raw: str, size: int = 1) -> tuple[str, TextReader]:
    """Read `raw` in pieces of `size` characters."""
    reader = TextReader("answer")
    return "".join(reader.feed(raw[at : at + size]) for at in range(0, len(raw), size)), reader


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("ascii_", [True, False], ids=["escaped", "as it is"])
@pytest.mark.parametrize("frame", ["{}", "```json\n{}\n```", " \n{}"], ids=["bare", "fenced", "spaced"])
def test_however_it_is_cut_the_text_is_read_and_what_stands_before_it(
    size: int, ascii_: bool, frame: str
) -> None:
    raw = frame.replace("{}", json.dumps(WHOLE, ensure_ascii=ascii_, indent=1))
    text, reader = read(raw, size)
    assert text == TEXT
    assert reader.before == {key: value for key, value in WHOLE.items() if key != "answer"}


def test_what_was_read_is_always_the_beginning_of_the_text() -> None:
    raw, reader, text = json.dumps(WHOLE), TextReader("answer"), ""
    for letter in raw:
        text += reader.feed(letter)
        assert TEXT.startswith(text)
        assert text == "" or reader.before is not None


def test_a_text_in_front_has_nothing_before_it() -> None:
    text, reader = read('{"answer": "At once", "used": []}')
    assert (text, reader.before) == ("At once", {})


@pytest.mark.parametrize(
    "raw",
    [
        '["answer", "no"]',
        'Sure! {"answer": "no"}',
        '{"used": {"answer": "no"}}',
        '{"used": ["answer", ": no"]}',
        '{"answer": ["no"]}',
        '{"answer": null}',
        '{"used": [], "used": ["e1"], "answer": "no"}',
        '{"used" [], "answer": "no"}',
        '{"used": nothing, "answer": "no"}',
        "{" * 500,
        '{"used": ' + "[" * 1_500,
        '{"used": "' + "x" * MOST_BEFORE + '", "answer": "no"}',
    ],
    ids=[
        "a list", "words before", "nested", "in a list", "no text", "null", "twice", "no colon", "no JSON",
        "braces", "too deep", "too late",
    ],
)  # fmt: skip
def test_of_anything_else_nothing_is_read(raw: str) -> None:
    assert [read(raw, size)[0] for size in (1, 9, 5_000)] == ["", "", ""]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r'{"answer": "ab\ud83d', "ab"),
        (r'{"answer": "ab\ud83dx"}', "ab"),
        (r'{"answer": "ab\ude00cd"}', "ab"),
        (r'{"answer": "ab\q"}', "ab"),
        ('{"answer": "ab\ncd"}', "ab"),
        (r'{"answer": "ab\\', "ab\\"),
        (r'{"answer": "ab\"', 'ab"'),
    ],
    ids=["half a pair", "a broken pair", "a second half", "no escape", "a bare newline", "slash", "quote"],
)
def test_it_ends_where_no_letter_is_whole(raw: str, text: str) -> None:
    assert [read(raw, size)[0] for size in (1, 100)] == [text, text]
