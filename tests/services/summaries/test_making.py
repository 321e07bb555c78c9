"""Summaries by a model: what it is shown, what of its answer counts, and what is told of the rest."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.summaries import Coverage, Reading
from bot.services.summaries import making, writing
from bot.services.summaries.collecting import Wanted
from bot.services.summaries.making import Manner
from bot.services.summaries.writing import FRUITLESS, PARALLEL
from sandbox.ollama import Asked, OllamaSandbox
from tests.conftest import Logged
from tests.llm.golden_prompts import CANARY
from tests.services.summaries.conftest import CONTEXT, asked_of
from tests.services.summaries.support import (
    BO,
    GENERAL,
    GUILD,
    HELP,
    TODAY,
    Workshop,
    cited,
    claim,
    is_merge,
    message_id,
    noting,
    said,
    seen,
    store,
    texts,
    topic,
    topics,
)


def quoting(asked: Asked) -> dict[str, Any]:
    """Answer with every message, word for word: what a model can tell of what it was shown."""
    if is_merge(asked.system):
        return topics(*(topic("All", claim(each.text, each.number)) for each in seen(asked.prompt)))
    return topics(*(topic(each.text, claim(each.text, each.number)) for each in seen(asked.prompt)))


def talk(count: int, *, first: int = 0, span: float = 1_200) -> list[dict[str, Any]]:
    """So many messages over the day (or as many minutes), in two channels."""
    return [
        said(
            number,
            f"word{number} was said about the export",
            (GENERAL, HELP)[number % 3 == 0],
            minutes=number * span / count,
        )
        for number in range(first, count)
    ]


def notes_of(ollama: OllamaSandbox) -> list[Asked]:
    """Return the calls for notes, the later of two where one was asked to repair its answer."""
    return [each for each in asked_of(ollama) if not is_merge(each.system) and len(each.messages) <= 3]


def words_shown(calls: list[Asked]) -> list[str]:
    return [each.text.split()[0] for call in calls for each in seen(call.prompt)]


async def test_a_claim_without_its_source_is_never_shown(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *(said(number, f"word{number} of the day") for number in range(6)))
    await store(shop.database, said(10_000, "of another day"))
    ollama.script(
        topics(
            topic(
                "Kept",
                claim("rests on two [1, 3]", 1, 3),
                claim("INVENTED", 99),
                claim("HALF invented", 1, 7),
                claim("FORGOTTEN"),
                claim("NEGATIVE", -1),
                claim("ID of a message", message_id(0)),
                decisions=[claim("decided", 2), claim("UNDECIDED", 0)],
                actions=[{"text": "LEFT OUT"}],
                questions=[claim("open", 6)],
            ),
            topic("EMPTY", claim("NOTHING")),
        )
    )
    digest = await shop.make()
    [kept] = digest.topics
    assert [each.text for each in kept.claims] == ["rests on two", "decided", "open"]
    assert kept.sentences[0].message_ids == (message_id(0), message_id(2))
    assert cited(digest.topics) <= {message_id(number) for number in range(6)}
    assert set(digest.sources) == cited(digest.topics)
    assert (digest.model, digest.coverage) == ("small:8k by ollama", Coverage(6, 6, 1))


async def test_notes_that_name_notes_there_are_not_are_left_out(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, *talk(200))

    def answer(asked: Asked) -> dict[str, Any]:
        if not is_merge(asked.system):
            return noting(asked.prompt, asked.system)
        good = claim("rests on a note", 1)
        return topics(topic("Merged", good, claim("INVENTED", 90), claim("FORGOTTEN"), claim("HALF", 1, 90)))

    ollama.script(answer)
    digest = await shop.make()
    assert [each.text for each in digest.topics[0].claims] == ["rests on a note"]
    assert len(digest.topics) == 1
    assert digest.topics[0].sentences[0].message_ids == (message_id(0, 0),)


@pytest.mark.parametrize("count", [pytest.param(600), pytest.param(10_000, marks=pytest.mark.slow)])
async def test_a_busy_day_is_read_whole_by_a_model_that_reads_little(
    shop: Workshop, ollama: OllamaSandbox, count: int
) -> None:
    await store(shop.database, *talk(count))
    digest = await shop.make()
    notes = notes_of(ollama)
    shown = words_shown(notes)
    assert len(shown) == count
    assert set(shown) == {f"word{number}" for number in range(count)}
    assert len(notes) >= count / 120
    assert all(body["options"]["num_ctx"] <= CONTEXT for body in ollama.bodies())
    assert "left out)" not in "".join(each.prompt for each in notes)
    assert (digest.coverage, digest.model) == (Coverage(count, count, 2), "small:8k by ollama")
    assert 1 <= len(digest.topics) <= 5
    assert cited(digest.topics) <= {row["message_id"] for row in talk(count)}


async def test_what_a_model_fails_to_read_is_extracted_and_said_so(
    shop: Workshop, ollama: OllamaSandbox, logged: Logged
) -> None:
    await store(shop.database, *talk(400))

    def answer(asked: Asked) -> Any:
        is_lost = "> word250 " in str(asked.messages) and not is_merge(asked.system)
        return "that is no JSON" if is_lost else noting(asked.prompt, asked.system)

    ollama.script(answer)
    digest = await shop.make()
    [failed] = [each for each in notes_of(ollama) if "> word250 " in each.prompt]
    lost = {int(word.removeprefix("word")) for word in words_shown([failed])}
    assert 20 < len(lost) < 150
    assert digest.coverage == Coverage(400, 400, 2, extracted=len(lost))
    extracts = [each for each in digest.topics if each.is_extract]
    assert cited(extracts) <= {row["message_id"] for n, row in enumerate(talk(400)) if n in lost}
    assert extracts
    assert any(not each.is_extract for each in digest.topics)
    assert logged.of("WARNING", f"{len(lost)} of 400 messages are summarized by extracts")


async def test_a_model_that_never_answers_is_soon_left_alone(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(900))
    ollama.script("that is no JSON")
    digest = await shop.make()
    assert len(ollama.bodies()) <= 2 * (FRUITLESS + PARALLEL)  # each with a second try
    assert (digest.model, digest.coverage) == (None, Coverage(900, 900, 2, extracted=900))
    assert all(each.is_extract for each in digest.topics)
    assert cited(digest.topics)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(topics(topic("Mark", claim(f"the mark is {CANARY}", 1))), "gives away", id="leak"),
        pytest.param(topics(topic("Made up", claim("of nothing", 99))), "rests on nothing", id="no source"),
    ],
)
async def test_an_answer_that_can_not_be_used_is_replaced_by_extracts(
    shop: Workshop, ollama: OllamaSandbox, logged: Logged, bad: dict[str, Any], why: str
) -> None:
    await store(shop.database, *(said(number, f"word{number} was said") for number in range(5)))
    ollama.script(bad)
    digest = await shop.make()
    assert digest.coverage == Coverage(5, 5, 1, extracted=5)
    assert "Made up" not in texts(digest)
    assert CANARY not in texts(digest)
    assert all(each.is_extract for each in digest.topics)
    assert logged.of("WARNING", why)
    async with shop.database.reading() as tx:
        assert await tx.summary_parts.count(GUILD) == 0


async def test_small_talk_is_no_topic_and_was_read_all_the_same(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, said(1, "good morning"), said(2, "hello"))
    ollama.script(topics())
    digest = await shop.make()
    assert (digest.topics, digest.coverage) == ((), Coverage(2, 2, 1))


async def test_where_a_model_names_nothing_of_what_was_said_lines_are_picked(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(
        shop.database,
        said(1, "does the export of large files fail for you too?"),
        said(2, "yes, the export of large files stops at 2 GB for me"),
        said(3, "let's roll the update back then"),
    )
    ollama.script(topics(topic("Exports", claim("They fail.", 999))))
    digest = await shop.make()
    assert "They fail" not in texts(digest)
    assert "roll the update back" in texts(digest)
    assert (digest.model, digest.coverage) == (None, Coverage(3, 3, 1, extracted=3))


async def test_what_leaves_pings_nobody_and_has_no_secret(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, said(2, f"thanks <@{BO}> that helped"), said(3, "fine"))
    ollama.script(topics(topic("@everyone look", claim(f"<@{BO}> and @here <think>hm</think> end", 1))))
    digest = await shop.make()
    [call] = asked_of(ollama)
    assert "> thanks @Bo that helped" in call.prompt
    assert "@everyone" not in texts(digest)
    assert "@here" not in texts(digest)
    assert "<@" not in texts(digest)
    assert "hm" not in texts(digest)


async def test_a_run_makes_so_many_calls_and_no_more(
    shop: Workshop, ollama: OllamaSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(shop.database, *talk(600))
    monkeypatch.setattr(making, "MOST_CALLS", 3)
    digest = await shop.make()
    assert len(ollama.bodies()) == 3
    read = len(words_shown(notes_of(ollama)))
    assert digest.coverage == Coverage(600, 600, 2, extracted=600 - read)


async def test_no_connection_is_held_while_a_model_is_asked(
    shop: Workshop, ollama: OllamaSandbox, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(shop.database, *talk(300))
    monkeypatch.setattr(writing, "PARALLEL", 1)  # else another chunk may just be stored
    held: list[Any] = []

    async def answer(asked: Asked) -> dict[str, Any]:
        held.append(engine.pool.checkedout())  # type: ignore[attr-defined]
        return noting(asked.prompt, asked.system)

    ollama.script(answer)
    await shop.make()
    assert held == [0] * len(ollama.bodies())
    assert len(held) >= 4


async def test_a_message_longer_than_a_model_reads_is_cut_and_counted(
    shop: Workshop, ollama: OllamaSandbox
) -> None:
    await store(shop.database, said(1, "短いです"), said(2, "長" * 4_000), said(3, "終わり"))
    digest = await shop.make()
    assert digest.coverage == Coverage(3, 3, 1)
    assert all(body["options"]["num_ctx"] <= CONTEXT for body in ollama.bodies())
    shown = [each.text for call in notes_of(ollama) for each in seen(call.prompt)]
    assert {each[:1] for each in shown} == {"短", "長", "終"}


async def test_nothing_said_is_nothing_told(shop: Workshop, ollama: OllamaSandbox) -> None:
    digest = await shop.make()
    assert (digest.topics, digest.coverage, digest.model) == ((), Coverage(0, 0, 0), None)
    assert ollama.bodies() == []


async def test_progress_is_told(shop: Workshop, ollama: OllamaSandbox) -> None:
    await store(shop.database, *talk(300))
    told: list[tuple[int, int]] = []
    wanted = Wanted(GUILD, GENERAL, TODAY)
    manner = Manner(Reading.DETAILED, progress=lambda read, total: told.append((read, total)))
    await shop.maker.make(wanted, manner)
    assert told[-1] == (300, 300)
    assert len(told) >= 3
    assert told == sorted(told)
