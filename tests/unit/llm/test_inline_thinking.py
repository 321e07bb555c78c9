"""Thinking in front of an answer, between tags, however the answer is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm.inline_thinking import ThinkSplitter, split
from bot.llm.types import TextChunk, ThinkingChunk

CASES = [
    ("Hello", "Hello", ""),
    ("<think>a b</think>c", "c", "a b"),
    ("\n <think>\na</think>\n\nc d", "c d", "\na"),
    ("\n<think>\nHm\n</think>\n\nHello", "Hello", "\nHm\n"),
    ("<think>a</think><think>b</think>c", "c", "ab"),
    ("say <think> to think</think>", "say <think> to think</think>", ""),
    ("Write <think>x</think> yourself", "Write <think>x</think> yourself", ""),
    ("<thinner>", "<thinner>", ""),
    ("<thin ice>", "<thin ice>", ""),
    ("  plain", "plain", ""),
    ("<think>cut off", "", "cut off"),
    ("<think>a </thi b</think>c", "c", "a </thi b"),
    ("<think>a</thin", "", "a</thin"),
    ("<thi", "<thi", ""),
    ("", "", ""),
    ("   ", "", ""),
    ("<think></think>", "", ""),
    ("<think></think>Hello", "Hello", ""),
]


def in_pieces(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkSplitter()
    chunks = [chunk for piece in pieces for chunk in splitter.feed(piece)] + list(splitter.end())
    assert all(chunk.text for chunk in chunks)
    return (
        "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk)),
        "".join(chunk.text for chunk in chunks if isinstance(chunk, ThinkingChunk)),
    )


@pytest.mark.parametrize(("text", "answer", "thinking"), CASES, ids=lambda part: part[:20])
def test_thinking_in_front_is_split_from_the_answer_however_it_is_cut(
    text: str, answer: str, thinking: str
) -> None:
    assert split(text) == (answer, thinking)
    for size in range(1, max(len(text), 2)):
        assert in_pieces([text[at : at + size] for at in range(0, len(text), size)]) == (answer, thinking)


def test_a_closing_tag_alone_closes_what_the_prompt_opened() -> None:
    assert split("Hm, well.\n</think>\nHello") == ("Hello", "Hm, well.\n")


@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "think>", "a", "\n", " ", "<"]),
        max_size=9,
    )
)
def test_how_the_text_is_cut_does_not_matter(pieces: list[str]) -> None:
    assert in_pieces(pieces) == in_pieces(["".join(pieces)]) == in_pieces(list("".join(pieces)))
