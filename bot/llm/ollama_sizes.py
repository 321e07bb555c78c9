"""How much context a prompt needs. Ollama cuts a longer one silently, at its front, where the rules stand."""

import json
import time
from collections.abc import Callable

from bot.llm.errors import ContextOverflow
from bot.llm.types import Prompt

BYTES_PER_TOKEN = 3  # fewer than any usual tokenizer's: about 4 in English, 3 in code and Chinese
MESSAGE_TOKENS = 8  # role and separators
IMAGE_TOKENS = 1_024
# Each other size loads the model anew, so there are few of them.
STEPS = (
    4_096, 8_192, 16_384, 24_576, 32_768, 49_152, 65_536, 98_304, 131_072, 196_608, 262_144,
    524_288, 1_048_576,
)  # fmt: skip


def estimate_tokens(prompt: Prompt) -> int:
    """Return how many tokens a prompt has at the most, its answer not counted."""
    total = 0
    for message in prompt.messages:
        said = message.text + "".join(json.dumps(call.arguments) for call in message.tool_calls)
        total += MESSAGE_TOKENS + len(said.encode()) // BYTES_PER_TOKEN + IMAGE_TOKENS * len(message.images)
    tools = "".join(f"{tool.name} {tool.description} {json.dumps(tool.parameters)}" for tool in prompt.tools)
    return total + len(tools.encode()) // BYTES_PER_TOKEN


def num_ctx_for(model: str, prompt_tokens: int, answer_tokens: int, context_tokens: int) -> int:
    """Return the smallest step that holds prompt and answer, at the most the model's context.

    Raises:
        ContextOverflow: they don't fit.
    """
    needed = prompt_tokens + answer_tokens
    if needed > context_tokens:
        raise ContextOverflow(
            f"the prompt has about {prompt_tokens} tokens and its answer may have {answer_tokens},"
            f" but {model} reads {context_tokens}: shorten it, or choose a model with a larger context"
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
