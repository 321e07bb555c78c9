"""The demo's language model: none, a loopback Ollama whose words are scripted, or the owner's own Ollama."""

import json
from enum import StrEnum
from typing import Final

import aiohttp

from bot.demo.errors import DemoError
from bot.domain.errors import StartupError
from bot.settings import LlmSettings, load_settings

TASKS: Final = ("CLASSIFY", "SUMMARIZE", "REPLY", "EXPLAIN", "ROUTE", "CHAT")
MODEL: Final = "llama3.2:3b"  # as the loopback Ollama calls what it plays
LOOK_SECONDS: Final = 0.5  # for an Ollama that may be there
MARK: Final = "(Scripted words: no model wrote them.)"
EXPLAINED: Final = (
    "Language model: a loopback Ollama whose words are scripted."
    " No model writes them, and every text says so."
)
_QUESTION: Final = "The question to answer:"  # of the prompt; before it stands what was said earlier
_SCRIPT: Final = (
    (
        "CSV export",
        "That sounds like the size of the file. Does it work with fewer than 500 lamps at a time?",
    ),
    (
        "403 from the API",
        "A 403 means that the token may not do this. Which rights did you tick when you made it?",
    ),
    (
        "one role see a single channel",
        "Take View Channel from @everyone in that channel, then give it to the role. Which role is it?",
    ),
    ("", "I would ask for the exact words on the screen, and what happened just before."),
)


class Words(StrEnum):
    """Who writes the demo's texts."""

    NONE = "none"
    SCRIPTED = "scripted"
    OLLAMA = "ollama"


def script() -> str:
    """Return the loopback Ollama's rules, as its `--script` takes them."""
    return json.dumps(
        [{"contains": said, "after": _QUESTION, "answer": f"{MARK} {answer}"} for said, answer in _SCRIPT]
    )


def environment_of(words: Words, url: str = "", model: str = MODEL) -> dict[str, str]:
    """Return what makes the demo's bot ask this and nothing else, whatever the owner has set.

    Args:
        words: who writes.
        url: of the Ollama that is asked.
        model: its model.
    """
    # By these names alone, because they go before the others.
    provider, link = ("none", "embedded") if words is Words.NONE else ("ollama", "ollama")
    made = {"LOOKOUT_LLM__PROVIDER": provider}
    made |= {f"LOOKOUT_LLM__CHAINS__{task}": link for task in TASKS}
    if words is not Words.NONE:
        made |= {"LOOKOUT_LLM__OLLAMA_HOST": url, "LOOKOUT_LLM__OLLAMA_MODEL": model}
        made |= {f"LOOKOUT_LLM__MODELS__{task}": model for task in TASKS}
    return made


def settings_of_owner() -> LlmSettings:
    """Return the owner's settings of language models.

    Raises:
        DemoError: they are wrong.
    """
    try:
        return load_settings().llm
    except StartupError as error:
        raise DemoError(str(error)) from None


async def find_ollama() -> str:
    """Return the address where the owner's Ollama answers now, "" where none does."""
    try:
        llm = load_settings().llm
    except StartupError:  # the bot itself will say what is wrong
        return ""
    timeout = aiohttp.ClientTimeout(total=LOOK_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{llm.ollama_host}/api/version") as answer,
        ):
            about = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return ""
    return str(llm.ollama_host) if isinstance(about, dict) and "version" in about else ""


async def require_ollama(llm: LlmSettings) -> str:
    """Return what is said of the owner's Ollama, which answers and has its models.

    Raises:
        DemoError: it doesn't; the text says the fix.
    """
    from bot.llm.ollama import OllamaProvider

    provider = OllamaProvider(str(llm.ollama_host))
    try:
        health = await provider.health([llm.ollama_model])
    finally:
        await provider.close()
    if not health.ok:
        raise DemoError(health.detail)
    return f"Language model: {llm.ollama_model}, by {health.detail}"


def offer(url: str) -> str:
    """Return the line that tells of an Ollama nobody asked for."""
    return f"An Ollama answers at {url}: `python run.py demo --llm ollama` lets its model write."
