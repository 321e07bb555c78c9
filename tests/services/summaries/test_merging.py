"""What becomes of notes: nothing is lost on the way, and nothing told twice."""

import pytest

from bot.domain.summaries import Reading
from bot.services.summaries.collecting import Wanted
from bot.services.summaries.making import Manner
from sandbox.ollama import OllamaSandbox
from tests.services.summaries.conftest import asked_of
from tests.services.summaries.support import (
    GENERAL,
    GUILD,
    TODAY,
    Workshop,
    claim,
    erase,
    is_merge,
    message_id,
    noting,
    said,
    store,
    topic,
    topics,
)
from tests.services.summaries.test_making import notes_of, talk

WANTED = Wanted(GUILD, GENERAL, TODAY)


async def test_notes_that_a_model_puts_together_to_nothing_are_told_as_they_are(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, *talk(300))
    ollama.script(lambda asked: topics() if is_merge(asked.system) else noting(asked.prompt, asked.system))
    digest = await shop.make()
    assert digest.model == "small:8k by ollama"
    assert not any(each.is_extract for each in digest.topics)
    assert len(digest.topics) == len(notes_of(ollama)) > 1
    ollama.script(lambda asked: noting(asked.prompt, asked.system))
    again = await shop.make()
    assert again.topics[0].title == "Topic 1", "what came of it once is not kept"


async def test_what_a_model_says_twice_is_told_once(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *(said(number, f"word{number} was said") for number in range(4)))
    ollama.script(
        topics(
            topic("First", claim("The printer works.", 1), claim("the printer works", 1, 2), claim("New", 2)),
            topic("Second", claim("The printer works.", 1)),
            topic("Third", claim("It is blue.", 3), decisions=[claim("It is blue.", 3)]),
        )
    )
    digest = await shop.make()
    told = [(each.title, [claim.text for claim in each.claims]) for each in digest.topics]
    assert told == [("First", ["The printer works.", "New"]), ("Third", ["It is blue."])]
    assert digest.topics[1].decisions


@pytest.mark.parametrize(
    ("manner", "notes_again"),
    [(Manner(language="German"), True), (Manner(Reading.DETAILED), False)],
    ids=["language", "style"],
)
async def test_what_was_made_in_another_manner_is_not_used(
    shop: Workshop, ollama: OllamaSandbox, manner: Manner, notes_again: bool
) -> None:
    await store(shop.database, *talk(200))
    await shop.maker.make(WANTED)
    before, notes = len(asked_of(ollama)), len(notes_of(ollama))
    assert before > notes > 1
    await shop.maker.make(WANTED, manner)
    assert len(notes_of(ollama)) == (2 * notes if notes_again else notes)
    merges = [each for each in asked_of(ollama)[before:] if is_merge(each.system)]
    assert merges
    assert ("German" in merges[-1].system) is notes_again


async def test_another_model_makes_its_own(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, said(1, "word1 was said"))
    await shop.make()
    before = len(asked_of(ollama))
    models = shop.maker._writer.models
    shop.maker._writer.models = Renamed(models)  # type: ignore[assignment]
    await shop.make()
    assert len(asked_of(ollama)) == before + 1


async def test_another_wording_of_the_prompt_is_asked_anew(
    shop: Workshop, ollama: OllamaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(shop.database, said(1, "word1 was said"))
    await shop.make()
    before = len(asked_of(ollama))
    await shop.make()
    assert len(asked_of(ollama)) == before
    monkeypatch.setattr(shop.maker._writer, "wording", lambda name: f"an owner's own {name}")
    await shop.make()
    assert len(asked_of(ollama)) == before + 1


class Renamed:
    """The same models by another name."""

    def __init__(self, models: object) -> None:
        self._models = models

    def __getattr__(self, name: str) -> object:
        return getattr(self._models, name)

    def links(self, _task: object) -> list[str]:
        return ["another"]


async def test_what_was_made_of_a_deleted_message_is_kept_nowhere(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, *talk(300))
    await shop.make()

    async def count() -> int:
        async with shop.database.reading() as tx:
            return await tx.summary_parts.count(GUILD)

    before, notes = await count(), len(notes_of(ollama))
    assert before > notes > 2
    await erase(shop.database, message_id(298, 298 * 4))
    assert await count() == notes - 1, "its chunk's, and all that was put together of it"
