# ruff: noqa: RUF001  (letters of other scripts on purpose)
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.outgoing import ZERO_WIDTH_SPACE, defuse_mentions, prepare, strip_reasoning

HIDDEN = {
    "think": "<think>the user is silly</think>Hello",
    "thinking-with-attribute": '<thinking effort="high">secret</thinking>\n\nHello',
    "capitals-and-spaces": "< Think >secret</ THINK >Hello",
    "closing-only": "secret plans</think>\nHello",
    "nested": "<think>a<think>secret</think>b</think>Hello",
    "nested-other-unclosed": "<think>a<invoke>secret</think>Hello",
    "tool-call": 'Hello<tool_call>{"secret": 1}</tool_call>',
    "function-calls": "Hello\n<function_calls><invoke name='x'>secret</invoke></function_calls>",
    "mistral": 'Hello[TOOL_CALLS][{"secret": 1}]',
    "harmony": "<|channel|>analysis<|message|>secret<|end|><|start|>assistant<|channel|>final<"
    "|message|>Hello<|return|>",
    "harmony-tool": 'Hello<|channel|>commentary <|constrain|>json<|message|>{"secret": 1}<|call|>',
    "harmony-cut-off": "Hello<|channel|>analysis secret",
    "full-width-marker": "Hello<｜end▁of▁sentence｜>",
    "tool-fence": "Hello\n```tool_code\nsecret()\n```",
    "triangles": "◁think▷secret◁/think▷Hello",
    "unclosed": "Hello<think>secret and more",
    "unclosed-tool": "Hello <tool_call>secret",
    "put-together": "<thi<think>x</think>nk>secret</think>Hello",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_hidden_parts_are_taken_out(text: str) -> None:
    assert strip_reasoning(text) == "Hello"


@pytest.mark.parametrize(
    "text",
    [
        "I think so, a < b and c > d",
        "Write `<think>` in backticks to talk about it",
        "  spaces   stay\n\n\n\nas they are ",
        "```py\nif a <b> c: pass\n```",
        "[1] a list [THINKING] of [tools]",
        "",
    ],
    ids=repr,
)
def test_an_ordinary_text_is_left_alone(text: str) -> None:
    assert strip_reasoning(text) == text


def test_only_hidden_reasoning_leaves_nothing() -> None:
    assert prepare("<think>hm") == ""
    assert strip_reasoning("<|channel|>analysis<|message|>secret") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@everyone look", "@\u200beveryone look"),
        ("@HERE and @Everyone", "@\u200bHERE and @\u200bEveryone"),
        ("<@&5> <@7> <@!7> <@9>", "<@\u200b&5> <@7> <@!7> <@\u200b9>"),
        ("<#5> <:x:1> mail@example.com", "<#5> <:x:1> mail@example.com"),
        ("<@&7>", "<@\u200b&7>"),
    ],
)
def test_only_allowed_users_are_mentioned(text: str, expected: str) -> None:
    assert defuse_mentions(text, {7}) == expected


def test_mentions_hidden_by_reasoning_tags_are_defused_too() -> None:
    assert "@everyone" not in prepare("@every<think>x</think>one")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "@",
                    "everyone",
                    "here",
                    "<@",
                    "<@&",
                    "7",
                    "8",
                    ">",
                    "<think>",
                    "</think>",
                    "<|x|>",
                    "a ",
                    ZERO_WIDTH_SPACE,
                ]
            ),
            st.text(max_size=4),
        ),
        max_size=14,
    ).map("".join)
)
def test_nothing_mentions_or_shows_tags_afterwards_whatever_comes_in(text: str) -> None:
    prepared = prepare(text, {7})
    assert "@everyone" not in prepared.lower()
    assert "@here" not in prepared.lower()
    assert "<@8>" not in prepared
    assert "<@&7>" not in prepared
    assert prepare(prepared, {7}) == prepared


@pytest.mark.parametrize(
    "unit", ["<think>", "</think>", "<", "@", "<@", "<|", "[", "```tool_code\n", "\n \n"]
)
def test_long_odd_texts_are_no_trouble(unit: str) -> None:
    prepare(unit * 3_000)
