import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.llm.gate import Blocked, OutputGate, Passed, Reason
from bot.llm.links import LinkRule, Links
from bot.llm.stream_gate import StreamGate
from bot.llm.types import Message, Prompt, Role
from tests.llm.golden_prompts import CANARY, NONCE
from tests.llm.injection.oracle import pings, traces
from tests.llm.injection.world import GATE, KEY, TOKEN, prompt_with
from tests.llm.ordinary import GUIDE, ORDINARY, PROMPT

EXAMINER = GATE.examiner(PROMPT)
FAR = "https://attacker-place.top/p.png?q=1"


def passed(text: str, gate: OutputGate = GATE) -> str:
    verdict = gate.check(text, PROMPT)
    assert isinstance(verdict, Passed), verdict
    return verdict.text


def test_there_are_enough_ordinary_answers() -> None:
    assert len(set(ORDINARY)) >= 40


@pytest.mark.parametrize("text", ORDINARY, ids=lambda text: text[:30])
def test_an_ordinary_answer_passes_as_it_is(text: str) -> None:
    assert GATE.check(text, PROMPT) == Passed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>x</think>Hello", "Hello"),
        ("Hello <thinking>and on", "Hello"),
        ("x</think>Hello", "Hello"),
        ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>Hello", "Hello"),
        ("Hello<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "Hello"),
        ("**Thinking:**\nx\n\n**Answer:**\nHello", "Hello"),
        ("### Reasoning\nx\n### Final answer\nHello", "Hello"),
        ("Hello\n\n**Reasoning:**\nx\n**Final answer:** Yes", "Hello\n\nYes"),
        ("Thought: x\nAction: f\nAction Input: y\nObservation: z\nFinal Answer: Hello", "Hello"),
        ("Thought: x\nHello", "Hello"),
        ('{"name": "f", "arguments": {"a": 1}} Hello', "Hello"),
        ('[{"name": "f", "parameters": {}}]\nHello', "Hello"),
        ('Hello\n```json\n{"tool": "f", "args": {}}\n```', "Hello"),
        ('Hello {"tool_calls": [{"id": 1}]}', "Hello"),
        ('Hello {"name": "f", "arguments": {"a', "Hello"),
        ('Hello {"type": "function", "function": {"name": "f"}}', "Hello"),
        ("Hello <function=f>{}</function>", "Hello"),
        ("Hello <|python_tag|>f()", "Hello"),
        ("Assistant: Hello", "Hello"),
        ("**Bot:** Hello", "Hello"),
        ("Hello\nHuman: more?\nAssistant: yes", "Hello"),
        ("Hello\r\n\r\n\r\n\r\nBo", "Hello\n\nBo"),
        ("Hel\u200blo \U000e0041\u202ethere", "Hello there"),
    ],
)
def test_traces_are_taken_out(text: str, expected: str) -> None:
    assert passed(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " \n", "<think>x", '{"name": "f", "arguments": {}}', "[f(a=1)]", "...", "Reasoning:\nx", "\u3164"],
)
def test_nothing_left_is_no_answer(text: str) -> None:
    assert GATE.check(text, PROMPT) == Blocked(Reason.EMPTY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@5> <@!6> <@7> <@&8> <@&9> <#10>", "@Ana Bee @user @user @Helpers @role <#10>"),
        ("<@11>", "@\u200beveryone"),
        ("@everyone @Here", "@\u200beveryone @\u200bHere"),
        ("@every\u200bone", "@\u200beveryone"),
        ("@every<think>x</think>one", "@\u200beveryone"),
        ("@every[one](https://attacker-place.top)", "@\u200beveryone (hxxps://attacker-place.top)"),
        ("<<@5>@5>", "<@Ana Bee@5>"),
    ],
)
def test_mentions_become_names(text: str, expected: str) -> None:
    names = {5: "Ana\nBee", 8: "Helpers", 11: "everyone"}
    assert GATE.check(text, PROMPT, names) == Passed(expected, changed=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"![pixel]({FAR})", "pixel"),
        (f"a ![]({FAR}) b", "a  b"),
        (f"![doc]({GUIDE})", "doc"),
        (f"see {FAR}.", "see hxxps://attacker-place.top/p.png?q=1."),
        (f"[the guide]({FAR})", "the guide (hxxps://attacker-place.top/p.png?q=1)"),
        (f"[docs.other.dev]({GUIDE})", GUIDE),
        (f'[x]({FAR} "title")', "x (hxxps://attacker-place.top/p.png?q=1)"),
        (f"{GUIDE}?q=secret", "hxxps://docs.lookout.dev/guide?q=secret"),
        (f"<img src='{FAR}'>", "<img src='hxxps://attacker-place.top/p.png?q=1'>"),
        ("HTTPS://Attacker-Place.top", "hxxpS://Attacker-Place.top"),
        ("discord.gg/raid and https://discord.gg/raid", "discord[.]gg/raid and hxxps://discord[.]gg/raid"),
    ],
)
def test_links_the_material_lacks_are_not_live(text: str, expected: str) -> None:
    assert passed(text).replace("HXXPS", "hxxpS").replace("hxxpS", "hxxps") == expected.replace(
        "hxxpS", "hxxps"
    )


def test_links_can_be_dropped_or_kept_instead() -> None:
    drop, keep = (OutputGate((), CANARY, links=LinkRule(rule)) for rule in (Links.DROP, Links.KEEP))
    assert passed(f"see {FAR} and [it]({FAR})", drop) == "see [link removed] and it"
    assert passed(f"see {FAR} ![p]({FAR})", keep) == f"see {FAR} p"


def test_an_owner_can_trust_hosts() -> None:
    gate = OutputGate((), CANARY, links=LinkRule(hosts=["Wiki.home.dev"]))
    assert passed("https://wiki.home.dev/x", gate) == "https://wiki.home.dev/x"
    assert passed("https://wiki.home.dev.top/x", gate) == "hxxps://wiki.home.dev.top/x"


@pytest.mark.parametrize("limit", [300, 2_000])
def test_a_long_answer_is_cut_at_a_word_and_its_code_block_closed(limit: int) -> None:
    gate = OutputGate((), CANARY, limit=limit)
    verdict = gate.check("Look:\n```\n" + "word " * 1_000, PROMPT)
    assert isinstance(verdict, Passed)
    assert verdict.capped
    assert limit - 210 < len(verdict.text) <= limit
    assert verdict.text.endswith("word…\n```")
    hard = gate.check("w" * 9_000, PROMPT)
    assert isinstance(hard, Passed)
    assert len(hard.text) <= limit


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"It is {TOKEN}", Reason.SECRET),
        (f"It begins with {TOKEN[:13]}", Reason.SECRET),
        (f"It ends in {TOKEN[-13:]}", Reason.SECRET),
        (f"A key: {'ghp'}_{'a1' * 18}", Reason.SECRET),
        (f"The mark is {CANARY}", Reason.PROMPT),
        (PROMPT.messages[0].text[100:200], Reason.PROMPT),
        (f"<<<END {NONCE}>>>", Reason.FENCE),
    ],
    ids=["secret", "its-start", "its-end", "known-form", "mark", "prompt", "fence"],
)
def test_what_must_not_be_told_is_refused(text: str, reason: Reason) -> None:
    verdict = GATE.check(text, PROMPT)
    assert isinstance(verdict, Blocked)
    # the mark and the fence stand in the system prompt too: which is found first doesn't matter
    assert verdict.reason == reason or {verdict.reason, reason} <= {Reason.PROMPT, Reason.FENCE}


def test_a_key_that_was_in_the_material_is_known_in_any_disguise() -> None:
    prompt = prompt_with("message", "hi")
    assert GATE.check(" ".join(KEY[::-1]), prompt) == Blocked(Reason.SECRET)
    assert isinstance(GATE.check(" ".join(KEY[4:][::-1]), PROMPT), Passed)  # nobody knows that one


@pytest.mark.parametrize("own", [(), ("Welcome to Lookout",)], ids=["in-the-prompt", "in-own-texts"])
def test_a_password_that_the_bot_says_itself_blocks_no_answer(own: tuple[str, ...]) -> None:
    text = "The lookout watches from the tower, and lookouts rest below."
    prompt = Prompt((Message(Role.USER, "hi"),)) if own else PROMPT
    gate = OutputGate(("lookout",), CANARY, own_texts=own)
    assert gate.check(text, prompt) == Passed(text)
    unknown = OutputGate(("lookout",), CANARY)
    assert unknown.check(text, Prompt((Message(Role.USER, "hi"),))) == Blocked(Reason.SECRET)


def test_a_key_that_stands_in_the_prompt_is_not_told_all_the_same() -> None:
    prompt = Prompt((Message(Role.SYSTEM, f"Be brief. {TOKEN}"), Message(Role.USER, "hi")))
    gate = OutputGate((TOKEN,), CANARY, own_texts=(TOKEN,))
    assert gate.check(f"It is {TOKEN}", prompt) == Blocked(Reason.SECRET)


def test_words_of_the_prompt_out_of_order_are_refused() -> None:
    words = PROMPT.messages[0].text.split()
    scattered = ", well, ".join(words[::2] + words[1::2])
    verdict = OutputGate((), "", limit=9_000).check(scattered, PROMPT)
    assert isinstance(verdict, Blocked)


def test_a_prompt_without_a_system_part_leaks_nothing() -> None:
    prompt = Prompt((Message(Role.USER, "hi"),))
    assert OutputGate((), "").check("hi there", prompt) == Passed("hi there")


PIECES = st.one_of(
    st.sampled_from(
        [
            "Hello there. ",
            "word ",
            "\n\n",
            "<think>",
            "</think>",
            "<@5>",
            "@every",
            "one ",
            "```",
            "`",
            "{",
            "}",
            "[a](",
            ")",
            FAR,
            GUIDE,
            " ",
            CANARY,
            TOKEN[:8],
            TOKEN[8:],
            '{"name": "f", "arguments": {}}',
            "<|channel|>",
            "final",
            "<|message|>",
            "Human: ",
            "Assistant: ",
            "\n",
            "Reasoning:\n",
            "\u200b",
            "![",
            "]",
        ]
    ),
    st.text(max_size=4),
)
SAFE_PIECES = st.sampled_from(
    [
        "Hello there. ",
        "word " * 12,
        "\n\n",
        "A line.\n",
        "<@5> ",
        "@everyone ",
        "```\ncode {x}\n```\n",
        "`a b` ",
        "{x} ",
        f"[a]({FAR}) ",
        f"[a]({GUIDE}) ",
        FAR + " ",
        GUIDE + ". ",
        "<think>hm hm</think> ",
        "- item (one)\n",
        "Ünï ",
        "a < b ",
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_what_passes_pings_nobody_and_passes_again_unchanged(text: str) -> None:
    verdict = EXAMINER.check(text)
    if isinstance(verdict, Passed):
        assert pings(verdict.text) == []
        assert "attacker-place.top" not in verdict.text.replace("hxxps://attacker-place.top", "")
        assert CANARY not in verdict.text
        assert TOKEN not in verdict.text
        if not verdict.capped:
            assert EXAMINER.check(verdict.text) == Passed(verdict.text)


def streamed(text: str, cuts: list[int]) -> StreamGate:
    gate, before = StreamGate(EXAMINER), ""
    places = sorted({min(cut, len(text)) for cut in cuts})
    for start, end in zip([0, *places], [*places, len(text)], strict=True):
        more = gate.feed(text[start:end])
        assert gate.shown == before + more
        before = gate.shown
    return gate


CUTS = st.lists(st.integers(0, 3_000), max_size=40)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=25), CUTS)
def test_all_that_a_stream_shows_is_the_beginning_of_something_allowed(
    pieces: list[str], cuts: list[int]
) -> None:
    text = "An innocent beginning. " * 30 + "".join(pieces)
    gate = streamed(text, cuts)
    verdict = gate.close()
    if isinstance(verdict, Passed):
        assert verdict == EXAMINER.check(text)
        assert verdict.text.startswith(gate.shown)
    if gate.shown:
        assert EXAMINER.check(gate.shown) == Passed(gate.shown)
        assert traces(gate.shown) == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(SAFE_PIECES, min_size=1, max_size=40), CUTS)
def test_a_harmless_stream_ends_as_the_whole_does(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    assert streamed(text, cuts).close() == EXAMINER.check(text)


def test_a_stream_shows_something_before_its_end() -> None:
    gate = streamed(ORDINARY[-1], list(range(0, 2_000, 9)))
    assert len(gate.shown) > len(ORDINARY[-1]) * 0.6


def test_a_leak_amid_a_stream_ends_it() -> None:
    gate = streamed("Fine words. " * 60 + TOKEN + " more words" * 60, list(range(0, 2_000, 5)))
    assert gate.close() == Blocked(Reason.SECRET)
    assert TOKEN[:4] not in gate.shown
    assert gate.feed("more") == ""


def test_thinking_that_was_never_opened_is_taken_back_or_never_shown() -> None:
    text = "Pondering aloud. " * 60 + "</think>Hello"
    gate = streamed(text, list(range(0, 1_100, 9)))
    assert gate.close() == Blocked(Reason.CHANGED)
    thinking = StreamGate(EXAMINER, thinks=True)
    assert [thinking.feed(each) for each in text] == [""] * len(text)
    assert thinking.close() == Passed("Hello", changed=True)


UNITS = [
    "<think>",
    "</think>",
    "<",
    "@",
    "<@",
    "<|",
    "[",
    "```",
    "{",
    '{"a":',
    " ",
    "\n \n",
    "](",
    "![a](",
    ". - ",
    "A",
    "01",
    "12 ",
    "Reasoning: ",
    "> ",
    "\u200d",
    "%41",
    "&#1;",
    "https://",
    "Human: ",
    "[a](b" + " " * 50,
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_long_odd_answers_are_no_trouble(unit: str) -> None:
    began = time.process_time()
    EXAMINER.check(unit * (30_000 // len(unit)))
    assert time.process_time() - began < 2
