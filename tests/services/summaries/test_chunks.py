"""How a day is cut into chunks."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.summaries import Line
from bot.llm.ollama_sizes import tokens_of
from bot.services.summaries.chunks import MOST, cost_of, cut, numbered
from tests.services.summaries.support import ADA, DAY, GENERAL, HELP, message_id


def line(number: int, text: str = "said something about it", **values: object) -> Line:
    known = Line(message_id(number), GENERAL, None, ADA, "Ada", text, DAY + timedelta(minutes=number))
    return replace(known, **values)  # type: ignore[arg-type]


def lines(count: int) -> list[Line]:
    return [line(number) for number in range(count)]


def day_of(each: Line) -> object:
    return each.at.date()


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=20), st.integers(20, 200))
def test_each_message_is_in_one_chunk_and_no_chunk_is_too_long(texts: list[str], room: int) -> None:
    said = [line(number, text) for number, text in enumerate(texts)]
    chunks = cut(said, room, day_of)
    assert [each for chunk in chunks for each in chunk] == said
    assert all(len(chunk) == 1 or sum(map(cost_of, chunk)) <= room for chunk in chunks)
    assert all(len({day_of(each) for each in chunk}) == 1 for chunk in chunks)


def test_a_chunk_has_so_many_messages_at_the_most() -> None:
    chunks = cut(lines(1_400), 1_000_000, lambda _line: 0)
    assert max(map(len, chunks)) <= MOST
    assert len(chunks) <= 1_400 / (MOST * 0.6) + 1


def test_more_messages_leave_the_chunks_before_them_as_they_are() -> None:
    before, after = cut(lines(700), 1_000, day_of), cut(lines(1_000), 1_000, day_of)
    assert before[:-1] == after[: len(before) - 1]
    assert len(before) > 10


def test_a_message_less_changes_few_chunks() -> None:
    whole = lines(1_000)
    before = cut(whole, 2_000, day_of)
    for gone in range(100, 900, 100):
        after = cut([*whole[:gone], *whole[gone + 1 :]], 2_000, day_of)
        assert len(set(after) - set(before)) <= 4


def test_a_model_is_shown_places_and_what_answers_what() -> None:
    said = [
        line(1, "first"),
        line(2, "elsewhere", channel_id=HELP),
        line(3, "", reply_to_id=message_id(1)),
        line(4, "far", reply_to_id=1),
    ]
    shown = numbered(said, {GENERAL: "general"})
    assert [(each.id, each.text) for each in shown.items] == [
        ("place", "general"),
        ("1", "first"),
        ("2 to 1", "(no text)"),
        ("3", "far"),
        ("place", "channel"),
        ("4", "elsewhere"),
    ]
    assert {number: each.message_id for number, each in shown.messages.items()} == {
        1: message_id(1), 2: message_id(3), 3: message_id(4), 4: message_id(2),
    }  # fmt: skip


def test_a_message_counts_for_more_than_its_words() -> None:
    text = "as it is said\nover two lines"
    assert cost_of(line(1, text)) > tokens_of(text) + tokens_of("Ada") + 10
