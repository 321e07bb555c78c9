"""Summaries made again, and while what they are made of changes: what is asked and what is kept."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.summaries import Coverage, Span
from bot.models import Watch
from bot.models.types import metadata
from bot.services.summaries.making import ROUNDS
from sandbox.ollama import Asked, OllamaSandbox
from tests.services.summaries.conftest import asked_of
from tests.services.summaries.support import (
    BO,
    DAY,
    GENERAL,
    HELP,
    TODAY,
    Layout,
    Workshop,
    erase,
    message_id,
    said,
    store,
    texts,
)
from tests.services.summaries.test_making import notes_of, quoting, talk, words_shown


async def test_the_same_run_again_asks_nothing(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(400))
    first = await shop.make()
    calls = len(ollama.bodies())
    assert calls >= 5
    assert await shop.make() == first
    assert len(ollama.bodies()) == calls


async def test_a_longer_run_asks_only_about_what_is_new(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(800))
    await shop.make(span=Span(DAY, DAY.replace(hour=15)))  # three quarters of it
    before = notes_of(ollama)
    digest = await shop.make()
    new = notes_of(ollama)[len(before) :]
    known = set(words_shown(before))
    again = [word for word in words_shown(new) if word in known]
    assert digest.coverage == Coverage(800, 800, 2)
    assert set(words_shown(before) + words_shown(new)) == {f"word{number}" for number in range(800)}
    assert len(again) < 120  # the last chunk had room left
    assert len(new) <= 4


async def test_a_deleted_message_costs_one_chunk(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(800))
    await shop.make()
    before = len(notes_of(ollama))
    gone = talk(800)[300]
    await erase(shop.database, gone["message_id"], place_id=gone["place_id"])
    digest = await shop.make()
    assert digest.coverage == Coverage(799, 799, 2)
    assert before >= 8
    assert len(notes_of(ollama)) - before <= 3


async def test_a_week_is_made_of_its_days(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(300))
    yesterday = [said(n, f"past{n} was said", minutes=n - 1_440) for n in range(1, 60)]
    await store(shop.database, *yesterday)
    await shop.make()
    before = len(notes_of(ollama))
    await shop.make(span=Span(DAY.replace(day=27, month=2), TODAY.end))
    [new] = notes_of(ollama)[before:]
    assert {word[:4] for word in words_shown([new])} == {"past"}


async def test_what_is_deleted_while_it_is_written_is_not_told(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *(said(number, f"word{number} was said") for number in range(8)))

    async def answer(asked: Asked) -> dict[str, Any]:
        if len(ollama.bodies()) == 1:
            await erase(shop.database, message_id(3))
        return quoting(asked)

    ollama.script(answer)
    digest = await shop.make(span=TODAY)
    assert "word3 " in asked_of(ollama)[0].prompt
    assert "word3" not in asked_of(ollama)[1].prompt
    assert "word3" not in texts(digest)
    assert "word4" in texts(digest)
    assert digest.coverage == Coverage(7, 7, 1)
    assert "word3" not in await _kept(shop)


async def _kept(shop: Workshop) -> str:
    """Return all that is stored of parts."""
    async with shop.database._engine.connect() as connection:
        rows = (await connection.execute(select(metadata.tables["summary_parts"]))).all()
    return str(rows)


CHANGES = ("edit", "close", "opt out", "ignore")


@pytest.mark.parametrize("change", CHANGES)
async def test_what_changes_while_it_is_written_is_written_anew(
    shop: Workshop, ollama: OllamaSandbox, change: str
) -> None:
    await store(shop.database, *(said(number, f"word{number} was said") for number in range(0, 8, 2)))
    await store(shop.database, *(said(n, f"secret{n} was said", HELP) for n in range(1, 8, 2)))

    async def answer(asked: Asked) -> dict[str, Any]:
        if len(ollama.bodies()) == 1:
            if change == "edit":
                for number in range(1, 8, 2):
                    row = said(number, "another text", HELP)
                    edit = {"key": row["id"], "content": row["content"], "edited_at": DAY}
                    async with shop.database.transaction() as tx:
                        await tx.signals.edit_batch([edit])
            elif change == "close":
                shop.audience.read_from(Layout.open(GENERAL))
            elif change == "opt out":
                shop.collecting.opted_out = lambda _guild, user: user == BO
            else:
                shop.guilds._watch[HELP] = Watch.IGNORE
        return quoting(asked)

    ollama.script(answer)
    digest = await shop.make()
    assert "secret1" in asked_of(ollama)[0].prompt
    assert "secret" not in texts(digest)
    assert "word2" in texts(digest)
    assert ("another text" in texts(digest)) == (change == "edit")
    assert digest.coverage == Coverage(8, 8, 2) if change == "edit" else Coverage(4, 4, 1)
    assert "secret" not in await _kept(shop)


async def test_where_it_never_stands_still_lines_are_picked_of_what_is_left(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, *(said(number, f"word{number} was said") for number in range(8)))

    async def answer(asked: Asked) -> dict[str, Any]:
        await erase(shop.database, message_id(len(ollama.bodies()) - 1))
        return quoting(asked)

    ollama.script(answer)
    digest = await shop.make()
    assert len(ollama.bodies()) == ROUNDS
    left = 8 - ROUNDS
    assert (digest.model, digest.coverage) == (None, Coverage(left, left, 1, extracted=left))
    assert not any(f"word{number} " in texts(digest) for number in range(ROUNDS))
    assert digest.topics
