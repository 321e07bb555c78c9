import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm.think_tags import ThinkTags, split_thinking


def parted(pieces: list[str]) -> tuple[str, str]:
    tags = ThinkTags()
    parts = [part for piece in pieces for part in tags.feed(piece)] + tags.finish()
    thinking = "".join(text for thinks, text in parts if thinks)
    return thinking.strip(), "".join(text for thinks, text in parts if not thinks)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("Hello", "", "Hello"),
        ("<think>Hm</think>Hello", "Hm", "Hello"),
        ("\n<think>\nHm\n</think>\n\nHello", "Hm", "Hello"),
        ("<think></think>Hello", "", "Hello"),
        ("<think>cut off", "cut off", ""),
        ("Write <think>x</think> yourself", "", "Write <think>x</think> yourself"),
        ("<thin ice>", "", "<thin ice>"),
        ("<thi", "", "<thi"),
        ("", "", ""),
    ],
)
def test_thinking_at_the_start_is_parted_from_the_answer(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text) == (thinking, answer)
    assert parted([text]) == (thinking, answer)
    assert parted(list(text)) == (thinking, answer)


def test_a_closing_tag_alone_closes_what_the_prompt_opened() -> None:
    assert split_thinking("Hm, well.\n</think>\nHello") == ("Hm, well.", "Hello")


@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "think>", "a", "\n", " ", "<"]),
        max_size=9,
    )
)
def test_how_the_text_is_cut_does_not_matter(pieces: list[str]) -> None:
    assert parted(pieces) == parted(["".join(pieces)]) == parted(list("".join(pieces)))
