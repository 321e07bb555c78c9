import json
from pathlib import Path
from typing import Any

import pytest

from bot.demo.errors import DemoError
from bot.demo.transcript import MAX_CHARACTERS, read_transcript


def said(**changes: Any) -> dict[str, Any]:
    return {"ts": "2026-03-01T12:00:00Z", "author": "ada", "text": "hello"} | changes


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), "utf-8")
    return path


def test_one_message_per_line_is_read_in_order(tmp_path: Path) -> None:
    second = said(author="bob", text="hi", ts="2026-03-01T12:00:30+00:00")
    read = read_transcript(write(tmp_path / "a.jsonl", said(), "", second))
    assert [(each.author, each.text) for each in read.messages] == [("ada", "hello"), ("bob", "hi")]
    assert (read.messages[1].at - read.messages[0].at).total_seconds() == 30


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    line = json.dumps(said(text="one\u2028two"), ensure_ascii=False)
    assert read_transcript(write(tmp_path / "a.jsonl", line)).messages[0].text == "one\u2028two"


@pytest.mark.parametrize(("line", "text"), [(None, "first"), (1, "first"), (3, "third")])
def test_line_chooses_the_day(tmp_path: Path, line: int | None, text: str) -> None:
    days = [{"id": name, "messages": [said(text=name)]} for name in ("first", "second", "third")]
    read = read_transcript(write(tmp_path / "days.jsonl", *days), line)
    assert (read.name, read.messages[0].text) == (text, text)


def test_what_discord_would_not_take_is_left_out_or_shortened(tmp_path: Path) -> None:
    read = read_transcript(write(tmp_path / "a.jsonl", said(text="  "), said(text="x" * 2001), said()))
    assert (read.empty, read.cut) == (1, 1)
    assert [len(each.text) for each in read.messages] == [MAX_CHARACTERS, 5]


def test_seconds_since_1970_are_a_time(tmp_path: Path) -> None:
    read = read_transcript(write(tmp_path / "a.jsonl", said(ts=0), said(ts=1.5)))
    assert (read.messages[1].at - read.messages[0].at).total_seconds() == 1.5


DAY = {"id": "day", "messages": [said()]}


@pytest.mark.parametrize(
    ("lines", "line", "complaint"),
    [
        pytest.param([], None, ":1: is empty", id="empty"),
        pytest.param([said(), "{oops"], None, ":2: is not JSON", id="no JSON"),
        pytest.param([said(), "[1]"], None, ":2: is no JSON object", id="no object"),
        pytest.param([said(), {"ts": 1, "text": "x"}], None, ":2: has no author", id="no author"),
        pytest.param([{"text": "x"}], None, ":1: has no ts and no author", id="two missing"),
        pytest.param([said(ts="yesterday")], None, ":1: ts 'yesterday' is no time", id="no time"),
        pytest.param([said(ts=None)], None, ":1: ts None is no time", id="time null"),
        pytest.param([said(ts=1e300)], None, "is no time", id="time too large"),
        pytest.param([said(ts=True)], None, "is no time", id="time true"),
        pytest.param([said(author=" ")], None, "author not empty", id="blank author"),
        pytest.param([said(text=7)], None, ":1: author and text must be text", id="text is a number"),
        pytest.param([said()], 1, ":1: --line is for files", id="line of a plain log"),
        pytest.param([DAY], 7, ":7: there is no such line. Choose --line from 1 to 1", id="line too large"),
        pytest.param([{"messages": []}], None, ":1: `messages` must be a list", id="no messages"),
        pytest.param([{"messages": [3]}], None, ":1: message 1: is no JSON object", id="message is a number"),
        pytest.param([{"messages": [said(), {}]}], None, ":1: message 2: has no ts", id="empty message"),
    ],
)
def test_a_bad_file_is_named_with_its_line(
    tmp_path: Path, lines: list[Any], line: int | None, complaint: str
) -> None:
    path = write(tmp_path / "bad.jsonl", *lines)
    with pytest.raises(DemoError) as caught:
        read_transcript(path, line)
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_one_that_is_no_text_say_so(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="can't be read: No such file"):
        read_transcript(tmp_path / "none.jsonl")
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DemoError, match="is not UTF-8 text"):
        read_transcript(tmp_path / "b.bin")
