"""The language models from start to stop."""

from pathlib import Path
from typing import Any

import pytest

import run
from bot.db.database import Database
from bot.domain.errors import StartupError
from bot.llm.fence import Item
from bot.llm.ollama_sizes import estimate_tokens
from bot.llm.ports import CeilingNotice
from bot.llm.prompts import Prompts, new_canary
from bot.llm.types import Message, Options, Prompt, Role, Task
from bot.services.clock import SystemClock
from bot.services.language import Language
from bot.services.metrics import Metrics
from bot.services.writing import Asked
from bot.settings import Settings
from sandbox.ollama import OllamaSandbox
from tests.conftest import Logged
from tests.services.support import GUILD

CONFIG = Path(run.__file__).parent / "config"
PROMPT = Prompt((Message(Role.USER, "hi"),), options=Options(max_tokens=10))


async def nobody(_notice: CeilingNotice) -> None:
    raise AssertionError("nobody is to be told")


def language(database: Database, config: Path = CONFIG, **llm: object) -> Language:
    settings = Settings.model_validate({"llm": llm})
    return Language(settings, config, database, SystemClock(), Metrics(), nobody)


async def test_what_was_asked_before_the_end_is_written_down(database: Database) -> None:
    async with OllamaSandbox() as ollama:
        made = language(database, provider="ollama", ollama_host=ollama.url)
        made.start()
        answer = await made.models.complete(Task.REPLY, PROMPT, guild_id=GUILD, fallback=lambda: "none")
        assert answer.provider == "ollama"
        await made.close()
        assert ollama.server.open == 0
    assert made.log.depth == 0
    async with database.reading() as tx:
        [row] = await tx.llm_calls.list_latest()
    assert (row.provider, row.outcome, row.guild_id) == ("ollama", "answered", GUILD)


async def test_without_a_provider_the_embedded_answer_is_given_and_written_down(
    database: Database, logged: Logged
) -> None:
    made = language(database)
    made.start()
    assert logged.of("INFO", "Language models: none, embedded mode")
    assert not made.writer.asks(Task.REPLY)
    answer = await made.models.complete(Task.REPLY, PROMPT, guild_id=GUILD, fallback=lambda: "none")
    assert (answer.text, answer.is_embedded) == ("none", True)
    await made.close()
    async with database.reading() as tx:
        assert [row.provider for row in await tx.llm_calls.list_latest()] == ["embedded"]


async def test_a_database_password_that_is_the_bots_name_blocks_no_answer(database: Database) -> None:
    async with OllamaSandbox() as ollama:
        ollama.script("The lookout welcomes everybody.")
        settings = {
            "llm": {"provider": "ollama", "ollama_host": ollama.url},
            "database": {"url": "postgresql://lookout:lookout@db/lookout"},
        }
        made = Language(Settings.model_validate(settings), CONFIG, database, SystemClock(), Metrics(), nobody)
        written = await made.writer.reply(Asked("who is there?", (), "Ada", ("Nobody.",)), GUILD, 10)
        assert written.text == "The lookout welcomes everybody."
        await made.close()


async def test_a_database_that_is_gone_at_the_end_is_told_and_holds_nothing_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    made = language(database)

    async def broken() -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(made.log, "flush", broken)
    await made.close()
    assert logged.of("ERROR", "0 calls of language models could not be written down")


async def test_a_malformed_prompt_ends_the_start(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"rules\.md"):
        language(database, tmp_path)


async def test_ollama_makes_room_for_no_more_than_the_settings_say(database: Database) -> None:
    async with OllamaSandbox(["gemma3:27b"]) as ollama:
        llm = {"provider": "ollama", "ollama_host": ollama.url}
        settings = Settings.model_validate({"llm": llm, "observer": {"max_context_length": 5_000}})
        made = Language(settings, CONFIG, database, SystemClock(), Metrics(), nobody)
        assert (await made.providers["ollama"].capabilities("gemma3:27b")).context_tokens == 5_000
        await made.close()


def test_the_room_there_is_by_default_holds_a_long_talk_in_any_script() -> None:
    talk = [Item("長" * 1_000, "名" * 32)] * 1_000
    words: dict[str, Any] = {"bot": "Lookout", "channel": "x" * 32, "language": "English", "sentences": 6}
    prompt = Prompts(CONFIG / "prompts", new_canary()).render("summarize", messages=talk, **words)
    assert estimate_tokens(prompt) + 2_000 < Settings().observer.max_context_length
