"""Owners are told of ceilings: tried again until it arrives, never twice; what can't arrive is in /status."""

from typing import Any

import pytest

from bot.llm.chain import LanguageModels
from bot.llm.ports import OwnerAway, OwnerUnreachable
from tests.conftest import Logged
from tests.unit.llm.chain_support import GUILD, OTHER_GUILD, Bench, ask, settle

HOUR = 3_600


async def reached(bench: Bench, **ceilings: Any) -> LanguageModels:
    """Return a chain that has just reached its ceiling."""
    llm = bench.chain(bench.provider("openai"), ceilings=ceilings or {"tokens_per_day_guild": 0})
    assert (await bench.clock.run(ask(llm))).is_embedded
    await settle()
    return llm


async def test_an_owner_who_is_away_is_told_later_and_once(bench: Bench, logged: Logged) -> None:
    bench.away = [OwnerAway("Discord is down"), OSError("a fault"), OwnerAway("Discord is down")]
    llm = await reached(bench)
    assert (bench.notices, bench.log.noticed) == ([], set())
    assert llm.untold(GUILD)
    await bench.clock.advance(60 + 120 + 239)
    assert bench.notices == []
    await bench.clock.advance(1)
    assert (len(bench.notices), len(bench.log.noticed)) == (1, 1)
    assert llm.untold(GUILD) == ()
    assert (await bench.clock.run(ask(llm))).is_embedded
    await bench.clock.advance(HOUR)
    assert len(bench.notices) == 1
    assert len(logged.of("WARNING", "can't be told of a ceiling, again in")) == 2
    assert len(logged.of("ERROR", "could not be told of a ceiling")) == 1


async def test_tries_grow_rarer_and_end_with_the_day(bench: Bench, logged: Logged) -> None:
    bench.away = [OwnerAway("Discord is down")] * 100
    llm = await reached(bench)
    await bench.clock.advance(13 * HOUR)
    # At noon, 1, 3, 7, 15, 31 and 63 minutes past it, then hourly until 23:03.
    assert 100 - len(bench.away) == 7 + 10
    assert len(logged.of("WARNING", "was not told of a ceiling before its day ended")) == 1
    assert llm.untold(GUILD) == ()


async def test_closed_direct_messages_are_a_line_in_the_log_and_in_the_status(
    bench: Bench, logged: Logged
) -> None:
    bench.away = [OwnerUnreachable("Cannot send messages to this user")]
    llm = await reached(bench)
    await bench.clock.advance(HOUR)
    assert bench.notices == []
    assert bench.log.noticed == set(), "a restart tries again"
    [text] = llm.untold(GUILD)
    assert "the day's 0 tokens for this server are used up" in text
    assert llm.untold(OTHER_GUILD) == ()
    assert len(logged.of("WARNING", "Cannot send messages to this user")) == 1
    await bench.clock.advance(12 * HOUR)
    assert llm.untold(GUILD) == ()


async def test_the_total_concerns_the_staff_of_every_server(bench: Bench) -> None:
    bench.away = [OwnerUnreachable("closed")]
    llm = await reached(bench, tokens_per_day=0)
    assert llm.untold(GUILD) == llm.untold(OTHER_GUILD) != ()


async def test_an_owner_who_was_told_is_not_told_again_where_that_cannot_be_written_down(
    bench: Bench, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(bench.log, "mark_told", broken)
    await reached(bench)
    await bench.clock.advance(HOUR)
    assert len(bench.notices) == 1
    assert len(logged.of("ERROR", "is not written down")) == 1
