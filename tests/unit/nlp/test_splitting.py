import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nlp.splitting import DISCORD_LIMIT, MIN_LIMIT, split_message

PIECES = st.sampled_from(
    [
        "word ",
        "longer-word ",
        "End. ",
        "\n",
        "\n\n",
        "```py\n",
        "```\n",
        "```",
        "`x` ",
        "é😀 ",
        "x" * 70 + " ",
        "    code()\n",
    ]
)


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"], ids=repr)
def test_nothing_gives_no_part(text: str) -> None:
    assert split_message(text) == []


def test_a_short_text_stays_whole() -> None:
    assert split_message("hello\n\nworld") == ["hello\n\nworld"]


def test_exactly_the_limit_is_one_part_and_one_more_is_two() -> None:
    assert split_message("x" * DISCORD_LIMIT) == ["x" * DISCORD_LIMIT]
    assert split_message("x" * (DISCORD_LIMIT + 1)) == ["x" * DISCORD_LIMIT, "x"]


def test_the_limit_is_in_code_points() -> None:
    assert split_message("😀" * DISCORD_LIMIT) == ["😀" * DISCORD_LIMIT]


@pytest.mark.parametrize(
    ("first", "border", "second"),
    [
        ("a" * 40 + " b" * 5, "\n\n", "c" * 30 + "\nd" * 10),
        ("a" * 40 + " b" * 5, "\n", "c" * 30 + ". d" * 8),
        ("a" * 40 + " b" * 5 + ".", " ", "c" * 30 + " d" * 9),
        ("a" * 58, " ", "c" * 58),
    ],
    ids=["paragraph", "line", "sentence", "word"],
)
def test_cuts_at_the_best_border(first: str, border: str, second: str) -> None:
    assert split_message(first + border + second, 60) == [first, second]


def test_a_code_fence_is_closed_and_opened_again_with_its_language() -> None:
    lines = "\n".join(f"print({number})" for number in range(20))
    parts = split_message(f"Look:\n```py\n{lines}\n```\nDone.", 100)
    assert len(parts) > 2
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert all(part.startswith("```py\n") for part in parts[1:-1])
    code = [line for part in parts for line in part.splitlines() if line.startswith("print")]
    assert "\n".join(code) == lines


def test_a_fence_is_not_opened_at_the_end_of_a_part_for_nothing() -> None:
    parts = split_message("w " * 45 + "\n```py\n" + "code()\n" * 10 + "```", 100)
    assert "```" not in parts[0]
    assert parts[1].startswith("```py\ncode()")


def test_indentation_survives_a_cut_inside_a_fence() -> None:
    parts = split_message("```\n" + "    x = 1\n" * 20 + "```", 80)
    assert all("\n    x = 1" in part for part in parts)


def test_a_joined_emoji_is_not_cut_apart() -> None:
    family = "👨\u200d👩\u200d👧"
    for part in split_message(family * 40, 61):
        assert part.replace(family, "") == ""


def test_a_limit_without_room_for_fences_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        split_message("text", MIN_LIMIT - 1)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.one_of(st.text(max_size=600), st.lists(PIECES, max_size=60).map("".join)), st.integers(MIN_LIMIT, 200)
)
def test_no_part_is_blank_or_too_long(text: str, limit: int) -> None:
    for part in split_message(text, limit):
        assert part.strip()
        assert len(part) <= limit


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PIECES, min_size=20, max_size=60).map("".join), st.integers(MIN_LIMIT, 200))
def test_every_part_of_several_has_its_fences_in_pairs(text: str, limit: int) -> None:
    parts = split_message(text, limit)
    assert len(parts) < 2 or all(part.count("```") % 2 == 0 for part in parts)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_characters="`"), max_size=600), st.integers(MIN_LIMIT, 200))
def test_text_without_fences_keeps_every_character_but_space(text: str, limit: int) -> None:
    assert bare("".join(split_message(text, limit))) == bare(text)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=60).map("".join), st.integers(MIN_LIMIT, 200))
def test_text_with_fences_keeps_every_word(text: str, limit: int) -> None:
    joined = " ".join(split_message(text, limit))
    for word in ("word", "longer-word", "End.", "code()", "😀"):
        assert joined.count(word) == text.count(word)
