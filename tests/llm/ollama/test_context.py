"""How much context a prompt gets, and what happens when that was too little."""

import base64

import pytest

from bot.llm.errors import ContextOverflow
from bot.llm.ollama import OllamaProvider
from bot.llm.ollama_sizes import STEPS, OpenContexts, estimate_tokens, num_ctx_for
from bot.llm.types import Image, Message, Options, Prompt, Role, ToolCall, ToolSpec
from sandbox.ollama import Answer, Asked, OllamaSandbox
from tests.llm.ollama.asking import ask, prompt, with_options


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("hello there, how do I start the export? " * 100, 1_100),
        ("привет, как дела? " * 100, 1_000),
        ("こんにちは" * 100, 500),
        ("ሰላም ለሁሉም " * 100, 2_000),  # a token a byte in vocabularies of 32,000
        ("👩‍👩‍👧👍🏽" * 100, 2_600),
        (base64.b64encode(bytes(range(256)) * 4).decode(), 683),  # two characters a token
        ("0123456789" * 100, 1_000),
        ("qzjwvkxhbmplrdtyqugs" * 50, 500),
        ("{[()]}" * 90, 540),
        ("    if x:\n        return y\n" * 50, 350),
    ],
    ids=["prose", "cyrillic", "kana", "ethiopic", "emoji", "base64", "digits", "random", "signs", "code"],
)
def test_the_estimate_is_above_what_any_usual_tokenizer_makes(text: str, least: int) -> None:
    assert least <= estimate_tokens(Prompt([Message(Role.USER, text)])) <= len(text.encode()) + 8


def test_prose_is_not_counted_by_the_letter() -> None:
    assert estimate_tokens(Prompt([Message(Role.USER, "hello there, how are you? " * 100)])) < 1_300


def test_tools_pictures_and_calls_count_too() -> None:
    said = [Message(Role.USER, "hello")]
    plain = estimate_tokens(Prompt(said))
    tool = ToolSpec("find", "Finds", {"type": "object", "properties": {"what": {"type": "string"}}})
    assert estimate_tokens(Prompt(said, tools=[tool])) > plain
    assert (
        estimate_tokens(Prompt([*said, Message(Role.USER, "", images=(Image(b"", "image/png"),))]))
        > plain + 1_000
    )
    called = Message(Role.ASSISTANT, "", tool_calls=(ToolCall("1", "find", {"what": "x" * 300}),))
    assert estimate_tokens(Prompt([*said, called])) > plain + 100


RULES = "Never name the wizard."


@pytest.mark.parametrize("how", ["complete", "stream"])
@pytest.mark.parametrize(
    "text", ["ሰላም ለሁሉም " * 900, "👩‍👩‍👧👍🏽" * 400, "0123456789" * 900], ids=["ethiopic", "emoji", "digits"]
)
async def test_the_rules_are_never_cut_off(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, text: str
) -> None:
    read: list[str] = []

    def answer(asked: Asked) -> str:
        read.append(asked.system)
        return "Yes."

    ollama.script(answer)
    asked = Prompt([Message(Role.SYSTEM, RULES), Message(Role.USER, text)])
    assert (await ask(provider, how, asked)).text == "Yes."
    assert read == [RULES]


@pytest.mark.parametrize("how", ["complete", "stream"])
@pytest.mark.parametrize(
    "tokens",
    [(2_050, 3), (2_051, 3), (4_096, 3), (4_000, 96)],
    ids=["half", "half-and-one", "full", "filled"],
)
async def test_an_answer_to_a_cut_prompt_is_none(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, tokens: tuple[int, int]
) -> None:
    ollama.script(Answer("Fine.", prompt_tokens=tokens[0], output_tokens=tokens[1]))
    with pytest.raises(
        ContextOverflow, match=r"read only a part of the prompt.*: shorten it, or choose a model"
    ):
        await ask(provider, how, prompt("word " * 1_700, options=Options(max_tokens=500)))


@pytest.mark.parametrize("how", ["complete", "stream"])
@pytest.mark.parametrize("tokens", [(2_048, 3), (2_054, 3), (0, 9), (4_000, 95)])
async def test_an_answer_to_a_whole_prompt_is_one(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, tokens: tuple[int, int]
) -> None:
    ollama.script(Answer("Fine.", prompt_tokens=tokens[0], output_tokens=tokens[1]))
    assert (await ask(provider, how, prompt("word " * 1_000))).text == "Fine."


@pytest.mark.parametrize("words", [600, 1_000], ids=["by its bytes", "by its estimate"])
async def test_a_short_prompt_of_half_the_context_by_chance_was_not_cut(
    ollama: OllamaSandbox, provider: OllamaProvider, words: int
) -> None:
    ollama.script(Answer("Fine.", prompt_tokens=2_050, output_tokens=3))
    assert (await ask(provider, "complete", prompt("word " * words))).text == "Fine."


async def test_what_the_server_cuts_is_noticed(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.llm.ollama.estimate_tokens", lambda _: 100)
    with pytest.raises(ContextOverflow, match="2050 tokens in a context of 4096"):
        await ask(provider, "complete", prompt("word " * 9_000))


@pytest.mark.parametrize(
    ("tokens", "answer", "context", "expected"),
    [
        (10, 100, 131_072, 4_096),
        (3_996, 100, 131_072, 4_096),
        (3_997, 100, 131_072, 8_192),
        (20_000, 1_000, 131_072, 24_576),
        (10, 100, 2_048, 2_048),
        (39_000, 1_000, 40_960, 40_960),
        (2_000_000, 1_000, 3_000_000, 3_000_000),
    ],
)
def test_context_is_the_smallest_step_that_holds_prompt_and_answer(
    tokens: int, answer: int, context: int, expected: int
) -> None:
    assert num_ctx_for("x", tokens, answer, context) == expected


def test_a_prompt_and_answer_beyond_the_context_overflow() -> None:
    assert num_ctx_for("x", 4_000, 96, 4_096) == 4_096
    with pytest.raises(
        ContextOverflow, match="about 4000 tokens and its answer may have 97, but x reads 4096"
    ):
        num_ctx_for("x", 4_000, 97, 4_096)
    assert list(STEPS) == sorted(STEPS)


def test_an_open_context_is_kept_until_its_model_is_unloaded() -> None:
    now = [0.0]
    contexts = OpenContexts(300.0, lambda: now[0])
    assert [contexts.use("a", size) for size in (4_096, 16_384, 4_096)] == [4_096, 16_384, 16_384]
    assert contexts.use("b", 4_096) == 4_096
    now[0] = 299.0
    assert contexts.use("a", 4_096) == 16_384
    now[0] = 599.0
    assert contexts.use("a", 4_096) == 4_096
    forever = OpenContexts(-1, lambda: now[0])
    forever.use("a", 8_192)
    now[0] = 1e9
    assert forever.use("a", 4_096) == 8_192


async def test_a_model_is_loaded_anew_only_for_a_longer_prompt(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    for words in (10, 2_500, 10, 1_000):
        await ask(provider, "complete", prompt("word " * words))
    assert ollama.loads == [("gemma3:27b", 4_096), ("gemma3:27b", 8_192)]
    for body in ollama.bodies():
        said = sum(len(message["content"]) for message in body["messages"])
        assert body["options"]["num_ctx"] >= said // 4 + body["options"]["num_predict"]


async def test_an_owner_may_bound_the_context(ollama: OllamaSandbox) -> None:
    provider = OllamaProvider(ollama.url, max_context=4_096)
    assert (await provider.capabilities("gemma3:27b")).context_tokens == 4_096
    assert (await provider.capabilities("all-minilm")).context_tokens == 512
    with pytest.raises(ContextOverflow):
        await ask(provider, "complete", prompt("word " * 4_000))
    await provider.close()


async def test_thoughts_take_only_the_room_that_is_left(ollama: OllamaSandbox) -> None:
    provider = OllamaProvider(ollama.url, max_context=4_096)
    await ask(provider, "complete", with_options(max_tokens=4_000), model="qwen3:8b")
    options = ollama.bodies()[0]["options"]
    assert options["num_ctx"] == 4_096
    assert 4_000 <= options["num_predict"] < 4_096
    await provider.close()
