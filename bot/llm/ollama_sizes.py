"""How much context a prompt needs. Ollama cuts a longer one silently, at its front, where the rules stand."""

import json
import re
import time
from collections.abc import Callable

from bot.llm.errors import ContextOverflow
from bot.llm.types import Prompt, Usage

# What a tokenizer that knows a text badly makes of it, piece by piece: words in threes of letters (prose has
# four and more a token), but from the 13th on, as of capitals, digits and signs, each: base64 has 1.4
# characters a token.
# Letters of European alphabets are one token at most, common Chinese, Japanese and Korean characters two
# (small vocabularies hold a part of them), every other character as many as it has bytes, as in vocabularies
# of 32,000 that hold neither rare scripts nor most emoji.
_PIECE = re.compile(
    r"(?<=[a-z]{12})[a-z]|[A-Za-z][a-z]{0,2}|[^\sA-Za-z\u0530-\U0010ffff]|\s{1,4}(?![A-Za-z])"
)
_COMMON = "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3"  # kana, unified ideographs, Hangul
_EAST_ASIAN = re.compile(f"[{_COMMON}]+")
_RARE = re.compile(f"(?:(?![{_COMMON}])[\u0530-\U0010ffff])+")
MESSAGE_TOKENS = 8  # role and separators
IMAGE_TOKENS = 1_024
CUT_FROM = 0.8  # of the context: what is estimated to be shorter fits into it
KEPT_TOKENS = 5  # of a prompt's beginning, whatever is cut behind them
# Each other size loads the model anew, so there are few of them.
STEPS = (
    4_096, 8_192, 16_384, 24_576, 32_768, 49_152, 65_536, 98_304, 131_072, 196_608, 262_144,
    524_288, 1_048_576,
)  # fmt: skip


def estimate_tokens(prompt: Prompt) -> int:
    """Return how many tokens a prompt has at the most, its answer not counted."""
    return _counted(prompt, tokens_of)


def check_read(model: str, prompt: Prompt, usage: Usage, num_ctx: int) -> None:
    """Look at an answer's counts for signs that Ollama cut the prompt it answers.

    It says so in its log alone. A cut prompt fills the context (older versions), or half of it and the first
    few tokens, which are kept (https://github.com/ollama/ollama/issues/17427). Counts of a prompt that was in
    memory may be lower: such a cut is not seen.

    Raises:
        ContextOverflow: it did.
    """
    over_half = usage.input_tokens - num_ctx // 2
    # A whole prompt may have such a count by chance; one that was too long hasn't an estimate far below.
    is_long = estimate_tokens(prompt) > CUT_FROM * num_ctx and _counted(prompt, _bytes_of) > num_ctx
    halved = 0 < over_half <= KEPT_TOKENS and is_long
    if halved or usage.input_tokens + usage.output_tokens >= num_ctx:
        raise ContextOverflow(
            f"{model} read only a part of the prompt, {usage.input_tokens} tokens in a context of {num_ctx}:"
            " shorten it, or choose a model with a larger context"
        )


def _counted(prompt: Prompt, count: Callable[[str], int]) -> int:
    total = 0
    for message in prompt.messages:
        said = message.text + "".join(json.dumps(call.arguments) for call in message.tool_calls)
        total += MESSAGE_TOKENS + count(said) + IMAGE_TOKENS * len(message.images)
    tools = "".join(f"{tool.name} {tool.description} {json.dumps(tool.parameters)}" for tool in prompt.tools)
    return total + count(tools)


def _bytes_of(text: str) -> int:
    """Return what no tokenizer exceeds."""
    return len(text.encode("utf-8", "replace"))


def tokens_of(text: str) -> int:
    """Return how many tokens a text has at the most, in any vocabulary but a very small one."""
    common = 2 * len("".join(_EAST_ASIAN.findall(text)))
    return len(_PIECE.findall(text)) + common + len("".join(_RARE.findall(text)).encode("utf-8", "replace"))


def num_ctx_for(model: str, prompt_tokens: int, answer_tokens: int, context_tokens: int) -> int:
    """Return the smallest step that holds prompt and answer, at the most the model's context.

    Raises:
        ContextOverflow: they don't fit.
    """
    needed = prompt_tokens + answer_tokens
    if needed > context_tokens:
        raise ContextOverflow(
            f"the prompt has about {prompt_tokens} tokens and its answer may have {answer_tokens},"
            f" but {model} reads {context_tokens}: shorten it, choose a model with a larger context,"
            " or raise observer.max_context_length"
        )
    return min(next((step for step in STEPS if step >= needed), context_tokens), context_tokens)


class OpenContexts:
    """Remembers what context each model is loaded with: another one, even a smaller, would load it anew."""

    def __init__(self, keep_alive: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take for how many seconds after its last use a model stays loaded; below 0 for ever."""
        self._keep_alive = keep_alive
        self._monotonic = monotonic
        self._open: dict[str, tuple[int, float]] = {}  # num_ctx, and until when

    def use(self, model: str, num_ctx: int) -> int:
        """Return the context to ask for: as large as needed, and the open one if that will do."""
        now = self._monotonic()
        size, until = self._open.get(model, (0, now))
        if self._keep_alive < 0 or until > now:
            num_ctx = max(num_ctx, size)
        self._open[model] = (num_ctx, now + self._keep_alive)
        return num_ctx
